package table

import (
	"fmt"
	"slices"
	"strings"
)

// Error says what is wrong with a file's content, and where.
type Error struct {
	File string
	// Line is the line of a text file, or the row number of any other, from 1;
	// 0 where the whole file is meant.
	Line    int64
	Column  string
	Problem string
	// Asked is the column that was asked for and is not there, if that is the
	// problem.
	Asked string
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	sep := ": "
	if e.Line > 0 {
		unit := "line"
		if f, ok := formatOf(e.File); ok && f.rows {
			unit = "row"
		}
		fmt.Fprintf(&b, "%s%s %d", sep, unit, e.Line)
		sep = ", "
	}
	if e.Column != "" {
		fmt.Fprintf(&b, "%scolumn %s", sep, e.Column)
	}
	return b.String() + ": " + e.Problem
}

// nested is the refusal of a column that is no plain column.
func nested(file, name string) *Error {
	return &Error{File: file, Column: name, Problem: "holds lists or structures, and only plain columns can be read" +
		"\nhint: flatten it into plain columns"}
}

// unknown names the nearest column and lists all, as far as that helps.
func unknown(file, name string, known []string) *Error {
	const most = 30
	list := known
	if len(list) > most {
		list = list[:most]
	}
	problem := fmt.Sprintf("no column %q; the columns are %s", name, strings.Join(named(list), ", "))
	if n := len(known) - len(list); n > 0 {
		problem += fmt.Sprintf(" and %d more", n)
	}
	if len(known) == 0 {
		problem = fmt.Sprintf("no column %q, nor any other", name)
	}
	if near := nearest(name, known); near != "" {
		problem += fmt.Sprintf("\nhint: did you mean %q?", near)
	}
	return &Error{File: file, Problem: problem, Asked: name}
}

// named says of a column without a name, such as the index that pandas writes,
// that it has none.
func named(columns []string) []string {
	out := slices.Clone(columns)
	for i, c := range out {
		if c == "" {
			out[i] = "(one without a name)"
		}
	}
	return out
}

// nearest is the known name with the fewest edits from name, if they are few.
func nearest(name string, known []string) string {
	best, least := "", max(2, len(name)/3)+1
	for _, k := range known {
		if len(k) > 200 || len(name) > 200 {
			continue
		}
		d := edits(strings.ToLower(strings.TrimSpace(name)), strings.ToLower(strings.TrimSpace(k)))
		if d < least && d < len(name) {
			best, least = k, d
		}
	}
	return best
}

// edits is the Levenshtein distance between two names, in bytes.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// shown quotes a cell for an error, cut where it is long.
func shown(cell string) string {
	const most = 60
	if runes := []rune(cell); len(runes) > most {
		cell = string(runes[:most]) + "…"
	}
	return fmt.Sprintf("%q", cell)
}

// choose checks the names asked for against those there are, and returns where
// each stands; all of them in order for nil.
func choose(file string, asked, known []string) ([]int, error) {
	if asked == nil {
		all := make([]int, len(known))
		for i := range all {
			all[i] = i
		}
		return all, nil
	}
	var at []int
	for i, name := range asked {
		if slices.Contains(asked[:i], name) {
			return nil, &Error{File: file, Column: name, Problem: "asked for twice"}
		}
		j := slices.Index(known, name)
		if j < 0 {
			return nil, unknown(file, name, known)
		}
		at = append(at, j)
	}
	return at, nil
}
