package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/weighlock/weighlock/internal/verdict"
)

// JUnit writes the report as JUnit XML, a suite for each rule and before them
// one for the verdict itself, which succeeds only where the outcome is allow.
// What is undecided is a failure; what is waived or does not apply is skipped,
// and says why.
func JUnit(w io.Writer, r *verdict.Report, o Options) error {
	suites := junitSuites{Name: "weighlock " + model(r), Time: "0"}
	seen := map[string]int{}
	suites.add(verdictRule, r, []verdict.Check{whole(r)}, o, seen)
	rules := map[string][]verdict.Check{}
	var order []string
	for _, c := range worstFirst(r) {
		if rules[c.Rule] == nil {
			order = append(order, c.Rule)
		}
		rules[c.Rule] = append(rules[c.Rule], c)
	}
	for _, rule := range order {
		suites.add(rule, r, rules[rule], o, seen)
	}
	text, err := xml.MarshalIndent(suites, "", "  ")
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, xml.Header+string(text)+"\n")
	return err
}

type junitSuites struct {
	XMLName xml.Name `xml:"testsuites"`
	Name    string   `xml:"name,attr"`
	junitCounts
	Time   string       `xml:"time,attr"`
	Suites []junitSuite `xml:"testsuite"`
}

type junitCounts struct {
	Tests    int `xml:"tests,attr"`
	Failures int `xml:"failures,attr"`
	Errors   int `xml:"errors,attr"`
	Skipped  int `xml:"skipped,attr"`
}

type junitSuite struct {
	Name string `xml:"name,attr"`
	junitCounts
	Time      string      `xml:"time,attr"`
	Timestamp string      `xml:"timestamp,attr,omitempty"`
	Cases     []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string     `xml:"classname,attr"`
	Name    string     `xml:"name,attr"`
	File    string     `xml:"file,attr,omitempty"`
	Line    int        `xml:"line,attr,omitempty"`
	Time    string     `xml:"time,attr"`
	Failure *junitSays `xml:"failure"`
	Error   *junitSays `xml:"error"`
	Skipped *junitSays `xml:"skipped"`
	Out     string     `xml:"system-out,omitempty"`
}

type junitSays struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",chardata"`
}

func (s *junitSuites) add(rule string, r *verdict.Report, checks []verdict.Check, o Options, seen map[string]int) {
	suite := junitSuite{Name: Plain(rule), Time: "0", Timestamp: strings.TrimSuffix(Plain(r.Now), "Z")}
	places := newPlaces(r, o)
	for _, c := range checks {
		t := junitTest(c, places)
		if c.Location != nil {
			t.File, t.Line, _ = places.of(c)
		}
		// Readers take two cases of one name for one case.
		if seen[t.Class+"\x00"+t.Name]++; seen[t.Class+"\x00"+t.Name] > 1 {
			t.Name += fmt.Sprintf(" (%d)", seen[t.Class+"\x00"+t.Name])
		}
		suite.count(t)
		suite.Cases = append(suite.Cases, t)
	}
	s.Tests, s.Failures, s.Errors, s.Skipped = s.Tests+suite.Tests, s.Failures+suite.Failures, s.Errors+suite.Errors, s.Skipped+suite.Skipped
	s.Suites = append(s.Suites, suite)
}

func (c *junitCounts) count(t junitCase) {
	c.Tests++
	switch {
	case t.Failure != nil:
		c.Failures++
	case t.Error != nil:
		c.Errors++
	case t.Skipped != nil:
		c.Skipped++
	}
}

func junitTest(c verdict.Check, p places) junitCase {
	t := junitCase{Class: Plain(c.Rule), Name: Plain(clip(c.Item, shortText)), Time: "0"}
	says := &junitSays{Message: Plain(clip(c.Message, longText)), Type: status(c.Status), Text: junitText(c, p)}
	switch c.Status {
	case verdict.Pass, verdict.Warn:
		t.Out = says.Text
	case verdict.NotApplicable, verdict.Waived:
		says.Type = ""
		if c.Waiver != nil {
			says.Message = "waived " + Plain(waived(c.Waiver)) + ": " + says.Message
		}
		t.Skipped = says
	case verdict.Fail, verdict.Undecided:
		t.Failure = says
	default:
		t.Error = says
	}
	return t
}

// junitText is all that is known of a check, a line each.
func junitText(c verdict.Check, p places) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", mark(c.Status), status(c.Status))
	if c.Title != "" {
		fmt.Fprintf(&b, ": %s", Plain(c.Title))
	}
	for _, f := range facts(c, p) {
		fmt.Fprintf(&b, "\n%s", strings.TrimSpace(f.label+" "+Plain(clip(f.text, longText))))
	}
	if c.Status != verdict.Pass && c.Solution != "" {
		fmt.Fprintf(&b, "\nwhat to do: %s", Plain(clip(c.Solution, longText)))
	}
	return b.String()
}
