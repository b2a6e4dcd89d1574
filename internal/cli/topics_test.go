package cli

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"

	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/modelfile"
	"github.com/weighlock/weighlock/internal/query"
	"github.com/weighlock/weighlock/internal/report"
	"github.com/weighlock/weighlock/internal/sign"
)

// help is what weighlock help TOPIC prints.
func help(t *testing.T, name string) string {
	t.Helper()
	var out, said bytes.Buffer
	if status := Run(t.Context(), Env{Out: &out, Err: &said, Getenv: func(string) string { return "" }}, []string{"help", name}); status != 0 || said.Len() > 0 {
		t.Fatalf("help %s ended with %d: %s", name, status, said.String())
	}
	return out.String()
}

// sources parses the Go files, tests left out, of folders of the module.
func sources(t *testing.T, folders ...string) (*token.FileSet, []*ast.File) {
	t.Helper()
	set := token.NewFileSet()
	var files []*ast.File
	for _, folder := range folders {
		err := filepath.WalkDir(filepath.Join("../..", folder), func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && d.Name() == "testdata":
				return fs.SkipDir
			case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
				return nil
			}
			f, err := parser.ParseFile(set, path, nil, 0)
			files = append(files, f)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return set, files
}

// literals visits the text literals below a node.
func literals(n ast.Node, visit func(text string)) {
	ast.Inspect(n, func(n ast.Node) bool {
		if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
			if text, err := strconv.Unquote(l.Value); err == nil {
				visit(text)
			}
		}
		return true
	})
}

var (
	variable = regexp.MustCompile(`^([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)=?$`)
	word     = regexp.MustCompile(`^[A-Z]+$`)
)

// calls is the last name of what is called: Getenv of a.env.Getenv.
func calls(c *ast.CallExpr) string {
	switch f := c.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}

// variables are the names of environment variables in the code: texts that
// look like one, and whatever else is given to a function that reads one.
func variables(t *testing.T) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	_, files := sources(t, "internal", "cmd")
	for _, f := range files {
		reads := []string{"Getenv", "getenv", "LookupEnv", "Environ", "get"}
		if f.Name.Name != "modelfile" { // whose words in capitals are those of file formats
			literals(f, func(text string) {
				if m := variable.FindStringSubmatch(text); m != nil {
					found[m[1]] = true
				}
			})
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if c, ok := n.(*ast.CallExpr); ok && slices.Contains(reads, calls(c)) {
				for _, arg := range c.Args {
					literals(arg, func(text string) {
						if word.MatchString(text) {
							found[text] = true
						}
					})
				}
			}
			return true
		})
	}
	return found
}

// byLibraries are variables that libraries read: net/http's proxies, and
// crypto/x509's roots.
var byLibraries = []string{"SSL_CERT_FILE", "SSL_CERT_DIR", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"}

// notRead are names in the code of variables that are set for git, or named in
// what is printed.
var notRead = []string{"GIT_NO_LAZY_FETCH", "GIT_ALLOW_PROTOCOL", "GIT_OPTIONAL_LOCKS", "GIT_TERMINAL_PROMPT", "GIT_NO_REPLACE_OBJECTS"}

func TestEnvironmentTopicNamesEveryVariable(t *testing.T) {
	read := variables(t)
	for _, name := range byLibraries {
		read[name] = true
	}
	for _, name := range notRead {
		delete(read, name)
	}
	named := map[string]bool{}
	for line := range strings.Lines(help(t, "environment")) {
		if !strings.HasPrefix(line, "  ") {
			continue
		}
		for _, w := range strings.Split(strings.TrimSpace(line), ",") {
			name, _, _ := strings.Cut(strings.TrimSpace(w), " ")
			if len(name) > 1 && (variable.MatchString(name) || word.MatchString(name)) {
				named[name] = true
			}
		}
	}
	delete(named, "RFC")
	if diff := cmp.Diff(slices.Sorted(maps.Keys(read)), slices.Sorted(maps.Keys(named))); diff != "" {
		t.Errorf("environment variables (-read by the code +in the topic):\n%s", diff)
	}
}

// TestExitCodesTopicNamesEveryStatus holds the topic, and the table below
// every command's help, against the constants.
func TestExitCodesTopicNamesEveryStatus(t *testing.T) {
	constants := map[string]bool{}
	_, files := sources(t, "internal/verdict")
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			v, ok := n.(*ast.ValueSpec)
			if ok && strings.HasPrefix(v.Names[0].Name, "Exit") {
				constants[v.Values[0].(*ast.BasicLit).Value] = true
			}
			return true
		})
	}
	if len(constants) < 9 {
		t.Fatalf("found only %d statuses", len(constants))
	}
	told := func(text string) map[string]bool {
		found := map[string]bool{}
		for _, m := range regexp.MustCompile(`(?m)^  (\d+) `).FindAllStringSubmatch(text, -1) {
			found[m[1]] = true
		}
		return found
	}
	text := help(t, "exit-codes")
	if diff := cmp.Diff(constants, told(text)); diff != "" {
		t.Errorf("statuses (-constants +topic):\n%s", diff)
	}
	_, explained, _ := strings.Cut(text, strings.TrimSpace(exitTable))
	delete(constants, "0")
	delete(constants, "130")
	if diff := cmp.Diff(constants, told(explained)); diff != "" {
		t.Errorf("statuses explained (-constants +topic):\n%s", diff)
	}
	for _, s := range statuses {
		if !told(exitTable)[strconv.Itoa(s.exit)] {
			t.Errorf("status %d of %v is in no table", s.exit, s.err)
		}
	}
}

func TestFormatsTopicNamesEveryForm(t *testing.T) {
	text := help(t, "formats")
	for _, name := range report.Names() {
		if formOf[name] == "" || !regexp.MustCompile(`(?m)^  `+name+` +`+regexp.QuoteMeta(formOf[name])+`$`).MatchString(text) {
			t.Errorf("says nothing about --output %s", name)
		}
	}
	if len(formOf) != len(report.Names()) {
		t.Errorf("describes %d forms; there are %d", len(formOf), len(report.Names()))
	}
	for _, name := range modelfile.Formats() {
		if !strings.Contains(text, name) {
			t.Errorf("does not name the model format %s", name)
		}
	}
	for _, h := range query.Helpers() {
		if !strings.Contains(text, h[0]) {
			t.Errorf("does not name the helper %s", h[0])
		}
	}
}

// TestFormatsTopicNamesEveryCommandThatAnswers holds its list against the
// commands that have --json.
func TestFormatsTopicNamesEveryCommandThatAnswers(t *testing.T) {
	text := help(t, "formats")
	named := regexp.MustCompile(`Answers: ([a-z, ]+) and ([a-z]+) take`).FindStringSubmatch(text)
	if named == nil {
		t.Fatal("there is no list")
	}
	want := append(strings.Split(named[1], ", "), named[2])
	var got []string
	for _, c := range (&app{}).root().Commands() {
		if c.Flags().Lookup("json") != nil {
			got = append(got, c.Name())
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("commands (-in the topic +with --json):\n%s", diff)
	}
}

// TestTrustTopicNamesWhatEachRoleMaySign holds it against sign.RoleFor.
func TestTrustTopicNamesWhatEachRoleMaySign(t *testing.T) {
	lines := map[string]string{}
	for line := range strings.Lines(help(t, "trust")) {
		if fields := strings.Fields(line); strings.HasPrefix(line, "  ") && len(fields) > 1 {
			lines[fields[0]] = " " + strings.Join(strings.Split(strings.Join(fields[1:], " "), ","), " ") + " "
		}
	}
	for _, predicate := range append(artifact.Predicates(), "sign", "vsa") {
		for _, role := range sign.RoleFor(predicate) {
			if predicate == "record" || predicate == "acknowledgement" {
				role = "policy" // whose line says that any role may
			}
			if !strings.Contains(lines[role], " "+predicate+" ") {
				t.Errorf("does not say that %s may sign %s", role, predicate)
			}
		}
	}
}

func TestLevelsTopicHasEveryRule(t *testing.T) {
	text := help(t, "levels")
	for _, want := range []string{
		`(?m)^  RULE +START +RELEASE +REGULATED$`,
		`(?m)^  evaluation/slices +declared +required +required$`,
		`(?m)^  trust/single_signer +- +required +required$`,
		`(?m)^  release +Signed, `,
	} {
		if !regexp.MustCompile(want).MatchString(text) {
			t.Errorf("does not match %s", want)
		}
	}
}

// TestTopicsFitATerminal keeps lines short, but for examples to copy.
func TestTopicsFitATerminal(t *testing.T) {
	for _, topic := range topics() {
		for line := range strings.Lines(help(t, topic.name)) {
			if len([]rune(line)) > 101 && !strings.Contains(line, "weighlock ls") && !strings.Contains(line, "PRE_COMMIT") {
				t.Errorf("%s: %d columns: %s", topic.name, len([]rune(line)), line)
			}
		}
	}
}
