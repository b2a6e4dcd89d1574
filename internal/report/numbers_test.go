package report

import (
	"encoding/json"
	"io/fs"
	"testing"

	"github.com/open-policy-agent/opa/v1/rego"

	"github.com/weighlock/weighlock/internal/verdict"
	"github.com/weighlock/weighlock/policies"
)

// judged are checks as the policy library's own judge makes them.
func judged(t *testing.T, measure, limit map[string]any, by string) verdict.Check {
	t.Helper()
	text, err := fs.ReadFile(policies.FS, "lib/judge.rego")
	if err != nil {
		t.Fatal(err)
	}
	results, err := rego.New(rego.Module("judge.rego", string(text)), rego.Query("data.weighlock.lib.judge.check(input.item, input.measure, input.limit, input.terms)"), rego.Input(map[string]any{
		"item": "recall", "measure": measure, "limit": limit, "terms": map[string]any{"judge": by, "verb": "is", "too_small": "undecided"},
	})).Eval(t.Context())
	if err != nil || len(results) != 1 {
		t.Fatalf("%v, %v", results, err)
	}
	text, err = json.Marshal(results[0].Expressions[0].Value)
	if err != nil {
		t.Fatal(err)
	}
	var c verdict.Check
	if err := json.Unmarshal(text, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// A number is written in one way, by rules and reports, and told once: what a
// report writes under a message, the message leaves out.
func TestNumbersAreToldOnce(t *testing.T) {
	ok := func(value, low, high float64, n int) map[string]any {
		return map[string]any{"status": "ok", "value": value, "low": low, "high": high, "n": n, "rows": n, "method": "bca"}
	}
	least := func(v float64) map[string]any { return map[string]any{"min": v} }
	most := func(v float64) map[string]any { return map[string]any{"max": v} }
	needed := ok(0.6, 0.55, 0.65, 573)
	needed["needed"] = 812
	endless := ok(0.6, 0.55, 0.65, 573)
	endless["needed"] = 11741776127
	noisy := ok(0.12, 0.01, 0.3, 100)
	noisy["null95"], noisy["needed"] = 0.2, 300
	point := ok(0.5, 0, 0, 573)
	delete(point, "low")
	const short = "the interval's bad end misses the limit: so few rows do not show that the model meets it; "
	for name, tc := range map[string]struct {
		measure, limit                       map[string]any
		by, status, rest, observed, oneLiner string
	}{
		"a pass":                     {ok(0.6, 0.55, 0.65, 573), least(0.5), "bound", "pass", "", "0.6 [0.55, 0.65] n=573 (bca)", "recall is 0.6 [0.55, 0.65] on 573 rows, limit ≥ 0.5 (bca)"},
		"the value misses":           {ok(0.4, 0.35, 0.45, 573), least(0.5), "bound", "fail", "the value itself misses the limit", "0.4 [0.35, 0.45] n=573 (bca)", "recall is 0.4 [0.35, 0.45] on 573 rows, limit ≥ 0.5; the value itself misses the limit (bca)"},
		"the interval misses":        {needed, least(0.58), "bound", "fail", short + "about 812 rows would decide", "0.6 [0.55, 0.65] n=573 (bca)", "recall is 0.6 [0.55, 0.65] on 573 rows, limit ≥ 0.58; " + short + "about 812 rows would decide (bca)"},
		"more rows than anybody has": {endless, least(0.58), "bound", "fail", short + "more than 10 million rows would decide", "0.6 [0.55, 0.65] n=573 (bca)", "recall is 0.6 [0.55, 0.65] on 573 rows, limit ≥ 0.58; " + short + "more than 10 million rows would decide (bca)"},
		"inside the noise":           {noisy, most(0.1), "bound", "undecided", "chance alone reaches 0.2 on so few rows, so the limit lies inside the noise; about 300 rows would decide", "0.12 [0.01, 0.3] n=100 (bca)", ""},
		"two bounds":                 {ok(0.6, 0.55, 0.65, 573), map[string]any{"min": 0.5, "max": 0.7}, "bound", "pass", "", "0.6 [0.55, 0.65] n=573 (bca)", ""},
		"no interval":                {point, least(0.4), "point", "pass", "", "0.5 n=573 (bca)", ""},
		"many digits":                {ok(0.5263157894, 0.1+0.2, 2.0/3, 19), least(0.1), "bound", "pass", "", "0.5263 [0.3, 0.6667] n=19 (bca)", ""},
		"close to the limit":         {ok(0.55, 0.499996, 0.6, 19), least(0.5), "bound", "fail", short + "more rows would decide", "0.55 [0.499996, 0.6] n=19 (bca)", ""},
		"close by a hair":            {ok(0.55, 0.49999999999999994, 0.6, 19), least(0.5), "bound", "fail", short + "more rows would decide", "0.55 [0.4999999999999999, 0.6] n=19 (bca)", ""},
		"large":                      {ok(12345.678, 10000, 1234567.891, 19), most(2500000), "bound", "pass", "", "12346 [10000, 1234568] n=19 (bca)", ""},
		"large and close":            {ok(12345.678, 12000, 12345.9, 19), most(12345.95), "bound", "pass", "", "12345.7 [12000, 12345.9] n=19 (bca)", ""},
		"small":                      {ok(0.000012345, -0.00098765, 0.0001, 19), least(-0.005), "bound", "pass", "", "1.234e-05 [-0.0009877, 0.0001] n=19 (bca)", ""},
		"a tiny limit":               {ok(0.000012345, 0, 0.0001, 19), most(0.00005), "point", "pass", "", "1.234e-05 [0, 0.0001] n=19 (bca)", ""},
	} {
		t.Run(name, func(t *testing.T) {
			c := judged(t, tc.measure, tc.limit, tc.by)
			rest, told := untold(c)
			if string(c.Status) != tc.status || !told || rest != tc.rest {
				t.Errorf("got %s, told %v, %q; want %s, told, %q\nof %s", c.Status, told, rest, tc.status, tc.rest, c.Message)
			}
			if got := observed(c); got != tc.observed {
				t.Errorf("observed: got %s; want %s", got, tc.observed)
			}
			if got := (finding{Check: c}).says(); tc.oneLiner != "" && got != tc.oneLiner {
				t.Errorf("in one line: got %s; want %s", got, tc.oneLiner)
			}
		})
	}
}

// Messages of other rules stay whole, and the numbers stand beside them.
func TestOtherMessagesStayWhole(t *testing.T) {
	for name, tc := range map[string]struct {
		message, rest string
		told          bool
	}{
		"words of its own":      {"recall is bad", "recall is bad", false},
		"another value":         {"recall is 0.39 [0.3481, 0.4324] on 511 rows, limit ≥ 0.5; so", "recall is 0.39 [0.3481, 0.4324] on 511 rows, limit ≥ 0.5; so", false},
		"another limit":         {"recall is 0.3894 [0.3481, 0.4324] on 511 rows, limit ≤ 0.5; so", "recall is 0.3894 [0.3481, 0.4324] on 511 rows, limit ≤ 0.5; so", false},
		"quoted by the engine":  {"its evidence is claimed (the rule said: recall is 0.3894 [0.3481, 0.4324] on 511 rows, limit ≥ 0.5)", "its evidence is claimed", true},
		"quoted with something": {"its evidence is claimed (the rule said: recall is 0.3894 [0.3481, 0.4324] on 511 rows, limit ≥ 0.5; odd)", "its evidence is claimed (the rule said: odd)", true},
	} {
		c := failing()
		c.Message = tc.message
		if rest, told := untold(c); rest != tc.rest || told != tc.told {
			t.Errorf("%s: got %q, %v; want %q, %v", name, rest, told, tc.rest, tc.told)
		}
	}
	c := failing()
	c.Message, c.Observed.Needed = "recall is bad", count(11741776127)
	if got, want := (finding{Check: c}).says(), "recall{age=(-inf,25)}: recall is bad; observed 0.3894 [0.3481, 0.4324] n=511 (wilson); more than 10 million rows would decide at this value; limit ≥ 0.5 at the interval's bad end"; got != want {
		t.Errorf("got %s; want %s", got, want)
	}
}
