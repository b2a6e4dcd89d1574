package report

import (
	"bytes"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/weighlock/weighlock/internal/verdict"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// conformance holds for each form the suffix of its golden files, and what
// reads it back: a real parser, and the rules of who takes the form.
var conformance = map[string]struct {
	suffix string
	read   func(t *testing.T, out []byte, r *verdict.Report)
}{
	"terminal":       {"txt", readTerminal},
	"concise":        {"txt", readConcise},
	"json":           {"json", readJSON},
	"markdown":       {"md", readMarkdown},
	"github-summary": {"md", readGitHubSummary},
	"github":         {"txt", readGitHub},
	"sarif":          {"json", readSARIF},
	"junit":          {"xml", readJUnit},
	"gitlab":         {"json", readGitLab},
	"html":           {"html", readHTML},
}

func TestEveryFormHasAFixture(t *testing.T) {
	if diff := cmp.Diff(Names(), slices.Sorted(maps.Keys(conformance))); diff != "" {
		t.Errorf("forms, and forms that are tried here (-forms +tried):\n%s", diff)
	}
}

func write(t *testing.T, form string, r *verdict.Report, o Options) []byte {
	t.Helper()
	render, err := For(form)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := render(&out, r, o); err != nil {
		t.Fatalf("%s: %v", form, err)
	}
	return out.Bytes()
}

func TestForms(t *testing.T) {
	for _, form := range Names() {
		for name, r := range reports() {
			t.Run(form+" of "+name, func(t *testing.T) {
				before := write(t, "json", r, Options{})
				options := []Options{{}, {All: true, Width: 60, File: "models/card/weighlock.yaml"}}
				if name == "many" {
					options = options[:1]
				}
				for _, o := range options {
					out := write(t, form, r, o)
					if name != "many" && !bytes.Equal(out, write(t, form, r, o)) {
						t.Error("the same report gave other bytes")
					}
					tidy(t, out)
					conformance[form].read(t, out, r)
					honest(t, form, string(out), r)
				}
				if !bytes.Equal(before, write(t, "json", r, Options{})) {
					t.Error("the form changed the report that it was given")
				}
			})
		}
	}
}

// annotationLine is a workflow command of the form github.
var annotationLine = regexp.MustCompile(`^::(error|warning|notice) file=([^:,\r\n]*),line=([1-9][0-9]*)(,col=[1-9][0-9]*)?,title=([^:,\r\n]+)::([^\r\n]+)\n$`)

// tidy holds for the bytes of every form: UTF-8 that ends in a line, without a
// character that could repaint a terminal, and without a line that a CI runner
// takes for a command, but for those of the form github.
func tidy(t *testing.T, out []byte) {
	t.Helper()
	if !utf8.Valid(out) {
		t.Error("not UTF-8")
	}
	if len(out) > 0 && out[len(out)-1] != '\n' {
		t.Error("the last line does not end")
	}
	for _, r := range string(out) {
		if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)) {
			t.Errorf("holds the character %U", r)
			break
		}
	}
	if bytes.Contains(out, []byte("##[")) || bytes.Contains(out, []byte("##vso[")) {
		t.Error("holds a command of a CI runner")
	}
	for line := range strings.Lines(string(out)) {
		if strings.HasPrefix(strings.TrimSpace(line), "::") && !annotationLine.MatchString(line) {
			t.Errorf("a CI runner would obey the line %q", line)
		}
	}
}

var words = map[verdict.Outcome]string{verdict.Allow: "ALLOWED", verdict.Deny: "DENIED", verdict.NotDecided: "UNDECIDED"}

// honest holds for every form: it says the outcome's word and no other's.
func honest(t *testing.T, form, out string, r *verdict.Report) {
	t.Helper()
	if form == "json" {
		return // the report itself: readJSON compares it whole
	}
	out = strings.ReplaceAll(out, "ALLOWED-BY-NAME", "")
	says := words[r.Outcome]
	if says == "" {
		says = "BROKEN"
	}
	silent := r.Outcome == verdict.Allow && form == "gitlab" // no issue is what a clean Code Quality report says
	if !strings.Contains(out, says) && !silent {
		t.Errorf("does not say %s", says)
	}
	if says != "ALLOWED" && (strings.Contains(out, "ALLOWED") || strings.Contains(strings.ToLower(out), "passed")) {
		t.Errorf("says that a model was allowed whose outcome is %s", r.Outcome)
	}
	if r.Outcome == verdict.Allow && (strings.Contains(out, "DENIED") || strings.Contains(out, "BROKEN")) {
		t.Error("says that a model was refused that was allowed")
	}
	observed := r.Mode == verdict.ModeObserve && (r.Outcome == verdict.Deny || r.Outcome == verdict.NotDecided)
	if strings.Contains(out, "would be "+says) != observed {
		t.Errorf("mode %s, outcome %s: says 'would be': %v", r.Mode, r.Outcome, !observed)
	}
}

// What a person needs in order to act stands in every form.
func TestEveryFormIsEnoughToAct(t *testing.T) {
	unescape := strings.NewReplacer(`\_`, "_", `\.`, ".", `\`, "", "&gt;", ">", "&lt;", "<", "&#39;", "'", "&#34;", `"`, "%3A", ":", "%2C", ",", "%0A", "\n", "&#43;", "+")
	place := regexp.MustCompile(`weighlock\.yaml(:|,line=|"[^0-9]*|" line=")35\b`)
	for _, form := range Names() {
		out := unescape.Replace(string(write(t, form, base(failing()), Options{})))
		out = strings.Join(strings.Fields(out), " ")
		for _, want := range []string{"recall{age=(-inf,25)}", "0.3894", "0.3481", "0.4324", "511", "wilson", "0.5", "Find out what the model does not know about these rows."} {
			if !strings.Contains(out, want) {
				t.Errorf("%s does not say %q:\n%s", form, want, out)
			}
		}
		if !place.MatchString(out) {
			t.Errorf("%s does not say weighlock.yaml and 35:\n%s", form, out)
		}
	}
}

func TestEveryFormShowsAWaiver(t *testing.T) {
	for _, form := range Names() {
		out := string(write(t, form, base(append(passing(), waivedCheck())...), Options{}))
		for _, want := range []string{"aived", "risk", "no loans are given in the north until May", "2027", "recall{region=north}"} {
			if !strings.Contains(strings.Join(strings.Fields(out), " "), want) {
				t.Errorf("%s does not say %q of a waiver:\n%s", form, want, out)
			}
		}
	}
}

func TestGolden(t *testing.T) {
	all := reports()
	for _, form := range Names() {
		for _, name := range []string{"pass", "fail", "waived", "undecided", "error", "observe"} {
			file := filepath.Join("testdata", form, name+"."+conformance[form].suffix)
			got := write(t, form, all[name], Options{})
			if *update {
				if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("%s (-want +got; -update rewrites it):\n%s", file, diff)
			}
		}
	}
}
