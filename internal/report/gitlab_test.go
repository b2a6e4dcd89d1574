package report

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/weighlock/weighlock/internal/verdict"
)

// readGitLab checks the fields that the Code Quality format requires.
func readGitLab(t *testing.T, out []byte, r *verdict.Report) {
	var issues []map[string]any
	if err := json.Unmarshal(out, &issues); err != nil {
		t.Fatal(err)
	}
	if issues == nil {
		t.Fatal("null is no report")
	}
	prints, blocking := map[string]bool{}, 0
	for _, i := range issues {
		for _, field := range []string{"description", "check_name", "fingerprint", "severity"} {
			if text, ok := i[field].(string); !ok || text == "" {
				t.Errorf("%s is %v in %v", field, i[field], i)
			}
		}
		place := i["location"].(map[string]any)
		if path := place["path"].(string); path == "" || strings.HasPrefix(path, "./") {
			t.Errorf("path is %q", path)
		}
		if begin := place["lines"].(map[string]any)["begin"].(float64); begin < 1 {
			t.Errorf("begins at line %v", begin)
		}
		print := i["fingerprint"].(string)
		if prints[print] {
			t.Errorf("the fingerprint %s stands twice", print)
		}
		prints[print] = true
		switch i["severity"] {
		case "blocker", "critical", "major":
			blocking++
		case "minor", "info":
		default:
			t.Errorf("severity is %v", i["severity"])
		}
	}
	if (blocking > 0) != (r.Outcome != verdict.Allow) {
		t.Errorf("outcome %s with %d issues that block", r.Outcome, blocking)
	}
}
