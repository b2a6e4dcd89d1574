package tree

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// ErrNoFile says that a name leads to something without a content of its own.
var ErrNoFile = errors.New("not a file")

// Open opens a file for reading. A folder, device, pipe or socket is
// ErrNoFile at once: reading one could wait for ever, or never end.
func Open(name string) (*os.File, error) {
	// A pipe that nobody writes to is opened without waiting for a writer.
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is %s, %w", name, what(info), ErrNoFile)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// what is something that is no regular file, in words.
func what(info os.FileInfo) string {
	if info.IsDir() {
		return "a folder"
	}
	return "a device, pipe or socket"
}
