package prepush

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// Key is what a verdict rests on apart from the model's own files. All of it
// must be known, or nothing is kept.
type Key struct {
	Program  string `json:"program"`  // version and file of the program
	Policy   string `json:"policy"`   // digest of the rules
	Verifier string `json:"verifier"` // path and digest of the verifier file; "none" where there is none
	Level    string `json:"level"`    // asked for beside
	Epoch    string `json:"epoch"`    // SOURCE_DATE_EPOCH
	Day      string `json:"day"`      // UTC; keys and verdicts expire
}

func (k Key) known() bool {
	return k.Program != "" && k.Policy != "" && k.Verifier != "" && k.Day != ""
}

// Day is the day of a key, in UTC.
func Day(now time.Time) string { return now.UTC().Format(time.DateOnly) }

// Identity is what the file system says of a file that changes with its
// content; where that is not known, its digest.
func Identity(name string) (string, error) {
	info, err := os.Stat(name)
	if err != nil {
		return "", err
	}
	if id, _, known := identity(info); known {
		return id, nil
	}
	return digest(name)
}

// DigestTree is the digest of all files of a tree, with their names.
func DigestTree(files fs.FS) (string, error) {
	h := sha256.New()
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(files, name)
		fmt.Fprintf(h, "%q %d\n", name, len(text))
		h.Write(text)
		return err
	})
	return "sha256:" + hex.EncodeToString(h.Sum(nil)), err
}
