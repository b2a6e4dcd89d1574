package project

import (
	"fmt"
	"strconv"
	"time"
)

// arising refuses what a project file says of how labels arise where it lacks
// what that needs, or says nothing.
func (c *specCheck) arising() {
	t := c.spec.Test
	labelled := []string{"binary", "multiclass", "multilabel", "regression"}
	c.roles([]role{
		{path: "data.test.decision", given: t.Decision != "", may: append(labelled, "forecasting", "ranking"), meaning: "the column of the decision", otherwise: "a metric such as value_ips(reward,propensity,target) judges what a policy brings"},
		{path: "data.test.propensity", given: t.Propensity != "", may: labelled, meaning: "the column of the decision's probability", otherwise: "delete it: rows that belong together cannot be weighted one by one"},
		{path: "data.test.matures", given: t.Matures != "", may: Tasks(), meaning: "the time that a label takes"},
	})
	for _, one := range []struct{ path, given, needs, other, why string }{
		{"data.test.decided", t.Decided, "data.test.decision", t.Decision, "the column that holds this value where a row has a label"},
		{"data.test.propensity", t.Propensity, "data.test.decision", t.Decision, "the column of the decision whose probability it is"},
		{"data.test.matures", t.Matures, "data.test.time", t.Time, "the column of dates from which it counts"},
		{"data.test.matures", t.Matures, "data.test.labelled", t.Labelled, "the day on which the labels were read"},
		{"data.test.labelled", t.Labelled, "data.test.matures", t.Matures, "how long a label can still change, such as 90d"},
	} {
		if one.given != "" && one.other == "" {
			c.add(one.path, "no "+one.needs, one.why)
		}
	}
	if t.Propensity != "" && t.Weight != "" {
		c.add("data.test.weight", "data.test.propensity beside it", "one of the two: rows are weighted by the inverse of the propensity")
	}
	if t.Labelled != "" {
		if _, err := t.ReadAt(); err != nil {
			c.add("data.test.labelled", strconv.Quote(t.Labelled), "a day such as 2026-06-30, or a moment such as 2026-06-30T08:00:00Z")
		}
	}
}

// ReadAt is when the labels were read; a day stands for its first moment in
// UTC.
func (t *TestSet) ReadAt() (time.Time, error) {
	at, err := time.Parse(time.RFC3339, t.Labelled)
	if err == nil {
		return at.UTC(), nil
	}
	return time.Parse(time.DateOnly, t.Labelled)
}

// MaturesAfter is how long after its time a row's label can still change.
func (t *TestSet) MaturesAfter() (time.Duration, error) {
	units := map[byte]time.Duration{'w': 7 * 24 * time.Hour, 'd': 24 * time.Hour, 'h': time.Hour}
	text := t.Matures
	if text == "" || units[text[len(text)-1]] == 0 {
		return 0, fmt.Errorf("%q is no number of weeks, days or hours\nhint: write it as 6w, 90d or 12h", text)
	}
	n, err := strconv.Atoi(text[:len(text)-1])
	if most := int64(1<<63-1) / int64(units[text[len(text)-1]]); err != nil || n < 1 || int64(n) > most {
		return 0, fmt.Errorf("%q is no number of weeks, days or hours\nhint: write it as 6w, 90d or 12h", text)
	}
	return time.Duration(n) * units[text[len(text)-1]], nil
}
