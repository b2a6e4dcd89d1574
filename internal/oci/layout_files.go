package oci

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// incoming is a file on its way into the layout. It holds a lock on itself
// while its process lives, so that what a killed process left can be told
// from what another is writing.
type incoming struct {
	*os.File
	l *layout
}

func (l *layout) incoming() (*incoming, error) {
	if err := os.MkdirAll(l.path(sideDir, "tmp"), 0o777); err != nil {
		return nil, unwritable(err)
	}
	f, err := os.CreateTemp(l.path(sideDir, "tmp"), "in-")
	if err != nil {
		return nil, unwritable(err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		return nil, errors.Join(err, os.Remove(f.Name()))
	}
	l.sweep(f)
	return &incoming{f, l}, nil
}

func (f *incoming) Write(p []byte) (int, error) {
	n, err := inPieces(f.File, p)
	return n, unwritable(err)
}

// inPieces writes a little at a time. Linux caches a large write in large
// pieces of memory, and a virtual machine has to ask its host for those: a
// file of 2 GiB took between one and six seconds by the megabyte, and 0.7 by
// this.
func inPieces(w io.Writer, p []byte) (written int, err error) {
	const piece = 64 << 10
	for len(p) > 0 && err == nil {
		var n int
		n, err = w.Write(p[:min(len(p), piece)])
		written, p = written+n, p[n:]
	}
	return written, err
}

// place puts the file where it belongs, whole and on the disk, or nowhere.
func (f *incoming) place(path string) error {
	if err := f.Sync(); err != nil {
		f.drop()
		return unwritable(err)
	}
	return f.placeSoon(path)
}

// placeSoon puts the file where it belongs, whole, and leaves it to the
// system when it goes to the disk; see layout.settle.
func (f *incoming) placeSoon(path string) error {
	err := f.Chmod(0o644)
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		f.drop()
		return unwritable(err)
	}
	return f.Close()
}

func (f *incoming) drop() {
	_ = os.Remove(f.Name()) // else the next process sweeps it
	f.Close()
}

// sweepAge is how long a file must have lain before it is taken for a killed
// process's: long enough that no one is between creating and locking it.
const sweepAge = 10 * time.Minute

// sweep removes files that killed processes left. Age is measured by the file
// system's own clock, as the time since mine was made.
func (l *layout) sweep(mine *os.File) {
	l.mu.Lock()
	done := l.swept
	l.swept = true
	l.mu.Unlock()
	now, err := mine.Stat()
	if done || err != nil {
		return
	}
	names, _ := filepath.Glob(l.path(sideDir, "tmp", "in-*"))
	for _, name := range names {
		st, err := os.Lstat(name)
		if err != nil || now.ModTime().Sub(st.ModTime()) < sweepAge {
			continue
		}
		f, err := os.OpenFile(name, os.O_RDWR|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
		if err != nil {
			continue
		}
		if unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil {
			_ = os.Remove(name) // else the next process does
		}
		f.Close()
	}
}

// writeFile replaces a file of the layout.
func (l *layout) writeFile(name string, text []byte) error {
	f, err := l.incoming()
	if err != nil {
		return err
	}
	if _, err := f.Write(text); err != nil {
		f.drop()
		return err
	}
	path := l.path(name)
	if err := f.place(path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes renames in a folder last over a crash of the machine.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
