package prepush

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/verdict"
)

// Kept is an allowed verdict, as the cache keeps it.
type Kept struct {
	Name     string `json:"name"`  // of the model
	Image    string `json:"image"` // digest
	Level    string `json:"level"`
	Standing string `json:"standing"`
	Warnings int    `json:"warnings"`
}

// entry is one file of the cache.
type entry struct {
	Format int    `json:"format"`
	Dir    string `json:"dir"` // the model's folder, absolute
	Key    Key    `json:"key"`
	Basis  basis  `json:"basis"`
	Kept   Kept   `json:"kept"`
}

const entryFormat = 1

// maxEntry bounds a cache entry, in bytes.
const maxEntry = 16 << 20

// cache keeps allowed verdicts in the git folder, one file per model. It is
// a convenience: what it does not hold is judged, and an entry that is not
// whole counts as none.
type cache struct{ dir string }

func openCache(gitDir string) *cache { return &cache{filepath.Join(gitDir, "weighlock", "pre-push")} }

func (c *cache) path(dir string) string {
	sum := sha256.Sum256([]byte(dir))
	return filepath.Join(c.dir, hex.EncodeToString(sum[:16])+".json")
}

// find is the verdict on a folder that still holds. Where all that it rests
// on has settled since, its entry is written again without digests.
func (c *cache) find(dir string, key Key) (*entry, bool) {
	if !key.known() {
		return nil, false
	}
	text, err := readLimited(c.path(dir), maxEntry)
	if err != nil {
		return nil, false
	}
	e, err := parseEntry(text)
	if err != nil || e.Dir != dir || e.Key != key {
		return nil, false
	}
	holds, digests := e.Basis.holds(dir)
	if digests {
		c.settle(*e)
	}
	return e, holds
}

// settle stamps files anew whose content was just compared. If it cannot, the
// digests stay.
func (c *cache) settle(e entry) {
	now, err := c.now()
	if err != nil {
		return
	}
	files := make([]stamp, len(e.Basis.Files))
	for i, s := range e.Basis.Files {
		name := filepath.Join(e.Dir, filepath.FromSlash(s.Path))
		if info, err := os.Stat(name); err == nil && s.Digest != "" {
			if id, changed, known := identity(info); known && id == s.Identity && settled(changed, now) {
				s.Digest = ""
			}
		}
		files[i] = s
	}
	e.Basis.Files = files
	_ = c.save(e) // only the next run would be quicker
}

// parseEntry reads an entry: a line with the SHA-256 of the rest, then JSON.
func parseEntry(text []byte) (*entry, error) {
	sum, body, ok := bytes.Cut(text, []byte("\n"))
	if !ok || string(sum) != artifact.Digest(body) {
		return nil, errors.New("the cache entry is not whole")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	var e entry
	switch err := d.Decode(&e); {
	case err != nil:
		return nil, err
	case d.More():
		return nil, errors.New("something follows the cache entry")
	case e.Format != entryFormat:
		return nil, fmt.Errorf("the cache entry has format %d, not %d", e.Format, entryFormat)
	case len(e.Basis.Files) == 0 || len(e.Basis.Folders) == 0 || e.Kept.Name == "" || !artifact.ValidDigest(e.Kept.Image):
		return nil, errors.New("the cache entry rests on nothing")
	}
	return &e, nil
}

// save replaces a folder's entry.
func (c *cache) save(e entry) error {
	e.Format = entryFormat
	body, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.dir, 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(c.dir, ".new-*")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, "%s\n%s", artifact.Digest(body), body)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), c.path(e.Dir))
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// now is the file system's own clock, by which its times are to be compared.
func (c *cache) now() (time.Time, error) {
	if err := os.MkdirAll(c.dir, 0o755); err != nil {
		return time.Time{}, err
	}
	f, err := os.CreateTemp(c.dir, ".now-*")
	if err != nil {
		return time.Time{}, err
	}
	info, err := f.Stat()
	f.Close()
	os.Remove(f.Name())
	if err != nil {
		return time.Time{}, err
	}
	return info.ModTime(), nil
}

func readLimited(name string, most int64) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > most {
		return nil, fs.ErrInvalid
	}
	return os.ReadFile(name)
}

// keep is what is kept of a report: only an allowed one is, and none that a
// waiver let through, which may end at any hour.
func keep(r *verdict.Report) (Kept, bool) {
	k := Kept{
		Name: r.Model.Name, Image: r.Model.Digest, Level: r.Level, Standing: r.Standing,
		Warnings: verdict.Count(r.Checks)[verdict.Warn],
	}
	return k, r.Outcome == verdict.Allow && verdict.Count(r.Checks)[verdict.Waived] == 0
}
