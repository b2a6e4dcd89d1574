package spill

import (
	"os"

	"golang.org/x/sys/unix"
)

// unnamed makes a file that never had a name. Where the file system cannot, its
// name is taken away.
func unnamed(dir string) (temporary, error) {
	if dir == "" {
		dir = os.TempDir()
	}
	if f, err := os.OpenFile(dir, os.O_RDWR|unix.O_TMPFILE, 0o600); err == nil {
		return f, nil
	}
	return removed(dir)
}
