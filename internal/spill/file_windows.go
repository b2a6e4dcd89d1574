package spill

import (
	"crypto/rand"
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

// unnamed makes a file that the system deletes with its last handle, however
// the program ends; there are no files without a name.
func unnamed(dir string) (temporary, error) {
	if dir == "" {
		dir = os.TempDir()
	}
	name := filepath.Join(dir, "weighlock-"+rand.Text())
	return os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL|windows.FILE_FLAG_DELETE_ON_CLOSE, 0o600)
}
