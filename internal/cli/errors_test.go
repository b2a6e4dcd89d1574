package cli

import (
	"bufio"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// said is an error text of the program: the text of a call that makes an
// error, and where it stands.
type said struct {
	place string
	text  string
	usage bool // it is one of usage, which a person can act on
}

// makers are the functions that make errors, with the place of the text among
// their arguments.
var makers = map[string]int{"Errorf": 0, "errors.New": 0, "usagef": 0, "wrongf": 0, "faultf": 0, "At": 2, "notYet": 1}

// errorTexts are the error texts of folders of the module.
func errorTexts(t *testing.T, folders ...string) []said {
	t.Helper()
	var all []said
	set, files := sources(t, folders...)
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			c, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			name := calls(c)
			if s, ok := c.Fun.(*ast.SelectorExpr); ok && name == "New" {
				if x, ok := s.X.(*ast.Ident); ok {
					name = x.Name + ".New"
				}
			}
			at, ok := makers[name]
			if !ok || len(c.Args) <= at {
				return true
			}
			text := joined(c.Args[at])
			if text == "" {
				return true
			}
			place := set.Position(c.Pos())
			s := said{place: filepath.ToSlash(strings.TrimPrefix(place.String(), "../../")), text: text, usage: name == "usagef" || name == "wrongf"}
			for _, arg := range c.Args[at+1:] {
				s.usage = s.usage || strings.HasSuffix(named(arg), "rrUsage")
			}
			all = append(all, s)
			return true
		})
	}
	return all
}

// joined is a text that may be written in several parts.
func joined(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		if err != nil {
			return ""
		}
		return text
	case *ast.BinaryExpr:
		return joined(e.X) + joined(e.Y)
	case *ast.CallExpr:
		if calls(e) == "Sprintf" {
			return joined(e.Args[0])
		}
	}
	return ""
}

func named(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

var verb = regexp.MustCompile(`%[-+# 0-9.]*[a-zA-Z]`)

// fragments are the pieces of a text by which a test is known to mention it:
// of the message, hint left out, every run of four words between two values,
// or the whole of what stands between them where that is shorter.
func fragments(text string) []string {
	message, _, _ := strings.Cut(text, "\nhint: ")
	var all []string
	longest := 0
	pieces := verb.Split(strings.ReplaceAll(message, "%%", "\x00"), -1)
	for _, p := range pieces {
		longest = max(longest, len(strings.Fields(p)))
	}
	for _, p := range pieces {
		words := strings.Fields(strings.Trim(strings.ReplaceAll(p, "\x00", "%"), " :;,"))
		n := min(4, longest)
		for i := 0; i+n <= len(words); i++ {
			if run := strings.Join(words[i:i+n], " "); len(run) > 3 {
				all = append(all, run)
			}
		}
	}
	return all
}

// testTexts is all that tests say about output: the texts in Go tests, and the
// patterns and expected files of scripts. What a script says must not be there
// is left out.
func testTexts(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	add := func(text string) {
		all.WriteString(strings.Join(strings.Fields(strings.ReplaceAll(text, `\`, "")), " "))
		all.WriteByte('\n')
	}
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".git" || d.Name() == "demo-out" || d.Name() == ".cache"):
			return fs.SkipDir
		case strings.HasSuffix(path, ".txtar"):
			return patterns(path, add)
		case strings.HasSuffix(path, "_test.go") && filepath.Base(path) != "errors_test.go":
			f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				return err
			}
			ast.Inspect(f, func(n ast.Node) bool {
				if b, ok := n.(*ast.BinaryExpr); ok {
					if text := joined(b); text != "" {
						add(text)
					}
				}
				return true
			})
			literals(f, add)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

func patterns(path string, add func(string)) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	expected := false
	for lines.Scan() {
		line := lines.Text()
		expected = expected || strings.HasPrefix(line, "-- ") && strings.HasSuffix(line, " --")
		if expected || slices.Contains([]string{"stdout", "stderr", "grep"}, strings.SplitN(line, " ", 2)[0]) {
			add(strings.NewReplacer(`\n`, " ", `''`, `'`).Replace(line))
		}
	}
	return lines.Err()
}

// way says whether a text is no message of its own, but where an error was
// met: "reading the id key: %w".
func way(text string) bool { return strings.HasSuffix(text, ": %w") }

// ownRuns leaves, of a text's fragments, those that no other text has; where
// it has none of its own, all of them.
func ownRuns(t *testing.T) func(text string) []string {
	t.Helper()
	texts := map[string]map[string]bool{}
	for _, s := range errorTexts(t, everywhere...) {
		for _, run := range fragments(s.text) {
			if texts[run] == nil {
				texts[run] = map[string]bool{}
			}
			texts[run][s.text] = true
		}
	}
	return func(text string) []string {
		all := fragments(text)
		own := slices.DeleteFunc(slices.Clone(all), func(run string) bool { return len(texts[run]) > 1 })
		if len(own) > 0 {
			return own
		}
		return all
	}
}

// untested are the messages of folders that no test mentions, and how many
// messages and ways there are.
func untested(t *testing.T, tests string, own func(string) []string, folders ...string) (list []said, messages, ways int) {
	t.Helper()
	for _, s := range errorTexts(t, folders...) {
		f := own(s.text)
		switch {
		case len(f) == 0: // only values: another's words
			continue
		case way(s.text):
			ways++
			continue
		}
		messages++
		if !slices.ContainsFunc(f, func(run string) bool { return strings.Contains(tests, run) }) {
			list = append(list, s)
		}
	}
	return list, messages, ways
}

// everywhere is where errors are made: of every message there, a test must
// bring it about.
var everywhere = []string{"internal", "schema", "policies", "cmd"}

// unreached are messages that no test brings about, and why.
var unreached = map[string]string{
	"%s: %s belongs to no package":                                                  "schemas are read from packages only; CUE's API allows for others",
	"cannot be imported":                                                            "a mark to tell errors by; what is printed goes without it",
	"the workflow for %s names no target":                                           "the workflows are part of the program, and another test reads them",
	"the registry does not take a blob in pieces":                                   "a mark to tell errors by; the blob is sent in one piece then",
	"its predictions were not kept in the registry":                                 "publish always keeps them; another program's champion may lack them",
	"%w: the input rebuilt from the evidence is %s, the verdict was given on %s":    "an altered input is found by its digest first",
	"%w: the statement %s, on which the verdict rests, does not count any more: %s": "an altered verifier file is found by its digest first",
	"%w: two %s statements of the same moment disagree: %s and %s":                  "wants two evaluators and one trusted second",
	"%w: result %q stands twice or has no name":                                     "internal/gate tests that it is refused, and not the words",
	"the rule gave no answer":                                                       "a rule that loads has a set of checks, be it empty; without an answer nothing may pass",
}

func TestEveryErrorIsMentionedByATest(t *testing.T) {
	list, messages, ways := untested(t, testTexts(t), ownRuns(t), everywhere...)
	if messages < 500 {
		t.Fatalf("found only %d messages", messages)
	}
	found := map[string]bool{}
	for _, s := range list {
		found[s.text] = true
		if unreached[s.text] == "" {
			t.Errorf("%s: no test mentions %q", s.place, s.text)
		}
	}
	for text := range unreached {
		if !found[text] {
			t.Errorf("%q is mentioned by a test, or is not there any more; take it from the list", text)
		}
	}
	t.Logf("%d messages, of which %d are mentioned by no test; %d texts only say where an error was met", messages, len(list), ways)
}

// TestUsageErrorsSayWhatToDo holds every error of usage to its second line. One
// that only passes another's words on is judged by those.
func TestUsageErrorsSayWhatToDo(t *testing.T) {
	n := 0
	for _, s := range errorTexts(t, everywhere...) {
		if !s.usage || len(fragments(s.text)) == 0 || way(s.text) {
			continue
		}
		n++
		has := strings.Contains(s.text, "\nhint: ") || strings.HasSuffix(s.text, "\n%s") // a hint that is made elsewhere
		if !has {
			t.Errorf("%s: %q has no hint", s.place, s.text)
		}
	}
	if n < 50 {
		t.Fatalf("found only %d errors of usage", n)
	}
}

// TestCollector shows that the collector sees what it is to see.
func TestCollector(t *testing.T) {
	tests := map[string]struct {
		text string
		want []string
	}{
		"runs of four words":       {"%s: the image is of the model %q\nhint: no", []string{"the image is of", "image is of the", "is of the model"}},
		"a short text":             {"no such rule", []string{"no such rule"}},
		"the longest piece counts": {"entry %d of the attempts", []string{"of the attempts"}},
		"values alone":             {"%w: %s", nil},
		"a percent sign":           {"above 100 %% of it", []string{"above 100 % of", "100 % of it"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := fragments(tt.text); !slices.Equal(got, tt.want) {
				t.Errorf("got %q; want %q", got, tt.want)
			}
		})
	}
	script := filepath.Join(t.TempDir(), "x.txtar")
	if err := os.WriteFile(script, []byte("# a comment\nstderr 'said\\. here'\n! stderr 'never said'\nexit 2 weighlock\n-- f --\nexpected\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	var got []string
	if err := patterns(script, func(text string) { got = append(got, text) }); err != nil {
		t.Fatal(err)
	}
	if want := []string{`stderr 'said\. here'`, "-- f --", "expected"}; !slices.Equal(got, want) {
		t.Errorf("patterns: got %q; want %q", got, want)
	}
}
