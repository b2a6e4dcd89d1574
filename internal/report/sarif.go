package report

import (
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/weighlock/weighlock/internal/verdict"
)

const (
	sarifSchema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
	homePage    = "https://github.com/weighlock/weighlock"
	rulesPage   = homePage + "/blob/main/policies/README.md"

	// sarifResults is how many results of a run GitHub keeps; it refuses a file
	// of more than 25,000.
	// https://docs.github.com/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning
	sarifResults = 5000
)

// SARIF writes the report as SARIF 2.1.0 for code scanning: a result for each
// check that somebody should look at, on the project file's line that it is
// about, and one for a verdict that is not an allow. A waived check is a
// result with a suppression that says by whom, why and until when; readers
// that know no suppressions show it as a warning, never as nothing. Calm
// checks are no results, but their rules are listed, so that a reader can
// close an alert of theirs.
func SARIF(w io.Writer, r *verdict.Report, o Options) error {
	found := findings(r, o)
	rules, index := sarifRules(r, found)
	run := sarifRun{
		Tool:       sarifTool{sarifDriver{Name: "Weighlock", Version: Plain(r.Engine.Version), InformationURI: homePage, Rules: rules}},
		Automation: sarifID{"weighlock/" + Plain(r.Model.Name) + "/"},
		ColumnKind: "unicodeCodePoints",
		Results:    []sarifResult{},
		Properties: map[string]any{"outcome": r.Outcome, "mode": Plain(r.Mode), "level": Plain(r.Level), "standing": Plain(r.Standing), "signing": Plain(r.Signing), "model": Plain(r.Model.Digest), "counts": counts(r.Checks)},
	}
	call := sarifInvocation{Successful: r.Outcome.ExitCode() != verdict.ExitBroken, ExitCode: r.ExitCode(), Description: headline(r)}
	if _, err := time.Parse(time.RFC3339, r.Now); err == nil {
		call.End = r.Now
	}
	if more := len(found) - sarifResults; more > 0 {
		found = found[:sarifResults]
		call.Notifications = []sarifNotification{{"warning", sarifText{fmt.Sprintf("%d more results are left out, the least bad ones, because GitHub keeps %d of a run", more, sarifResults)}}}
	}
	for _, f := range found {
		run.Results = append(run.Results, sarifOne(f, index))
	}
	run.Invocations = []sarifInvocation{call}
	return writeJSON(w, sarifLog{Schema: sarifSchema, Version: "2.1.0", Runs: []sarifRun{run}})
}

// sarifRules lists every rule that was asked, sorted, and the place of each.
func sarifRules(r *verdict.Report, found []finding) ([]sarifRule, map[string]int) {
	asked := map[string]verdict.Check{}
	for _, f := range found {
		if _, ok := asked[f.Rule]; !ok {
			asked[f.Rule] = f.Check
		}
	}
	for _, c := range worstFirst(r) {
		if known, ok := asked[c.Rule]; !ok || known.Solution == "" {
			asked[c.Rule] = c
		}
	}
	rules, index := []sarifRule{}, map[string]int{}
	for i, id := range slices.Sorted(maps.Keys(asked)) {
		index[id] = i
		rules = append(rules, newSarifRule(asked[id]))
	}
	return rules, index
}

func newSarifRule(c verdict.Check) sarifRule {
	id := Plain(c.Rule)
	title := Plain(clip(c.Title, shortText))
	if title == "" {
		title = id
	}
	help := Plain(clip(c.Solution, longText))
	if help == "" {
		help = title
	}
	tags := []string{"machine-learning"}
	if family, _, ok := strings.Cut(id, "/"); ok && family != tags[0] {
		tags = append(tags, family)
	}
	return sarifRule{
		ID: id, Short: sarifText{title}, Full: sarifText{title}, Help: sarifText{help},
		HelpURI: rulesPage + "#" + anchor(id), Default: sarifLevel{"error"},
		Properties: map[string]any{"tags": tags},
	}
}

// anchor is the heading's of a rule in the rules' page.
func anchor(id string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_' || r == '-' {
			return r
		}
		return -1
	}, strings.ToLower(id))
}

func sarifOne(f finding, index map[string]int) sarifResult {
	place := sarifPhysical{sarifArtifact{(&url.URL{Path: f.File}).String()}, sarifRegion{f.Line, f.Col}}
	result := sarifResult{
		Rule: Plain(f.Rule), Index: index[f.Rule], Kind: "fail", Level: sarifSeverity(f.Status),
		Message:   sarifText{annotationText(f)},
		Locations: []sarifLocation{{place, []sarifLogical{{Plain(f.Rule + "{" + f.Item + "}")}}}},
		// GitHub compares the first; the second is for everybody else.
		Prints:     map[string]string{"primaryLocationLineHash": f.Print[:16] + ":1", "weighlock/v1": f.Print},
		Properties: map[string]any{"status": f.Status, "item": Plain(f.Item)},
	}
	if f.Observed != nil {
		result.Properties["observed"] = Plain(observed(f.Check))
	}
	if f.Expected != nil {
		result.Properties["limit"] = Plain(expected(f.Expected))
	}
	if f.Status == verdict.Waived {
		why := "waived"
		if f.Waiver != nil {
			why += " " + waived(f.Waiver)
		}
		result.Suppressions = []sarifSuppression{{"external", "accepted", Plain(clip(why, longText))}}
	}
	return result
}

func sarifSeverity(s verdict.Status) string {
	if s == verdict.Warn || s == verdict.Waived {
		return "warning"
	}
	return "error"
}

type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool        sarifTool         `json:"tool"`
	Automation  sarifID           `json:"automationDetails"`
	Invocations []sarifInvocation `json:"invocations"`
	ColumnKind  string            `json:"columnKind"`
	Results     []sarifResult     `json:"results"`
	Properties  map[string]any    `json:"properties"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name           string      `json:"name"`
	Version        string      `json:"version,omitempty"`
	InformationURI string      `json:"informationUri"`
	Rules          []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID         string         `json:"id"`
	Short      sarifText      `json:"shortDescription"`
	Full       sarifText      `json:"fullDescription"`
	Help       sarifText      `json:"help"`
	HelpURI    string         `json:"helpUri"`
	Default    sarifLevel     `json:"defaultConfiguration"`
	Properties map[string]any `json:"properties"`
}

type sarifInvocation struct {
	Successful    bool                `json:"executionSuccessful"`
	ExitCode      int                 `json:"exitCode"`
	Description   string              `json:"exitCodeDescription"`
	End           string              `json:"endTimeUtc,omitempty"`
	Notifications []sarifNotification `json:"toolExecutionNotifications,omitempty"`
}

type sarifNotification struct {
	Level   string    `json:"level"`
	Message sarifText `json:"message"`
}

type sarifResult struct {
	Rule         string             `json:"ruleId"`
	Index        int                `json:"ruleIndex"`
	Kind         string             `json:"kind"`
	Level        string             `json:"level"`
	Message      sarifText          `json:"message"`
	Locations    []sarifLocation    `json:"locations"`
	Prints       map[string]string  `json:"partialFingerprints"`
	Suppressions []sarifSuppression `json:"suppressions,omitempty"`
	Properties   map[string]any     `json:"properties"`
}

type sarifLocation struct {
	Physical sarifPhysical  `json:"physicalLocation"`
	Logical  []sarifLogical `json:"logicalLocations"`
}

type sarifPhysical struct {
	Artifact sarifArtifact `json:"artifactLocation"`
	Region   sarifRegion   `json:"region"`
}

type sarifRegion struct {
	Line int `json:"startLine"`
	Col  int `json:"startColumn,omitempty"`
}

type sarifSuppression struct {
	Kind          string `json:"kind"`
	Status        string `json:"status"`
	Justification string `json:"justification"`
}

type (
	sarifText struct {
		Text string `json:"text"`
	}
	sarifID struct {
		ID string `json:"id"`
	}
	sarifLevel struct {
		Level string `json:"level"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifLogical struct {
		Name string `json:"fullyQualifiedName"`
	}
)
