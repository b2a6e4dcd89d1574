package lineage

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/weighlock/weighlock/internal/artifact"
)

// FolderDigest is the digest of a folder: the SHA-256 of one line per file,
// `<hex>  <path>\n`, in byte order of the paths, which are relative to the
// folder. So `find . -type f | LC_ALL=C sort | xargs sha256sum | sha256sum`
// gives the same, where the names are plain and the leading ./ is cut off.
//
// It refuses an empty folder, a path named twice, and a name with a line
// break, which could stand for two files.
func FolderDigest(files []File) (string, error) {
	if len(files) == 0 {
		return "", errors.New("the folder holds no file")
	}
	sorted := slices.SortedFunc(slices.Values(files), func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	h := sha256.New()
	for i, f := range sorted {
		if f.Path == "" {
			return "", errors.New("a file without a name")
		}
		if strings.ContainsAny(f.Path, "\n\r") {
			return "", fmt.Errorf("%q: a file name with a line break\nhint: give the file another name", f.Path)
		}
		if i > 0 && sorted[i-1].Path == f.Path {
			return "", fmt.Errorf("%s is named twice", f.Path)
		}
		if !artifact.ValidDigest(f.Digest) {
			return "", fmt.Errorf("%s: %q is no SHA-256 digest", f.Path, f.Digest)
		}
		fmt.Fprintf(h, "%s  %s\n", artifact.Hex(f.Digest), f.Path)
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil)), nil
}
