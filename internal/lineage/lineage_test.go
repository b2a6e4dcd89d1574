package lineage

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/canonical"
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
	for name, c := range map[string]struct {
		spoil func(*Lineage)
		want  string
	}{
		"an end before the start":     {func(l *Lineage) { l.Ended = "2026-11-20T09:59:59Z" }, "ended 2026-11-20T09:59:59Z is before started"},
		"a month that does not exist": {func(l *Lineage) { l.Started = "2026-13-20T09:59:59Z" }, "started"},
		"an image by tag":             {func(l *Lineage) { l.Environment.Image = "ghcr.io/acme/train:latest" }, "image"},
		"data by branch":              {func(l *Lineage) { l.Inputs[0].URI = "lakefs://data/main/train" }, "inputs[0].uri"},
		"no command":                  {func(l *Lineage) { l.Command = []string{} }, "command"},
		"a short commit":              {func(l *Lineage) { l.Code.Commit = "abc123" }, "commit"},
		"a path that leaves":          {func(l *Lineage) { l.Outputs[0].Path = "../model" }, "path"},
		"a negative size":             {func(l *Lineage) { l.Outputs[0].Size = -1 }, "size"},
		"an unknown grade":            {func(l *Lineage) { l.Grade = "certain" }, "grade"},
	} {
		t.Run(name, func(t *testing.T) {
			l := whole()
			c.spoil(l)
			_, err := l.Canonical()
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v; want an error with %q", err, c.want)
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
	for name, ref := range map[string]string{
		"nothing":                       "",
		"only a host":                   "https://git.example",
		"an address":                    "https://git.example/acme/card",
		"latest":                        "ghcr.io/acme/data:latest",
		"a tag":                         "ghcr.io/acme/data:v1.2",
		"a branch":                      "git+https://git.example/acme/card@main",
		"a branch with a slash":         "git+https://git.example/" + sum + "/card@feature/x",
		"a short commit":                "git+https://git.example/acme/card@4f4f4f4",
		"a lakeFS branch":               "lakefs://data/main/train.parquet",
		"a W&B alias":                   "wandb://acme/data/train:latest",
		"an unversioned S3 object":      "s3://bucket/train.parquet?versionId=null",
		"two versions":                  "s3://bucket/t?versionId=a&versionId=b",
		"a digest with one digit short": "ghcr.io/acme/data@sha256:" + sum[1:],
	} {
		t.Run(name, func(t *testing.T) {
			if err := Pinned(ref); !errors.Is(err, ErrMutable) {
				t.Errorf("Pinned(%q) = %v; want ErrMutable", ref, err)
			}
			if err := PinnedImage(ref); !errors.Is(err, ErrMutable) {
				t.Errorf("PinnedImage(%q) = %v; want ErrMutable", ref, err)
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
	for name, files := range map[string][]File{
		"an empty folder":      nil,
		"a path twice":         {a, a},
		"a name with a line":   {{Path: "a\n", Digest: a.Digest}},
		"a file without bytes": {{Path: "a"}},
	} {
		if _, err := FolderDigest(files); err == nil {
			t.Errorf("%s: no error", name)
		}
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
