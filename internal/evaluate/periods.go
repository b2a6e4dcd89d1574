package evaluate

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/weighlock/weighlock/internal/table"
)

// moments are the forms in which a column may write dates and times: ISO 8601
// and RFC 3339. A time without a zone is taken as it stands.
var moments = []string{
	time.DateOnly,
	time.RFC3339, // a fraction of a second is read with any of them
	"2006-01-02 15:04:05Z07:00",
	"2006-01-02T15:04:05",
	time.DateTime,
	"2006-01-02T15:04Z07:00",
	"2006-01-02T15:04",
	"2006-01-02 15:04",
}

// periods parts rows by spans of time, in UTC where a zone is given. Only
// periods with rows are there.
func (p *parts) periods(t *table.Table, c *table.Column, unit string) error {
	if c.Kind != table.Text {
		return &table.Error{File: t.Name, Column: c.Name, Problem: fmt.Sprintf("slicing by %q: the column holds values of kind %s, not dates", p.by, c.Kind) +
			"\nhint: write dates as 2026-03-14, or 2026-03-14T15:04:05Z; a column of years is named alone"}
	}
	of := make([]string, len(c.Dict))
	for code, text := range c.Dict {
		of[code] = period(text, unit)
	}
	missing, seen := false, make([]bool, len(of))
	for i, code := range c.Codes {
		switch {
		case c.IsNull(i):
			missing = true
			continue
		case seen[code]:
			continue
		case of[code] == "":
			what := "no date"
			if unit == "hour" {
				what = "no time"
			}
			return t.At(i, c.Name, strconv.Quote(c.Dict[code])+" is "+what+"\nhint: write dates as 2026-03-14, and times as 2026-03-14T15:04:05Z")
		}
		if seen[code] = true; !slices.Contains(p.groups, of[code]) {
			p.groups = append(p.groups, of[code])
		}
		if len(p.groups) > maxGroups {
			return &table.Error{File: t.Name, Column: c.Name, Problem: fmt.Sprintf("more than %d periods to slice by", maxGroups) + "\nhint: slice by a longer period"}
		}
	}
	slices.Sort(p.groups)
	at := make([]uint16, len(of))
	for code, name := range of {
		if seen[code] {
			at[code] = uint16(slices.Index(p.groups, name))
		}
	}
	none := uint16(len(p.groups))
	if missing {
		p.groups = append(p.groups, missingGroup)
	}
	p.code = make([]uint16, len(c.Codes))
	for i, code := range c.Codes {
		if p.code[i] = at[code]; c.IsNull(i) {
			p.code[i] = none
		}
	}
	return nil
}

// period is the span of time that a text falls into, written so that texts
// sort by time; empty where it is no date, or has no hour where one is asked
// for.
func period(text, unit string) string {
	for k, form := range moments {
		at, err := time.Parse(form, text)
		if err != nil {
			continue
		}
		at = at.UTC()
		switch unit {
		case "year":
			return at.Format("2006")
		case "quarter":
			return fmt.Sprintf("%s-Q%d", at.Format("2006"), (int(at.Month())+2)/3)
		case "month":
			return at.Format("2006-01")
		case "week":
			year, week := at.ISOWeek()
			return fmt.Sprintf("%04d-W%02d", year, week)
		case "day":
			return at.Format(time.DateOnly)
		case "hour":
			if k > 0 {
				return at.Format("2006-01-02T15")
			}
		}
		return ""
	}
	return ""
}
