package report

import (
	"regexp"
	"strings"
	"testing"

	"github.com/weighlock/weighlock/internal/verdict"
)

// readGitHub reads workflow commands as the runner does, line by line.
func readGitHub(t *testing.T, out []byte, r *verdict.Report) {
	kinds := map[string]int{}
	for line := range strings.Lines(string(out)) {
		m := annotationLine.FindStringSubmatch(line)
		if m == nil {
			t.Fatalf("no workflow command: %q", line)
		}
		kinds[m[1]]++
		for _, value := range []string{m[2], m[5], m[6]} {
			if escapes := regexp.MustCompile(`%(25|0D|0A|3A|2C)`); strings.Contains(escapes.ReplaceAllString(value, ""), "%") {
				t.Errorf("a bare %% in %q", value)
			}
		}
	}
	for kind, n := range kinds {
		if n > perKind {
			t.Errorf("%d of kind %s", n, kind)
		}
	}
	if (r.Outcome != verdict.Allow) != (kinds["error"] > 0) || (r.Outcome == verdict.Allow) != (kinds["notice"] == 1) {
		t.Errorf("outcome %s: %v", r.Outcome, kinds)
	}
}

func TestAnnotationIsEscaped(t *testing.T) {
	got := annotation("error", "a,b:c%.yaml", 3, 0, "50%: x,\ny", "50%: x,\r\ny")
	want := "::error file=a%2Cb%3Ac%25.yaml,line=3,title=50%25%3A x%2C%0Ay::50%25: x,%0D%0Ay"
	if got != want {
		t.Errorf("got %s; want %s", got, want)
	}
}

func TestAnnotationsSayHowManyAreNotShown(t *testing.T) {
	var checks []verdict.Check
	for range 30 {
		checks = append(checks, failing())
	}
	out := string(write(t, "github", base(checks...), Options{File: "models/card/weighlock.yaml"}))
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != perKind || !strings.HasPrefix(lines[1], "::error file=models/card/weighlock.yaml,line=35,col=7,title=FAIL evaluation/slices::") ||
		!strings.Contains(lines[perKind-1], "22 more are not shown here") {
		t.Errorf("got:\n%s", out)
	}
}
