package oci

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/weighlock/weighlock/internal/artifact"
)

// layout is an OCI image layout (image-spec, image-layout.md). Writers take an
// exclusive lock and replace files by rename; readers take none, and see the
// state before or after.
//
// Beside what the specification asks for, a folder .weighlock holds the lock,
// files on their way in, and for each subject the list of its referrers (see
// layout_referrers.go). Layouts of other tools have no such folder and are
// read all the same.
type layout struct {
	dir string
	o   Options

	mu       sync.Mutex
	swept    bool
	index    *index            // the last one read
	stamp    stamp             // of the file it was read from
	verified map[string]stamp  // blobs whose content was checked, as they were then
	subjects map[string]string // of manifests that other tools listed, by digest
	known    *knownSet

	unsettled map[string]bool // paths of blobs; see settle

	unknowns  []indexEntry // see unknown
	unknownOf *index
	unknownAt knownState
}

const (
	sideDir      = ".weighlock"
	layoutMarker = `{"imageLayoutVersion":"1.0.0"}`
)

func newLayout(dir string, o Options) *layout {
	return &layout{dir: dir, o: o, verified: map[string]stamp{}, subjects: map[string]string{}, unsettled: map[string]bool{}}
}

func (l *layout) path(parts ...string) string {
	return filepath.Join(append([]string{l.dir}, parts...)...)
}

func (l *layout) blobPath(digest string) string {
	return l.path("blobs", "sha256", artifact.Hex(digest))
}

// stamp tells two states of a file apart. A rename always changes it.
type stamp struct {
	size  int64
	mtime unix.Timespec
	ctime unix.Timespec
	inode uint64
}

func stampOf(f *os.File) (stamp, error) {
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		return stamp{}, &fs.PathError{Op: "stat", Path: f.Name(), Err: err}
	}
	return stamp{st.Size, st.Mtim, st.Ctim, st.Ino}, nil
}

// present says whether the folder is a layout. What looks like one and is of
// another version, or half of one, is an error.
func (l *layout) present() (bool, error) {
	text, err := readSmall(l.path("oci-layout"), 4096)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	var marker struct {
		Version string `json:"imageLayoutVersion"`
	}
	if json.Unmarshal(text, &marker) != nil || marker.Version != "1.0.0" {
		return false, fmt.Errorf("%s: %w: it does not say imageLayoutVersion 1.0.0\nhint: name an empty folder, or a layout of that version", l.path("oci-layout"), ErrIntegrity)
	}
	return true, nil
}

// update makes the folder a layout if need be and runs fn under the lock.
func (l *layout) update(ctx context.Context, fn func() error) error {
	if err := os.MkdirAll(l.path(sideDir, "tmp"), 0o777); err != nil {
		return unwritable(err)
	}
	unlock, err := l.flock(ctx, "lock")
	if err != nil {
		return err
	}
	defer unlock()
	if err := l.create(); err != nil {
		return err
	}
	return fn()
}

func (l *layout) create() error {
	ok, err := l.present()
	if err != nil || ok {
		return err
	}
	switch _, err := l.readIndex(); {
	case errors.Is(err, fs.ErrNotExist):
		if err := os.MkdirAll(l.path("blobs", "sha256"), 0o777); err != nil {
			return unwritable(err)
		}
		if err := l.writeFile("index.json", newIndex().bytes()); err != nil {
			return err
		}
	case err != nil:
		return fmt.Errorf("a file is in the way of a layout: %w\nhint: name an empty folder", err)
	}
	return l.writeFile("oci-layout", []byte(layoutMarker))
}

// flock waits for an exclusive lock. The system drops it with the process, so
// that none is ever stale.
func (l *layout) flock(ctx context.Context, name string) (unlock func(), err error) {
	f, err := os.OpenFile(l.path(sideDir, name), os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, unwritable(err)
	}
	pause, waited := time.Millisecond, time.Duration(0)
	for {
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return func() { f.Close() }, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			f.Close()
			return nil, fmt.Errorf("locking %s: %w", f.Name(), err)
		}
		if waited >= l.o.LockWait {
			f.Close()
			return nil, fmt.Errorf("%s: %w for %s\nhint: wait for the other process, or end it", f.Name(), ErrLocked, waited.Round(time.Second))
		}
		if err := wait(ctx, pause); err != nil {
			f.Close()
			return nil, err
		}
		waited += pause
		pause = min(pause*3/2+time.Microsecond*time.Duration(os.Getpid()%500), 20*time.Millisecond)
	}
}

func (l *layout) lock(ctx context.Context) (func(), error) {
	if err := os.MkdirAll(l.path(sideDir), 0o777); err != nil {
		return nil, unwritable(err)
	}
	return l.flock(ctx, "session.lock")
}

// unwritable says what a person can do about a folder that takes no files.
func unwritable(err error) error {
	switch {
	case errors.Is(err, fs.ErrPermission), errors.Is(err, unix.EROFS):
		return fmt.Errorf("%w\nhint: the folder cannot be written to; choose another, or change its permissions", err)
	case errors.Is(err, unix.ENOSPC), errors.Is(err, unix.EDQUOT), errors.Is(err, unix.EFBIG):
		return fmt.Errorf("%w\nhint: there is no room for the file; nothing of it was kept", err)
	}
	return err
}

// readSmall reads a regular file of at most limit bytes.
func readSmall(path string, limit int64) ([]byte, error) {
	f, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = fmt.Errorf("%s: %w: larger than %d bytes", path, ErrIntegrity, limit)
	}
	return b, err
}

// openRegular opens a file without waiting on a pipe or device in its place.
func openRegular(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	st, err := f.Stat()
	if err == nil && !st.Mode().IsRegular() {
		err = fmt.Errorf("%s: %w: not a regular file", path, ErrIntegrity)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
