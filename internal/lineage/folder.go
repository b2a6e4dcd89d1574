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
func FolderDigest(files []File) (string, error) { return listDigest("", files, "the folder") }

// setHead begins what a set's digest is computed of. No table begins so: its
// first byte is not UTF-8, nor the magic of any format. Else a file that holds
// the lines of a set, and has the same SHA-256, could be taken for the set: who
// names the files writes these lines.
const setHead = "\xfffiles\n"

// SetDigest is the digest of files that are read as one table: as FolderDigest,
// with a line before the others of the byte 0xFF and the word files. The paths
// are relative to the folder that is fixed in the set's name, `test` for
// `test/part-*.csv`; their order is that of the rows. So
// `{ printf '\377files\n'; sha256sum part-*.csv; } | sha256sum` in that folder
// gives the same, under LC_ALL=C.
//
// A set of one file has another digest than the file: what is pinned is a set
// where the name in the project file has *, ? or [, and a file where it has
// none, however many files there are.
func SetDigest(files []File) (string, error) { return listDigest(setHead, files, "the set") }

func listDigest(head string, files []File, what string) (string, error) {
	if len(files) == 0 {
		return "", fmt.Errorf("%s holds no file", what)
	}
	sorted := slices.SortedFunc(slices.Values(files), func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	h := sha256.New()
	h.Write([]byte(head))
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
