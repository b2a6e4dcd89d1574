package verdict

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func checks(statuses ...Status) []Check {
	var all []Check
	for _, s := range statuses {
		all = append(all, Check{Rule: "r", Item: "i", Status: s})
	}
	return all
}

func TestDecide(t *testing.T) {
	tests := map[string]struct {
		checks []Check
		want   Outcome
	}{
		"nothing checked":              {nil, Unavailable},
		"all pass":                     {checks(Pass, Pass), Allow},
		"a warning allows":             {checks(Pass, Warn), Allow},
		"a waived check allows":        {checks(Waived), Allow},
		"not applicable beside a pass": {checks(NotApplicable, Pass), Allow},
		"nothing but not applicable":   {checks(NotApplicable, NotApplicable), Unavailable},
		"undecided":                    {checks(Pass, Undecided), NotDecided},
		"fail before undecided":        {checks(Undecided, Fail, Undecided), Deny},
		"undecided after fail":         {checks(Fail, Undecided), Deny},
		"error before fail":            {checks(Fail, Error, Pass), Unavailable},
		"status that is unknown":       {checks(Pass, "passed"), Unavailable},
		"status that is missing":       {checks(Pass, ""), Unavailable},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := Decide(tt.checks); got != tt.want {
				t.Errorf("got %s; want %s", got, tt.want)
			}
		})
	}
}

// TestDecideEveryPair holds the order of gravity for every two statuses,
// whichever comes first.
func TestDecideEveryPair(t *testing.T) {
	for _, a := range Statuses() {
		for _, b := range Statuses() {
			got, mirrored := Decide(checks(a, b)), Decide(checks(b, a))
			if got != mirrored {
				t.Errorf("%s, %s: got %s; mirrored %s", a, b, got, mirrored)
			}
			if worst := Decide(checks(a, Pass)); gravity[got] < gravity[worst] {
				t.Errorf("%s, %s: got %s; %s alone gives %s", a, b, got, a, worst)
			}
		}
	}
}

func TestExitCode(t *testing.T) {
	tests := map[string]struct {
		outcome Outcome
		mode    string
		want    int
	}{
		"allow":                     {Allow, ModeEnforce, 0},
		"deny":                      {Deny, ModeEnforce, 3},
		"undecided":                 {NotDecided, ModeEnforce, 4},
		"error":                     {Unavailable, ModeEnforce, 1},
		"outcome that is unknown":   {"fine", ModeEnforce, 1},
		"outcome that is missing":   {"", ModeObserve, 1},
		"denied while observing":    {Deny, ModeObserve, 0},
		"undecided while observing": {NotDecided, ModeObserve, 0},
		"error while observing":     {Unavailable, ModeObserve, 1},
		"mode that is unknown":      {Deny, "watch", 3},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := Report{Outcome: tt.outcome, Mode: tt.mode}
			if got := r.ExitCode(); got != tt.want {
				t.Errorf("got %d; want %d", got, tt.want)
			}
		})
	}
}

func TestSort(t *testing.T) {
	got := []Check{
		{Rule: "b", Item: "1", Status: Pass}, {Rule: "a", Item: "2", Status: Fail}, {Rule: "a", Item: "1", Status: Fail},
		{Rule: "a", Item: "1", Status: Undecided}, {Rule: "z", Item: "1", Status: Error}, {Rule: "a", Item: "9", Status: NotApplicable},
		{Rule: "a", Item: "3", Status: Waived}, {Rule: "a", Item: "3", Status: Warn},
	}
	Sort(got)
	want := []Check{
		{Rule: "z", Item: "1", Status: Error}, {Rule: "a", Item: "1", Status: Fail}, {Rule: "a", Item: "2", Status: Fail},
		{Rule: "a", Item: "1", Status: Undecided}, {Rule: "a", Item: "3", Status: Waived}, {Rule: "a", Item: "3", Status: Warn},
		{Rule: "b", Item: "1", Status: Pass}, {Rule: "a", Item: "9", Status: NotApplicable},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[Status]int{Error: 1, Fail: 2, Undecided: 1, Waived: 1, Warn: 1, Pass: 1, NotApplicable: 1}, Count(got)); diff != "" {
		t.Errorf("count (-want +got):\n%s", diff)
	}
}

func TestSortPutsRealMissesFirst(t *testing.T) {
	number := func(v float64) *float64 { return &v }
	check := func(rule, item string, value float64, status Status) Check {
		return Check{Rule: rule, Item: item, Status: status, Observed: &Observed{Value: &value}, Expected: &Expected{Min: number(0.5), Max: number(0.9)}}
	}
	got := []Check{
		check("a", "1", 0.6, Fail), check("b", "1", 0.5, Fail), check("c", "1", 0.4, Fail), check("c", "2", 0.95, Fail), {Rule: "d", Item: "1", Status: Fail},
		check("a", "2", 0.6, Undecided), check("a", "3", 0.4, Undecided), check("z", "1", 0.6, Error),
	}
	Sort(got)
	var order []string
	for _, c := range got {
		order = append(order, string(c.Status)+" "+c.Rule+c.Item)
	}
	want := []string{"error z1", "fail c1", "fail c2", "fail d1", "fail a1", "fail b1", "undecided a2", "undecided a3"}
	if diff := cmp.Diff(want, order); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

func TestKnown(t *testing.T) {
	for _, s := range Statuses() {
		if !s.Known() {
			t.Errorf("%s is not known", s)
		}
	}
	if Status("passed").Known() || Status("").Known() {
		t.Error("an unknown status is known")
	}
}

// TestReportJSON shows that what is not there is left out, and what is empty
// is not.
func TestReportJSON(t *testing.T) {
	zero := 0.0
	r := Report{Checks: []Check{{Rule: "r", Item: "i", Status: Pass, Observed: &Observed{Value: &zero}}}, Sources: []Source{}, Ignored: []Ignored{}}
	got, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"model":{"name":"","digest":""},"outcome":"","level":"","mode":"","standing":"","signing":"","now":"","spec":"","input":"","policy":"","parameters":"",` +
		`"checks":[{"rule":"r","item":"i","status":"pass","message":"","observed":{"value":0}}],"sources":[],"ignored":[],"attempts":{"count":0,"denials":0},"engine":{"name":"","version":""}}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("JSON (-want +got):\n%s", diff)
	}
}
