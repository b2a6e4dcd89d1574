package report

import (
	"fmt"
	"strings"

	"github.com/weighlock/weighlock/internal/verdict"
)

func num(v float64) *float64 { return &v }
func count(n int64) *int64   { return &n }

func digest(two string) string { return "sha256:" + strings.Repeat(two, 32) }

// base is a report of checks as the gate makes it: the outcome is Decide's.
func base(checks ...verdict.Check) *verdict.Report {
	verdict.Sort(checks)
	return &verdict.Report{
		Model:   verdict.Model{Name: "card-default", Version: "1.1.0", Digest: digest("ab")},
		Outcome: verdict.Decide(checks), Level: "release", Mode: verdict.ModeEnforce, Standing: verdict.StandingTrusted, Signing: "single-signer",
		Now:  "2026-11-20T12:00:00Z",
		Spec: digest("01"), Input: digest("02"), Policy: digest("03"), Parameters: digest("04"), Verifier: digest("05"),
		Checks:   checks,
		Sources:  []verdict.Source{{Type: "evaluation", Digest: digest("06"), Signer: "team", Roles: []string{"evaluator"}, Time: "2026-11-20T11:59:00Z", Trusted: true}},
		Ignored:  []verdict.Ignored{{Digest: digest("cd"), Reason: "signed by a stranger"}},
		Attempts: verdict.Attempts{Count: 3, Denials: 1},
		Engine:   verdict.Engine{Name: "weighlock", Version: "0.3.0"},
	}
}

func failing() verdict.Check {
	return verdict.Check{
		Rule: "evaluation/slices", Item: "recall{age=(-inf,25)}", Status: verdict.Fail,
		Message:  "recall{age=(-inf,25)} is 0.3894 [0.3481, 0.4324] on 511 rows, limit ≥ 0.5; the value itself misses the limit",
		Title:    "It is good on every slice",
		Observed: &verdict.Observed{Value: num(0.3894), Low: num(0.3481), High: num(0.4324), N: count(511), Method: "wilson"},
		Expected: &verdict.Expected{Min: num(0.5), Judge: "bound"},
		Location: &verdict.Location{File: "weighlock.yaml", Line: 35, Col: 7},
		Solution: "Find out what the model does not know about these rows.",
	}
}

func undecided() verdict.Check {
	return verdict.Check{
		Rule: "evaluation/fairness", Item: "tpr_difference{sex}", Status: verdict.Undecided,
		Message:  "tpr_difference{sex} is 0.07 [0.02, 0.12] on 3257 rows, limit ≤ 0.08; the interval's bad end misses the limit; about 9100 rows would decide",
		Title:    "Groups are served alike",
		Observed: &verdict.Observed{Value: num(0.07), Low: num(0.02), High: num(0.12), N: count(3257), Method: "newcombe", Null95: num(0.031), Needed: count(9100)},
		Expected: &verdict.Expected{Max: num(0.08), Judge: "bound"},
		Location: &verdict.Location{File: "weighlock.yaml", Line: 41},
		Solution: "Bring more rows of the smaller group.",
	}
}

func waivedCheck() verdict.Check {
	c := failing()
	c.Item, c.Status = "recall{region=north}", verdict.Waived
	c.Waiver = &verdict.Waiver{Owner: "risk", Reason: "no loans are given in the north until May", Expires: "2027-05-01T00:00:00Z", Digest: digest("07"), Was: verdict.Fail}
	return c
}

func broken() verdict.Check {
	return verdict.Check{Rule: "drift/training_data", Item: "income", Status: verdict.Error, Message: "the rule divided by zero", Title: "The data is like the training data", Solution: "Report this rule."}
}

func warning() verdict.Check {
	return verdict.Check{Rule: "trust/single_signer", Item: "card-default", Status: verdict.Warn, Message: "one key holds several of the roles (single-signer)", Title: "Roles are held by different keys",
		Observed: &verdict.Observed{Text: "single-signer"}, Solution: "Give the roles to different keys."}
}

func passing() []verdict.Check {
	return []verdict.Check{
		{
			Rule: "evaluation/metrics", Item: "roc_auc", Status: verdict.Pass, Message: "roc_auc is 0.8156 [0.8074, 0.8238] on 15000 rows, limit ≥ 0.76", Title: "It is good enough",
			Observed: &verdict.Observed{Value: num(0.8156), Low: num(0.8074), High: num(0.8238), N: count(15000), Method: "delong"},
			Expected: &verdict.Expected{Min: num(0.76), Judge: "bound"},
			Solution: "Train a better model.",
		},
		{Rule: "model/format", Item: "model.json", Status: verdict.Pass, Message: "json, which cannot run code", Title: "Loading it cannot run code"},
		{Rule: "spec/least", Item: "card-default", Status: verdict.NotApplicable, Message: "asked for where the verifier file sets parameters.least, and it does not"},
	}
}

// reports are what every form is tried on.
func reports() map[string]*verdict.Report {
	with := func(checks ...verdict.Check) *verdict.Report { return base(append(passing(), checks...)...) }
	list := map[string]*verdict.Report{
		"pass": with(), "fail": with(failing(), undecided(), waivedCheck(), warning()), "waived": with(waivedCheck()),
		"undecided": with(undecided()), "error": with(broken(), failing()), "observe": with(failing()),
		"observe-pass": with(), "hostile": hostile(), "many": manyChecks(), "empty": base(), "unknown status": with(verdict.Check{Rule: "a/b", Item: "c", Status: "splendid", Message: "d"}),
		"unknown outcome": with(), "denied without a failing check": with(), "huge message": hugeMessage(),
	}
	list["pass"].Expires = "2027-02-18T12:00:00Z"
	list["observe"].Mode, list["observe-pass"].Mode = verdict.ModeObserve, verdict.ModeObserve
	list["unknown outcome"].Outcome = "splendid"
	list["denied without a failing check"].Outcome = verdict.Deny
	return list
}

// nasty are parts of names that have broken reports: each is the end of
// something somewhere.
var nasty = []string{
	"two\nlines", "carriage\rreturn", "100%", "%0A::error::x", "a:b", "a,b", "]]>", "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "&amp;&lt;",
	"\x1b[2J\x1b[32mALLOWED-BY-NAME", "bad\xff\xfeutf8", "abc\u202egnp.exe", "\u2028line", "nul\x00byte", "\x7fdel", "\u00a0::error::x", ":", "a\u00a0b\u3000c", "\u009b2Jcsi", "\ufffe",
	"::error file=x::y", "\n::stop-commands::t", "##[set-output name=verdict]x", "##vso[task.complete result=Succeeded;]", "|pipe\\|", "`tick``", "[link](http://evil.example)", "www.evil.example",
	"@octocat", "</details>", "{{.Style}}", "--><!--", "$x^2$", "~~gone~~", "日本語", "", " ", "-", "```",
}

func hostile() *verdict.Report {
	var checks []verdict.Check
	for i, text := range nasty {
		c := failing()
		c.Status = verdict.Statuses()[i%len(verdict.Statuses())]
		c.Rule, c.Item, c.Message, c.Title, c.Solution = "family/"+text, text, text, text, text
		c.Location = &verdict.Location{File: text, Line: i, Col: -i}
		c.Observed = &verdict.Observed{Text: text, Method: text}
		c.Expected = &verdict.Expected{Text: text}
		if c.Status == verdict.Waived {
			c.Waiver = &verdict.Waiver{Owner: text, Reason: text, Expires: text, Digest: text, Was: verdict.Status(text)}
		}
		checks = append(checks, c, c) // the same name twice
	}
	r := base(checks...)
	all := strings.Join(nasty, "")
	r.Model.Name, r.Model.Version, r.Model.Digest = all, all, all
	r.Level, r.Standing, r.Signing, r.Now, r.Expires = all, all, all, all, all
	r.Ignored = []verdict.Ignored{{Digest: all, Type: all, Reason: all}}
	r.Sources = []verdict.Source{{Type: all, Digest: all, Signer: all, Time: all}}
	r.Engine = verdict.Engine{Name: all, Version: all}
	return r
}

func manyChecks() *verdict.Report {
	var checks []verdict.Check
	for i := range 10000 {
		c := failing()
		c.Status = verdict.Statuses()[i%len(verdict.Statuses())]
		c.Item = fmt.Sprintf("recall{customer=%d, %s}", i, nasty[i%len(nasty)])
		if c.Status == verdict.Waived {
			c.Waiver = waivedCheck().Waiver
		}
		checks = append(checks, c)
	}
	return base(checks...)
}

func hugeMessage() *verdict.Report {
	c := failing()
	c.Message, c.Solution = strings.Repeat("größe ", 400000), strings.Repeat("x", 2<<20)
	return base(c)
}
