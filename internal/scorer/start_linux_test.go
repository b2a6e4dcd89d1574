package scorer

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Where the system gives no namespaces the command runs all the same, within
// its limits, and what it could not be kept from is told.
func TestWithoutNamespaces(t *testing.T) {
	c := command(t, "ulimit -v; cat").in(t)
	c.Limits.MemoryMiB = 512
	folder, err := c.folder(func(w io.Writer) error { _, err := io.WriteString(w, rows); return err })
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(folder)
	in, err := os.Open(filepath.Join(folder, rowsFile))
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	var out bytes.Buffer
	got, exit, err := c.confined(t.Context(), folder, in, &out, false)
	if err != nil || exit != 0 {
		t.Fatalf("status %d, %v", exit, err)
	}
	want := &Confinement{Network: "open", Labels: "in_reach", Project: "writable", Memory: "limited", Processes: "group"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("confinement (-want +got):\n%s", diff)
	}
	if want := strconv.Itoa(512*1024) + "\n" + rows; out.String() != want {
		t.Errorf("got %q; want %q", out.String(), want)
	}
}

// in is the command with its defaults filled in, as Run has it.
func (c Command) in(*testing.T) Command {
	c.Limits = c.Limits.Filled()
	return c
}
