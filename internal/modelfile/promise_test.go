package modelfile

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	lfsPointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n"
	dvcPointer = "outs:\n- md5: a304afb96060aad90176268345e10355\n  size: 37891850\n  hash: md5\n  path: model.joblib\n"
)

// TestWhatANamePromises: the same text passes under one name and not under
// another, and a pointer under none.
func TestWhatANamePromises(t *testing.T) {
	mistaken := func(format, finding string) Finding { return Finding{format, Mistaken, []string{finding}} }
	ofLFS := mistaken("text", "is a Git LFS pointer and not the file itself; run git lfs pull")
	ofDVC := mistaken("text", "is a DVC pointer and not the file itself; run dvc pull")
	text := func(suffix string) string {
		return "is text, which no " + suffix + " file is; save the model again, or name the file by what it is"
	}
	for name, c := range map[string]struct {
		file, b string
		want    Finding
	}{
		"a pointer of Git LFS":                     {"model.joblib", lfsPointer, ofLFS},
		"under the name of a text":                 {"model.json", lfsPointer, ofLFS},
		"under a name without suffix":              {"net/model", lfsPointer, ofLFS},
		"with Windows' line ends and mark":         {"model.onnx", "\uFEFF" + strings.ReplaceAll(lfsPointer, "\n", "\r\n"), ofLFS},
		"of an extension":                          {"model.txt", strings.Replace(lfsPointer, "\noid", "\next-0-foo sha256:00\noid", 1), ofLFS},
		"by the first address":                     {"model.txt", "version http://git-media.io/v/2\noid sha256:00\nsize 1\n", ofLFS},
		"by the second address":                    {"model.txt", "version https://hawser.github.com/spec/v1\noid sha256:00\nsize 1\n", ofLFS},
		"in a merge that was not resolved":         {"model.txt", "<<<<<<< HEAD\n" + lfsPointer + "=======\n" + lfsPointer + ">>>>>>> b\n", ofLFS},
		"cut short":                                {"model.txt", lfsPointer[:45], ofLFS},
		"a pointer of DVC":                         {"model.joblib", dvcPointer, ofDVC},
		"a pointer of DVC under a text's name":     {"model.txt", dvcPointer, ofDVC},
		"a pointer of DVC under its own name":      {"model.joblib.dvc", dvcPointer, ofDVC},
		"of DVC with more before it":               {"model.txt", "# ours\nmd5: 00\nfrozen: true\ndeps:\n- path: a\n  md5: 11\n" + dvcPointer, ofDVC},
		"of DVC as JSON":                           {"model.json", `{"outs":[{"md5":"00","path":"m"}]}`, mistaken("json", ofDVC.Findings[0])},
		"of DVC to a folder":                       {"net", "outs:\n- md5: f437247ec66d73ba66b0ade0246fcb49.dir\n  nfiles: 2\n  path: net\n", ofDVC},
		"a page about pointers":                    {"README.md", "# Model\n\nWithout `git lfs pull` a file is\n\n" + lfsPointer, safe("text")},
		"a page about DVC":                         {"README.md", "# Model\n\nA pointer reads\n" + dvcPointer, safe("text")},
		"YAML with outs that have no digest":       {"model.yaml", "outs: [a, b]\nmd5: 00\n", safe("text")},
		"what DVC keeps of a pipeline":             {"dvc.lock", "schema: '2.0'\nstages:\n  train:\n    outs:\n    - path: m\n      md5: 00\n", safe("text")},
		"a text that is longer than a pointer":     {"vocab.txt", lfsPointer + strings.Repeat("word\n", 1<<14), safe("text")},
		"text as joblib":                           {"model.joblib", "hello\n", mistaken("text", text(".joblib"))},
		"a long text as weights":                   {"weights.bin", strings.Repeat("word\n", 1<<14), mistaken("text", text(".bin"))},
		"a suffix in capitals":                     {"net/MODEL.ONNX", "hello\n", mistaken("text", text(".onnx"))},
		"JSON as UBJSON":                           {"model.ubj", "{}", mistaken("json", text(".ubj"))},
		"the last suffix counts":                   {"model.json.gz", "{}", mistaken("json", text(".gz"))},
		"a text with a binary suffix before":       {"model.joblib.txt", "hello\n", safe("text")},
		"LightGBM's text":                          {"model.lgb", "tree\nversion=v3\n", safe("text")},
		"XGBoost's JSON":                           {"model.xgb", "{}", safe("json")},
		"a pickle of protocol 0, which is UTF-8":   {"model.pkl", "(lp0\nI1\na.", safe("pickle")},
		"a program stays one, whatever its name":   {"model.pkl", "import os\n", unsafe("executable", "is the text of a program")},
		"text that a pickle loader would run":      {"model.pkl", "cos\nsystem\n(S'id'\ntR.", unsafe("pickle", "names os.system, which is not on the list of what a model may load")},
		"bytes of no known format stay unknown":    {"model.onnx", "\x00\xff\xfe\x01", unsafe("unknown", "its format is not known, so what loading it does is not either")},
		"a binary format under another one's name": {"model.onnx", ggufOf(3, 0, 0, ""), safe("gguf")},
	} {
		t.Run(name, func(t *testing.T) {
			got := Inspect(c.file, strings.NewReader(c.b), int64(len(c.b)), nil)
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("want, got:\n%s", d)
			}
		})
	}
}

func TestEveryBinarySuffixRefusesText(t *testing.T) {
	for _, suffix := range neverText {
		got := Inspect("model"+suffix, strings.NewReader("hello\n"), 6, nil)
		want := Finding{"text", Mistaken, []string{"is text, which no " + suffix + " file is; save the model again, or name the file by what it is"}}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("want, got:\n%s", d)
		}
	}
}

// fading is a text that can be read a number of times.
type fading struct {
	text string
	left int
}

var errFaded = errors.New("input/output error")

func (f *fading) ReadAt(b []byte, at int64) (int, error) {
	if f.left--; f.left < 0 {
		return 0, errFaded
	}
	return strings.NewReader(f.text).ReadAt(b, at)
}

func TestAPointerThatCannotBeRead(t *testing.T) {
	if got, err := Pointer(&fading{dvcPointer, 0}, 9); got != "" || !errors.Is(err, errFaded) {
		t.Errorf("got %q, %v; want %v", got, err, errFaded)
	}
	if got, err := Pointer(strings.NewReader("a"), 2); got != "" || err == nil || err.Error() != "unexpected EOF" {
		t.Errorf("got %q, %v; want unexpected EOF", got, err)
	}
}
