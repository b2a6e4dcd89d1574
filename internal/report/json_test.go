package report

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weighlock/weighlock/internal/verdict"
)

// readJSON compares what encoding/json reads back with the report, and the
// bytes that are not UTF-8 with what encoding/json makes of them.
func readJSON(t *testing.T, out []byte, r *verdict.Report) {
	var back any
	if err := json.Unmarshal(out, &back); err != nil {
		t.Fatal(err)
	}
	plain, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var want any
	if err := json.Unmarshal(plain, &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, back); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
}
