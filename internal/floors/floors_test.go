package floors

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// TestFloors holds the module against the table.
func TestFloors(t *testing.T) {
	text, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(text), "module "+Module+"\n") {
		t.Fatalf("go.mod does not begin with module %s", Module)
	}
	broken, err := Check(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range broken {
		t.Error(line)
	}
}

func TestCheck(t *testing.T) {
	file := func(imports ...string) *fstest.MapFile {
		text := "package p\n"
		for _, i := range imports {
			text += "import _ \"" + i + "\"\n"
		}
		return &fstest.MapFile{Data: []byte(text)}
	}
	tree := fstest.MapFS{
		"internal/oci/a.go":           file("fmt", Module+"/internal/artifact", "github.com/other/internal/cli"),
		"internal/oci/b.go":           file(Module + "/internal/sign"),
		"internal/oci/b_test.go":      file(Module + "/internal/cli"),
		"internal/oci/testdata/x.go":  file(Module + "/internal/cli"),
		"internal/artifact/a.go":      file(Module + "/internal/gate"),
		"internal/utils/a.go":         file(),
		"internal/gate/a.go":          file(Module + "/internal/helpers"),
		"cmd/weighlock/main.go":       file(Module + "/internal/cli"),
		"examples/deep/train/main.go": file(Module + "/internal/publish"),
		"demo-out/go.mod":             {Data: []byte("module demo\n")},
		"demo-out/train/main.go":      file(Module + "/internal/none"),
		".hidden/a.go":                file(Module + "/internal/none"),
	}
	got, err := Check(tree)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"internal/artifact/a.go (floor 0) imports internal/gate (floor 4)",
		"internal/gate/a.go imports internal/helpers, which has no floor",
		"internal/oci/b.go (floor 2) imports internal/sign (floor 2)",
		"internal/utils has no floor; give it one in internal/floors",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("broken (-want +got):\n%s", diff)
	}
	if _, err := Check(fstest.MapFS{"schema/a.go": {Data: []byte("pack")}}); err == nil {
		t.Error("a file that is not Go was accepted")
	}
}
