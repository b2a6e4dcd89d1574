package gate

import (
	"errors"
	"testing"

	"github.com/weighlock/weighlock/internal/pack"
)

// What was looked into and what was packed must be the same bytes.
func TestImageHoldsWhatWasRead(t *testing.T) {
	w := &Workspace{Files: []ModelFile{{ID: "a.json", Digest: modelA}, {ID: "b.json", Digest: modelB}}}
	a, b := pack.FileInfo{Path: "a.json", Digest: modelA}, pack.FileInfo{Path: "b.json", Digest: modelB}
	rewritten := pack.FileInfo{Path: "b.json", Digest: predsA}
	renamed := pack.FileInfo{Path: "c.json", Digest: modelB}
	for name, c := range map[string]struct {
		files []pack.FileInfo
		ok    bool
	}{
		"the same files":    {[]pack.FileInfo{a, b}, true},
		"one was rewritten": {[]pack.FileInfo{a, rewritten}, false},
		"one is missing":    {[]pack.FileInfo{a}, false},
		"one was renamed":   {[]pack.FileInfo{a, renamed}, false},
		"one more":          {[]pack.FileInfo{a, b, renamed}, false},
	} {
		err := w.Holds(&pack.Image{Files: c.files})
		if (err == nil) != c.ok || err != nil && !errors.Is(err, ErrIntegrity) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
