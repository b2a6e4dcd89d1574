package schema

import (
	"bytes"
	"io/fs"
	"os"
	"strings"
	"testing"

	"cuelang.org/go/cue/format"
)

func TestFormatted(t *testing.T) {
	fs.WalkDir(FS, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(p, ".cue") { return err }
		b, _ := FS.ReadFile(p)
		f, err := format.Source(b)
		if err != nil { t.Errorf("%s: %v", p, err); return nil }
		if !bytes.Equal(b, f) {
			t.Errorf("%s is not formatted", p)
			if os.Getenv("WRITE") != "" { os.WriteFile(p, f, 0o644) }
		}
		return nil
	})
}
