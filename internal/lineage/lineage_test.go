package lineage

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/canonical"
	"github.com/weighlock/weighlock/internal/table"
)

var someDigest = artifact.Digest([]byte("x"))

func whole() *Lineage {
	dirty, files := true, 3
	return &Lineage{
		Model: Model{Name: "card-default"}, Run: "0123456789abcdef0123456789abcdef", Grade: GradeComputed,
		Started: "2026-11-20T10:00:00Z", Ended: "2026-11-20T10:05:00Z", Command: []string{"python", "train.py"},
		Code:     Code{Status: Known, Repository: "https://git.example/acme/card.git", Commit: strings.Repeat("a", 40), Dirty: &dirty, Changes: someDigest},
		Inputs:   []Input{{Name: "train", Path: "train", Digest: someDigest, Size: 12, Files: &files, URI: "lakefs://data/" + strings.Repeat("b", 64) + "/train"}},
		Outputs:  []File{{Path: "model.joblib", Digest: someDigest, Size: 9, Role: "model"}},
		Packages: Packages{Status: Listed, List: []Package{{Ecosystem: "pypi", Name: "numpy", Version: "1.26.4"}}},
		Environment: Environment{OS: "linux", Arch: "amd64", CPU: "one", Cores: 2, Memory: 1 << 30, GPUs: []string{},
			Image: "ghcr.io/acme/train@" + someDigest},
		Seeds: map[string]string{"numpy": "7"}, Parameters: map[string]string{"depth": "3"},
		Trigger: &Trigger{Kind: "push", URL: "https://ci.example/1"}, Tracker: &Tracker{Name: "mlflow", Run: "r1"},
		Parents:    []Parent{{Name: "base", Digest: someDigest}},
		Transforms: []Transform{{Name: "clean", Inputs: []string{someDigest}, Outputs: []string{someDigest}, Code: "clean.py", Owner: "data"}},
	}
}

func TestWhatIsWrittenIsReadBack(t *testing.T) {
	want := whole()
	text, err := want.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	got, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestRefusedLineages(t *testing.T) {
	const version = "\nhint: name the commit or the SHA-256 behind it, as in name@sha256:<64 hexadecimal digits>"
	for name, c := range map[string]struct {
		spoil func(*Lineage)
		want  string
	}{
		"an end before the start":     {func(l *Lineage) { l.Ended = "2026-11-20T09:59:59Z" }, "ended 2026-11-20T09:59:59Z is before started 2026-11-20T10:00:00Z"},
		"a month that does not exist": {func(l *Lineage) { l.Started = "2026-13-20T09:59:59Z" }, `started: parsing time "2026-13-20T09:59:59Z": month out of range`},
		"a day that does not exist":   {func(l *Lineage) { l.Ended = "2026-02-30T09:59:59Z" }, `ended: parsing time "2026-02-30T09:59:59Z": day out of range`},
		"an image by tag":             {func(l *Lineage) { l.Environment.Image = "ghcr.io/acme/train:latest" }, `environment.image: found text "ghcr.io/acme/train:latest", expected text that matches @sha256:[0-9a-f]{64}$`},
		"an image with a space":       {func(l *Lineage) { l.Environment.Image = "my train@" + someDigest }, `image "my train@` + someDigest + `" is not named by digest: the reference can move` + "\nhint: write it as name@sha256:<64 hexadecimal digits>"},
		"data by branch":              {func(l *Lineage) { l.Inputs[0].URI = "lakefs://data/main/train" }, "inputs[0].uri: lakefs://data/main/train names no version: the reference can move" + version},
		"no command":                  {func(l *Lineage) { l.Command = []string{} }, "command: found an empty list, expected a list with at least one item"},
		"a short commit":              {func(l *Lineage) { l.Code.Commit = "abc123" }, `code.commit: found text "abc123", expected text that matches ^([0-9a-f]{40}|[0-9a-f]{64})$`},
		"a path that leaves":          {func(l *Lineage) { l.Outputs[0].Path = "../model" }, `outputs[0].path: found text "../model", expected a relative path inside the project, with forward slashes`},
		"a negative size":             {func(l *Lineage) { l.Outputs[0].Size = -1 }, "outputs[0].size: found number -1, expected a whole number of at least 0"},
		"an unknown grade":            {func(l *Lineage) { l.Grade = "certain" }, `grade: found text "certain", expected one of claimed, computed, rescored`},
		"a text beyond all measure":   {func(l *Lineage) { l.Command = []string{strings.Repeat("x", maxSize)} }, "it has 16778776 bytes, and no more than 16777216 are read"},
	} {
		t.Run(name, func(t *testing.T) {
			l := whole()
			c.spoil(l)
			text, err := l.Canonical()
			if want := "lineage: " + c.want; text != nil || err == nil || err.Error() != want {
				t.Errorf("got %v; want %s", err, want)
			}
		})
	}
}

func TestReferencesThatCannotMove(t *testing.T) {
	commit, sum := strings.Repeat("4f", 20), strings.Repeat("9a", 32)
	for _, ref := range []string{
		"git+https://git.example/acme/card@" + commit,
		"git+https://user@git.example/acme/card@" + commit + "#subdirectory=x",
		"git@git.example:acme/card@" + commit,
		"ghcr.io/acme/data@sha256:" + sum,
		"ghcr.io/acme/data:v1@sha256:" + sum,
		"lakefs://data/" + sum + "/train.parquet",
		"s3://bucket/train.parquet?versionId=3HL4kqtJlcpXroDTDmJ.rmSpXd3dIbrHY",
		"gs://bucket/train.parquet?generation=1712345678901234",
		"dvc://repo/train?md5=" + strings.Repeat("0c", 16) + ".dir",
	} {
		if err := Pinned(ref); err != nil {
			t.Errorf("%s: %v", ref, err)
		}
	}
}

func TestReferencesThatCanMove(t *testing.T) {
	sum := strings.Repeat("9a", 32)
	const move, hint = ": the reference can move", "\nhint: name the commit or the SHA-256 behind it, as in name@sha256:<64 hexadecimal digits>"
	for name, c := range map[string]struct{ ref, want string }{
		"nothing":                       {"", `"" names nothing` + move + hint},
		"only a host":                   {"https://git.example", `"https://git.example" names nothing` + move + hint},
		"an address":                    {"https://git.example/acme/card", "https://git.example/acme/card names no version" + move + hint},
		"latest":                        {"ghcr.io/acme/data:latest", `ghcr.io/acme/data:latest: "latest" is whatever is newest` + move + hint},
		"the head":                      {"git@git.example:acme/card@HEAD", `git@git.example:acme/card@HEAD: "HEAD" is whatever is newest` + move + hint},
		"a tag":                         {"ghcr.io/acme/data:v1.2", `ghcr.io/acme/data:v1.2: "v1.2" is a tag or branch` + move + hint},
		"a branch":                      {"git+https://git.example/acme/card@main", `git+https://git.example/acme/card@main: "main" is a tag or branch` + move + hint},
		"a branch with a slash":         {"git+https://git.example/" + sum + "/card@feature/x", "git+https://git.example/" + sum + `/card@feature/x: "feature/x" is a tag or branch` + move + hint},
		"a short commit":                {"git+https://git.example/acme/card@4f4f4f4", `git+https://git.example/acme/card@4f4f4f4: "4f4f4f4" is a tag or branch` + move + hint},
		"a lakeFS branch":               {"lakefs://data/main/train.parquet", "lakefs://data/main/train.parquet names no version" + move + hint},
		"a W&B alias":                   {"wandb://acme/data/train:latest", `wandb://acme/data/train:latest: "latest" is whatever is newest` + move + hint},
		"an unversioned S3 object":      {"s3://bucket/train.parquet?versionId=null", "s3://bucket/train.parquet?versionId=null names no version" + move + hint},
		"two versions":                  {"s3://bucket/t?versionId=a&versionId=b", "s3://bucket/t?versionId=a&versionId=b names no version" + move + hint},
		"a digest with one digit short": {"ghcr.io/acme/data@sha256:" + sum[1:], "ghcr.io/acme/data@sha256:" + sum[1:] + `: "sha256:` + sum[1:] + `" is a tag or branch` + move + hint},
	} {
		t.Run(name, func(t *testing.T) {
			if err := Pinned(c.ref); !errors.Is(err, ErrMutable) || err.Error() != c.want {
				t.Errorf("Pinned(%q) = %v; want ErrMutable: %s", c.ref, err, c.want)
			}
			want := fmt.Sprintf("image %q is not named by digest: the reference can move\nhint: write it as name@sha256:<64 hexadecimal digits>", c.ref)
			if err := PinnedImage(c.ref); !errors.Is(err, ErrMutable) || err.Error() != want {
				t.Errorf("PinnedImage(%q) = %v; want ErrMutable: %s", c.ref, err, want)
			}
		})
	}
}

func TestFolderDigest(t *testing.T) {
	a, b := File{Path: "a", Digest: artifact.Digest([]byte("1"))}, File{Path: "b/c", Digest: artifact.Digest([]byte("2"))}
	got, err := FolderDigest([]File{b, a})
	if err != nil {
		t.Fatal(err)
	}
	want := artifact.Digest([]byte(artifact.Hex(a.Digest) + "  a\n" + artifact.Hex(b.Digest) + "  b/c\n"))
	if got != want {
		t.Errorf("got %s; want %s", got, want)
	}
	for name, c := range map[string]struct {
		files []File
		want  string
	}{
		"an empty folder":      {nil, "the folder holds no file"},
		"a path twice":         {[]File{a, b, a}, "a is named twice"},
		"a name with a line":   {[]File{{Path: "a\n", Digest: a.Digest}}, `"a\n": a file name with a line break` + "\nhint: give the file another name"},
		"no name":              {[]File{{Digest: a.Digest}}, "a file without a name"},
		"a file without bytes": {[]File{{Path: "a"}}, `a: "" is no SHA-256 digest`},
		"another kind of sum":  {[]File{{Path: "a", Digest: "md5:0c"}}, `a: "md5:0c" is no SHA-256 digest`},
	} {
		if got, err := FolderDigest(c.files); got != "" || err == nil || err.Error() != c.want {
			t.Errorf("%s: got %s, %v; want %s", name, got, err, c.want)
		}
	}
}

// TestSetIsNeverTakenForAFile: who names the files of a set writes the lines
// that its digest is computed of, and could write them so that they are a table.
// No reader takes them for one.
func TestSetIsNeverTakenForAFile(t *testing.T) {
	a, b := File{Path: "a,id,y.csv", Digest: artifact.Digest([]byte("1"))}, File{Path: "b,1,0.csv", Digest: artifact.Digest([]byte("2"))}
	lines := artifact.Hex(a.Digest) + "  a,id,y.csv\n" + artifact.Hex(b.Digest) + "  b,1,0.csv\n"
	got, err := SetDigest([]File{b, a})
	if err != nil {
		t.Fatal(err)
	}
	text := "\xfffiles\n" + lines
	if want := artifact.Digest([]byte(text)); got != want {
		t.Errorf("got %s; want %s", got, want)
	}
	read := func(name, text string) error {
		_, err := table.Read(t.Context(), name, strings.NewReader(text), int64(len(text)), table.Options{})
		return err
	}
	if err := read("test.csv", lines); err != nil {
		t.Errorf("without the first line it is no table, and this test shows nothing: %v", err)
	}
	for _, suffix := range table.Suffixes() {
		var refused *table.Error
		if err := read("test"+suffix, text); !errors.As(err, &refused) {
			t.Errorf("%s: got %v; want it refused", suffix, err)
		}
	}
	one, err := SetDigest([]File{a})
	if err != nil || one == a.Digest {
		t.Errorf("a set of one file: got %s, %v; want another digest than the file's", one, err)
	}
	folder, err := FolderDigest([]File{a, b})
	if err != nil || folder == got {
		t.Errorf("a folder: got %s, %v; want another digest than the set's", folder, err)
	}
	if none, err := SetDigest(nil); none != "" || err == nil || err.Error() != "the set holds no file" {
		t.Errorf("got %s, %v; want an empty set refused", none, err)
	}
}

func FuzzParse(f *testing.F) {
	text, err := canonical.Marshal(whole())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{}`))
	f.Add([]byte(`{"model":{"name":"a"},"model":{"name":"b"}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		l, err := Parse(text)
		if err != nil {
			return
		}
		if _, err := l.Canonical(); err != nil {
			t.Errorf("read, but not written: %v", err)
		}
	})
}

func FuzzPinned(f *testing.F) {
	f.Add("git+https://git.example/acme/card@" + strings.Repeat("4f", 20))
	f.Add("ghcr.io/acme/data@" + someDigest)
	f.Fuzz(func(t *testing.T, ref string) {
		if strings.ContainsAny(ref, "?#") || Pinned(ref) != nil {
			return
		}
		if Pinned(ref+"@main") == nil || Pinned(ref+":latest") == nil {
			t.Errorf("%q: passes with a branch or tag behind it", ref)
		}
	})
}
