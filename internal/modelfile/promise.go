package modelfile

import (
	"bytes"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// neverText are the suffixes of formats that are never UTF-8 text. Those that
// libraries use for text as well, such as .model, .bst, .lgb and .xgb, are not
// among them. A pickle of protocol 0 is no text here: it is known as a pickle.
var neverText = []string{
	".bin", ".cbm", ".ckpt", ".dill", ".gguf", ".h5", ".hdf5", ".joblib", ".keras", ".npy", ".npz", ".onnx", ".pb", ".pickle", ".pkl",
	".pt", ".pth", ".safetensors", ".skops", ".tflite", ".ubj",
	".bz2", ".gz", ".lz4", ".lzma", ".xz", ".z", ".zip", ".zst",
}

// promise holds text against what it stands for: a pointer names another file,
// and a name with the suffix of a binary format a file that this is not.
func (f *file) promise(name string, found *Finding) {
	if said, err := Pointer(f.r, f.size); err != nil {
		*found = broken(found.Format, err)
	} else if said != "" {
		*found = Finding{found.Format, Mistaken, []string{said}}
	} else if suffix := strings.ToLower(path.Ext(name)); slices.Contains(neverText, suffix) {
		*found = Finding{found.Format, Mistaken, []string{fmt.Sprintf("is text, which no %s file is; save the model again, or name the file by what it is", suffix)}}
	}
}

// maxPointer is far more than what Git LFS (1024 bytes) or DVC writes.
const maxPointer = 1 << 16

// lfs is how a pointer of Git LFS begins, by any of the specification's three
// addresses, also where a merge left its mark before it.
// See https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md.
var lfs = regexp.MustCompile(`^(\x{FEFF})?\s*(<{7}[^\n]*\n\s*)?version[ \t]+(https://git-lfs\.github\.com/spec/|https://hawser\.github\.com/spec/|http://git-media\.io/v/)`)

// Pointer says of which tool a file is a pointer, and what fetches the file
// that it stands for; it is empty for a file that is none. A pointer is what is
// in the folder where large files are kept elsewhere and were not fetched.
func Pointer(r io.ReaderAt, size int64) (string, error) {
	if size > maxPointer {
		return "", nil
	}
	b := make([]byte, size)
	if _, err := io.ReadFull(io.NewSectionReader(r, 0, size), b); err != nil {
		return "", err
	}
	switch {
	case lfs.Match(b):
		return "is a Git LFS pointer and not the file itself; run git lfs pull", nil
	case dvc(b):
		return "is a DVC pointer and not the file itself; run dvc pull", nil
	}
	return "", nil
}

// dvc says whether a text is what DVC keeps in a .dvc file: YAML with outs, of
// which each has a digest. See https://dvc.org/doc/user-guide/project-structure/dvc-files.
func dvc(b []byte) bool {
	if !bytes.Contains(b, []byte("outs")) || !bytes.Contains(b, []byte("md5")) {
		return false
	}
	var pointer struct {
		Outs []map[string]any `yaml:"outs"`
	}
	if err := yaml.Unmarshal(b, &pointer); err != nil {
		return false // a table or a text, for all that is known
	}
	return slices.ContainsFunc(pointer.Outs, func(out map[string]any) bool { return out["md5"] != nil })
}
