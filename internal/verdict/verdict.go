// Package verdict holds what Weighlock says about a model: checks, the report
// that collects them, and the one rule by which they become an outcome. Every
// output is made from a Report, so no two of them can disagree.
package verdict

import (
	"cmp"
	"slices"
)

// Status is the result of one rule for one item.
type Status string

// What a check can come to.
const (
	Pass          Status = "pass"
	Fail          Status = "fail"
	Warn          Status = "warn"           // allowed, and said
	Undecided     Status = "undecided"      // evidence missing or not enough
	NotApplicable Status = "not_applicable" // granted by level and policy only
	Error         Status = "error"          // the rule could not decide
	Waived        Status = "waived"         // failed or undecided, and waived by name
)

// Statuses lists every status, worst first.
func Statuses() []Status {
	return []Status{Error, Fail, Undecided, Waived, Warn, Pass, NotApplicable}
}

// Known says whether s is one of Statuses.
func (s Status) Known() bool { return slices.Contains(Statuses(), s) }

// Outcome is what the checks amount to.
type Outcome string

// What a report can come to.
const (
	Allow       Outcome = "allow"
	Deny        Outcome = "deny"
	NotDecided  Outcome = "undecided"
	Unavailable Outcome = "error"
)

// Exit codes, for every command (DESIGN section 13).
const (
	ExitOK        = 0
	ExitBroken    = 1   // could not decide: fault, unreadable input, a rule in error
	ExitUsage     = 2   // usage or configuration
	ExitDenied    = 3   // denied
	ExitUndecided = 4   // evidence missing or not enough
	ExitNetwork   = 5   // registry or network, worth a retry
	ExitIntegrity = 6   // integrity, signature or trust
	ExitWaiting   = 8   // not due, or approval pending
	ExitInterrupt = 130 // interrupted
)

// Observed is what a check saw. Value, Low and High are in the metric's own
// unit; a nil number means that there is none, never zero.
type Observed struct {
	Value  *float64 `json:"value,omitempty"`
	Low    *float64 `json:"low,omitempty"`
	High   *float64 `json:"high,omitempty"`
	N      *int64   `json:"n,omitempty"`      // rows that the number rests on
	Method string   `json:"method,omitempty"` // of the interval
	Null95 *float64 `json:"null95,omitempty"` // the statistic's 95 % quantile without any effect, at this n
	Needed *int64   `json:"needed,omitempty"` // rows that would decide, if the value stays
	Text   string   `json:"text,omitempty"`   // what was seen, where it is not a number
}

// Expected is the limit that a check holds the observation against.
type Expected struct {
	Min   *float64 `json:"min,omitempty"`
	Max   *float64 `json:"max,omitempty"`
	Judge string   `json:"judge,omitempty"` // bound or point
	Text  string   `json:"text,omitempty"`
}

// Location is where in the project file a check's limit stands, from 1.
type Location struct {
	File string `json:"file"`
	Line int    `json:"line"`
	Col  int    `json:"col,omitempty"`
}

// Check is one result of one rule for one item.
type Check struct {
	Rule     string    `json:"rule"`
	Item     string    `json:"item"`
	Status   Status    `json:"status"`
	Message  string    `json:"message"`
	Title    string    `json:"title,omitempty"`    // of the rule
	Solution string    `json:"solution,omitempty"` // what to do, where the status is not a pass
	Observed *Observed `json:"observed,omitempty"`
	Expected *Expected `json:"expected,omitempty"`
	Evidence []string  `json:"evidence,omitempty"` // digests
	Grade    string    `json:"grade,omitempty"`    // claimed, computed, rescored
	Points   *float64  `json:"points,omitempty"`   // 0, 0.5 or 1 of an ML Test Score test
	Waiver   *Waiver   `json:"waiver,omitempty"`   // set where Status is waived
	Location *Location `json:"location,omitempty"` // in the project file
	// Place is the path in the project file that a rule says its finding is
	// about; whoever knows the file makes a Location of it.
	Place string `json:"-"`
}

// Waiver says who let a check go, why, and until when.
type Waiver struct {
	Owner   string `json:"owner"`
	Reason  string `json:"reason"`
	Expires string `json:"expires"`
	Digest  string `json:"digest"` // of the signed statement
	Was     Status `json:"was"`    // fail or undecided
}

// Decide turns checks into an outcome: error before fail before undecided
// before allow. No checks, or a status that is not known, is an error.
func Decide(checks []Check) Outcome {
	if len(checks) == 0 {
		return Unavailable
	}
	worst, judged := Allow, false
	for _, c := range checks {
		switch c.Status {
		case Pass, Warn, Waived:
			judged = true
		case NotApplicable:
		case Fail:
			worst = worse(worst, Deny)
		case Undecided:
			worst = worse(worst, NotDecided)
		default:
			return Unavailable
		}
	}
	if worst == Allow && !judged {
		return Unavailable
	}
	return worst
}

var gravity = map[Outcome]int{Allow: 0, NotDecided: 1, Deny: 2, Unavailable: 3}

func worse(a, b Outcome) Outcome {
	if gravity[b] > gravity[a] {
		return b
	}
	return a
}

// ExitCode is the process's exit status for an outcome; an unknown one is
// broken.
func (o Outcome) ExitCode() int {
	switch o {
	case Allow:
		return ExitOK
	case Deny:
		return ExitDenied
	case NotDecided:
		return ExitUndecided
	}
	return ExitBroken
}

// Meets says whether the observed value itself, whatever its interval, lies
// within the limits; false where there is no value or no limit.
func (c Check) Meets() bool {
	o, e := c.Observed, c.Expected
	if o == nil || o.Value == nil || e == nil || e.Min == nil && e.Max == nil {
		return false
	}
	return (e.Min == nil || *o.Value >= *e.Min) && (e.Max == nil || *o.Value <= *e.Max)
}

// Sort orders checks worst first, among the failed ones those of which only
// the interval misses the limit last, then by rule and item.
func Sort(checks []Check) {
	rank := map[Status]int{}
	for i, s := range Statuses() {
		rank[s] = i
	}
	slices.SortStableFunc(checks, func(a, b Check) int {
		return cmp.Or(cmp.Compare(rank[a.Status], rank[b.Status]), cmp.Compare(nearly(a), nearly(b)), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Item, b.Item))
	})
}

// nearly is 1 for a check that failed by its interval alone.
func nearly(c Check) int {
	if c.Status == Fail && c.Meets() {
		return 1
	}
	return 0
}

// Count is the number of checks by status.
func Count(checks []Check) map[Status]int {
	n := map[Status]int{}
	for _, c := range checks {
		n[c.Status]++
	}
	return n
}
