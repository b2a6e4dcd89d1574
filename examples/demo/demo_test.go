package main

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// TestDemo tells the story as `make demo` does: each command must end with the
// status that the story says, whatever the environment holds.
func TestDemo(t *testing.T) {
	t.Setenv("WEIGHLOCK_VERIFIER", "")
	t.Setenv("WEIGHLOCK_KEY", "of-somebody-else.key")
	dir := t.TempDir()
	bin := filepath.Join(dir, "bin", "weighlock")
	build := exec.Command("go", "build", "-o", bin, "../../cmd/weighlock")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building weighlock: %v\n%s", err, out)
	}
	if err := tell(bin, "..", filepath.Join(dir, "out")); err != nil {
		t.Error(err)
	}
}
