//go:build interop

package main

import (
	"os"
	"testing"
)

// TestCosign runs the real cosign v3, which `make interop` builds, on what
// publish leaves in a registry.
func TestCosign(t *testing.T) {
	if os.Getenv("WEIGHLOCK_COSIGN") == "" {
		t.Fatal("WEIGHLOCK_COSIGN does not name cosign; use make interop")
	}
	runScripts(t, "", "testdata/interop/*.txtar")
}
