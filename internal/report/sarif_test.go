package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
	"github.com/xeipuuv/gojsonschema"

	"github.com/weighlock/weighlock/internal/verdict"
)

// sarifOasis is the OASIS schema of SARIF 2.1.0 (errata 01) as
// github.com/owenrumney/go-sarif/v3 v3.3.1 carries it. It is not exported, and
// that package's own Validate refuses what it has just read (an absent list is
// null there), so it is taken from the source of the package.
var sarifOasis = sync.OnceValues(func() (*gojsonschema.Schema, error) {
	pkg, err := build.Import("github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif", ".", build.FindOnly)
	if err != nil {
		return nil, err
	}
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(pkg.Dir, "schema.go"), nil, 0)
	if err != nil {
		return nil, err
	}
	text := ""
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && spec.Names[0].Name == "schema" {
			text, err = strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		}
		return true
	})
	if err != nil || !strings.Contains(text, `"id": "`+sarifSchema+`"`) {
		return nil, fmt.Errorf("%s has no schema %s: %v", pkg.Dir, sarifSchema, err)
	}
	return gojsonschema.NewSchema(gojsonschema.NewStringLoader(text))
})

func readSARIF(t *testing.T, out []byte, r *verdict.Report) {
	schema, err := sarifOasis()
	if err != nil {
		t.Fatal(err)
	}
	result, err := schema.Validate(gojsonschema.NewBytesLoader(out))
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range result.Errors() {
		t.Error(problem)
	}
	var log sarif.Report
	d := json.NewDecoder(bytes.NewReader(out))
	d.DisallowUnknownFields()
	if err := d.Decode(&log); err != nil {
		t.Fatal(err)
	}
	run := log.Runs[0]
	blocking := takenByGitHub(t, run)
	if (blocking > 0) != (r.Outcome != verdict.Allow) {
		t.Errorf("outcome %s with %d error results", r.Outcome, blocking)
	}
	if call := run.Invocations[0]; *call.ExitCode != r.ExitCode() || *call.ExecutionSuccessful != (r.Outcome.ExitCode() != verdict.ExitBroken) {
		t.Errorf("outcome %s: exit %d, successful %v", r.Outcome, *call.ExitCode, *call.ExecutionSuccessful)
	}
	if cut := len(findings(r, Options{})) > sarifResults; cut != (len(run.Invocations[0].ToolExecutionNotifications) == 1) {
		t.Errorf("results were cut: %v, but the notifications say otherwise", cut)
	}
	waived := verdict.Count(r.Checks)[verdict.Waived]
	if shown := suppressed(run); shown != waived && len(run.Results) < sarifResults {
		t.Errorf("%d suppressions for %d waived checks", shown, waived)
	}
}

// The schema must be able to say no, or the test above proves nothing.
func TestSARIFSchemaRefuses(t *testing.T) {
	schema, err := sarifOasis()
	if err != nil {
		t.Fatal(err)
	}
	good := string(write(t, "sarif", reports()["waived"], Options{}))
	for name, bad := range map[string]string{
		"another version":      strings.Replace(good, `"version": "2.1.0"`, `"version": "2.0.0"`, 1),
		"an unknown level":     strings.Replace(good, `"level": "warning"`, `"level": "fatal"`, 1),
		"line 0":               strings.Replace(good, `"startLine": 35`, `"startLine": 0`, 1),
		"a suppression's kind": strings.Replace(good, `"kind": "external"`, `"kind": "waiver"`, 1),
		"a member of no name":  strings.Replace(good, `"ruleIndex"`, `"ruleIndx"`, 1),
	} {
		if result, err := schema.Validate(gojsonschema.NewStringLoader(bad)); err != nil || result.Valid() || bad == good {
			t.Errorf("%s: accepted (%v)", name, err)
		}
	}
}

var relativeURI = regexp.MustCompile(`^[A-Za-z0-9._~!$&'()*+,;=@%/-][A-Za-z0-9._~!$&'()*+,;=:@%/-]*$`)

// takenByGitHub checks the limits and the members that GitHub's code scanning
// states, and counts the results of level error that nothing suppresses.
func takenByGitHub(t *testing.T, run *sarif.Run) int {
	t.Helper()
	if len(run.Results) > sarifResults {
		t.Errorf("%d results", len(run.Results))
	}
	rules := run.Tool.Driver.Rules
	ids := map[string]bool{}
	for _, rule := range rules {
		if ids[*rule.ID] && !strings.Contains(*rule.ID, "·") && !strings.HasPrefix(*rule.ID, "family/") {
			t.Errorf("the rule %q stands twice", *rule.ID)
		}
		ids[*rule.ID] = true
		if rule.HelpURI == nil || *rule.ShortDescription.Text == "" || *rule.FullDescription.Text == "" || *rule.Help.Text == "" {
			t.Errorf("rule %q lacks words", *rule.ID)
		}
		if tags := rule.Properties.Tags; len(tags) > 20 {
			t.Errorf("%d tags", len(tags))
		}
	}
	blocking, prints := 0, map[string]bool{}
	for _, result := range run.Results {
		if rules[result.RuleIndex] == nil || *rules[result.RuleIndex].ID != *result.RuleID {
			t.Errorf("%q is not the rule at %d", *result.RuleID, result.RuleIndex)
		}
		if n := len(result.Locations); n != 1 {
			t.Fatalf("%d locations", n)
		}
		place := result.Locations[0].PhysicalLocation
		if uri := *place.ArtifactLocation.URI; !relativeURI.MatchString(uri) || strings.Contains(uri, "no file") {
			t.Errorf("the place is %q", uri)
		}
		if *place.Region.StartLine < 1 {
			t.Errorf("line %d", *place.Region.StartLine)
		}
		print := result.PartialFingerprints["primaryLocationLineHash"]
		if prints[print] || !regexp.MustCompile(`^[0-9a-f]{16}:1$`).MatchString(print) {
			t.Errorf("the fingerprint %q is no such, or stands twice", print)
		}
		prints[print] = true
		if result.Level == "error" && len(result.Suppressions) == 0 {
			blocking++
		}
	}
	return blocking
}

func suppressed(run *sarif.Run) int {
	n := 0
	for _, result := range run.Results {
		for _, s := range result.Suppressions {
			if *s.Kind == "external" && *s.Status == "accepted" && s.Justification != nil && strings.HasPrefix(*s.Justification, "waived") {
				n++
			}
		}
	}
	return n
}

// The same rule and place as a document reads them.
func TestSARIFPlacesAndRules(t *testing.T) {
	var log sarifLog
	out := write(t, "sarif", reports()["fail"], Options{File: "models/credit card/weighlock.yaml"})
	if err := json.Unmarshal(out, &log); err != nil {
		t.Fatal(err)
	}
	places := map[string]sarifPhysical{}
	for _, result := range log.Runs[0].Results {
		places[result.Rule+" "+result.Properties["item"].(string)] = result.Locations[0].Physical
	}
	file := sarifArtifact{"models/credit%20card/weighlock.yaml"}
	want := map[string]sarifPhysical{
		"weighlock/verdict card-default":          {file, sarifRegion{Line: 1}},
		"evaluation/slices recall{age=(-inf,25)}": {file, sarifRegion{Line: 35, Col: 7}},
		"evaluation/slices recall{region=north}":  {file, sarifRegion{Line: 35, Col: 7}},
		"evaluation/fairness tpr_difference{sex}": {file, sarifRegion{Line: 41}},
		"trust/single_signer card-default":        {file, sarifRegion{Line: 1}},
	}
	if diff := cmp.Diff(want, places); diff != "" {
		t.Errorf("places (-want +got):\n%s", diff)
	}
	var rules []string
	for _, rule := range log.Runs[0].Tool.Driver.Rules {
		rules = append(rules, rule.ID)
	}
	wantRules := map[string]bool{verdictRule: true}
	for _, c := range reports()["fail"].Checks {
		wantRules[c.Rule] = true
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(wantRules)), rules); diff != "" {
		t.Errorf("rules, of calm checks too (-want +got):\n%s", diff)
	}
}
