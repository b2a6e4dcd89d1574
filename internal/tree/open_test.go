package tree

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestOpenWaitsForNothing(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	if err := errors.Join(
		os.WriteFile(in("file"), []byte("text"), 0o600), syscall.Mkfifo(in("pipe"), 0o600),
		os.Symlink("file", in("link")), os.Symlink("/dev/zero", in("zero")),
	); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{".": "a folder, not a file", "pipe": "pipe or socket, not a file", "zero": "a device, pipe", "gone": "no such file"} {
		f, err := Open(in(name))
		if err == nil || f != nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v; want %q", name, err, want)
		}
		if errors.Is(err, ErrNoFile) == errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v is of no kind, or of both", name, err)
		}
	}
	for _, name := range []string{"file", "link"} {
		f, err := Open(in(name))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if b, err := io.ReadAll(f); err != nil || string(b) != "text" {
			t.Errorf("%s: got %q, %v", name, b, err)
		}
	}
}
