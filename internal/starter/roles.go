package starter

import (
	"fmt"
	"slices"
	"strings"

	"github.com/weighlock/weighlock/internal/table"
)

// pickID chooses the column that names a row. It must be unique; where no
// column is, rows are matched by order, which is safe while labels and scores
// stand in one file.
func (s *surveyed) pickID(g *Guess) error {
	if s.options.ID == ByRow {
		g.ID = Choice{Said: true}
		return nil
	}
	if s.options.ID != "" {
		c, err := s.find(s.options.ID)
		if err != nil {
			return err
		}
		g.ID = Choice{Value: c.Name, Said: true}
		return s.identify(c)
	}
	return s.guessID(g)
}

// guessID prefers the column id, then names that speak of ids, then text.
func (s *surveyed) guessID(g *Guess) error {
	free := where(s.columns, func(c *column) bool { return c.Name != s.options.Label && c.Name != s.options.Score })
	candidates := where(free, (*column).identifies)
	for _, c := range candidates {
		// Nearly unique: meant as an id, and broken. Far from it, such as a
		// customer with many rows: something else.
		if !c.unique() && c.distinct*10 >= s.table.Rows*9 {
			return s.identify(c)
		}
	}
	candidates = where(candidates, (*column).unique)
	why := "its name, and each row has its own value"
	if exact := where(candidates, func(c *column) bool { return c.plain() == "id" }); len(exact) == 1 {
		candidates = exact
	}
	if len(candidates) == 0 {
		candidates = where(free, func(c *column) bool {
			return c.Kind == table.Text && c.unique() && c.strength() == 0 && !c.truth() && (!c.nearly() || !c.fractions)
		})
		why = "the only text of which each row has its own"
	}
	switch len(candidates) {
	case 0:
		g.ID = Choice{Why: "no column has a name and values that identify rows, so they are matched by order"}
		if maybe := where(free, s.counts); len(maybe) > 0 {
			g.ID.Why += fmt.Sprintf("; each row has its own value of %s, so if that is an id, say %s", list(names(maybe)), choice("--id", maybe))
		}
		if s.index() {
			g.ID.Why += "; the first column looks like pandas's index, and needs a name to be one: to_csv(..., index_label=\"id\")"
		}
		return nil
	case 1:
		g.ID = Choice{Value: candidates[0].Name, Why: why}
		return nil
	}
	return s.ambiguous("name the rows", "--id", candidates)
}

// counts says whether a column numbers the rows, under a name that says
// nothing of it.
func (s *surveyed) counts(c *column) bool {
	if !c.number() || !c.whole || !c.unique() || c.distinct < 3 || c.strength() > 0 || c.truth() {
		return false
	}
	return !slices.ContainsFunc(s.columns, func(score *column) bool { return score.strength() > 0 && c.akin(score.stem()) })
}

// index reports whether the first column has no name, as the index that pandas
// writes.
func (s *surveyed) index() bool {
	return len(s.table.Columns) > 0 && strings.TrimSpace(s.table.Columns[0].Name) == ""
}

// identify refuses an id column that does not tell all rows apart.
func (s *surveyed) identify(c *column) error {
	hint := "\nhint: mend the ids, or say --id none to match rows by their order"
	if c.bad >= 0 {
		return s.table.At(c.bad, c.Name, "no id here"+hint)
	}
	seen := map[string]bool{}
	for i := range s.table.Rows {
		v := c.String(i)
		if seen[v] {
			return s.table.At(i, c.Name, fmt.Sprintf("id %s names an earlier row too", say(v))+hint)
		}
		seen[v] = true
	}
	return nil
}

// pickScore chooses the model's output: by name, and within [0, 1] if any is.
func (s *surveyed) pickScore(g *Guess) error {
	if s.options.Score != "" {
		c, err := s.find(s.options.Score)
		if err != nil {
			return err
		}
		if c.Name == g.ID.Value || c.Name == s.options.Label {
			return fmt.Errorf("%s: column %s cannot be the score and something else", s.options.Predictions, say(c.Name))
		}
		g.Score = Choice{Value: c.Name, Said: true}
		return s.scores(c)
	}
	free := where(s.rest(g), func(c *column) bool { return c.Name != s.options.Label })
	named := where(free, func(c *column) bool { return c.strength() > 0 })
	if len(named) == 1 {
		g.Score = Choice{Value: named[0].Name, Why: "the only name that speaks of a score or prediction"}
		return s.scores(named[0])
	}
	candidates, why := strongest(s.columns, named), "its name"
	if len(named) == 0 {
		candidates = where(free, func(c *column) bool { return c.number() && c.unit && !c.whole })
		why = "the only column of fractions between 0 and 1"
	}
	switch len(candidates) {
	case 0:
		if broken := where(free, func(c *column) bool { return c.nearly() && c.fractions }); len(broken) == 1 {
			return s.scores(broken[0])
		}
		return fmt.Errorf("%s: no column looks like a score; the columns are %s\nhint: say which with --score COLUMN",
			s.options.Predictions, list(names(s.columns)))
	case 1:
		g.Score = Choice{Value: candidates[0].Name, Why: why}
		return s.scores(candidates[0])
	}
	if label := s.severalClasses(candidates); label != nil {
		return s.classes(label, candidates[0])
	}
	return s.ambiguous("be the score", "--score", candidates)
}

// severalClasses is the label of which the candidates are probably the
// probabilities, one for each of more than two classes; nil where they are not.
func (s *surveyed) severalClasses(candidates []*column) *column {
	labels := where(s.columns, func(c *column) bool {
		return c.Name == s.options.Label || s.options.Label == "" && c.truth()
	})
	if len(labels) != 1 || !labels[0].coded() || !slices.ContainsFunc(candidates, func(c *column) bool { return c.unit }) {
		return nil
	}
	return labels[0]
}

// coded says whether the values may be more than two classes, as words or as
// few whole numbers.
func (c *column) coded() bool {
	return c.distinct > 2 && (c.Kind == table.Text && !c.nearly() || c.whole && c.distinct <= 20)
}

// strongest narrows columns that are named like scores: numbers first, then
// probabilities, then the strongest names, then the one of a known label, then
// class 1 of a pair.
func strongest(all, candidates []*column) []*column {
	labels := map[string]bool{}
	for _, c := range all {
		labels[c.plain()] = true
	}
	keep := func(better func(*column) bool) {
		if kept := where(candidates, better); len(kept) > 0 {
			candidates = kept
		}
	}
	keep((*column).number)
	keep(func(c *column) bool { return c.unit })
	most := 0
	for _, c := range candidates {
		most = max(most, c.strength())
	}
	keep(func(c *column) bool { return c.strength() == most })
	keep(func(c *column) bool { return !c.whole })
	keep(func(c *column) bool { return labels[c.stem()] })
	if len(candidates) == 2 {
		keep(func(c *column) bool { return c.stem() == "1" || c.stem() == "true" })
	}
	return candidates
}

// scores refuses a score column that does not score every row.
func (s *surveyed) scores(c *column) error {
	if c.nearly() {
		return s.noNumber(c, "a model must score every row that it is judged on")
	}
	if c.Kind == table.Text {
		return s.table.At(0, c.Name, fmt.Sprintf("holds text, such as %s, not scores"+
			"\nhint: say which column is the score with --score COLUMN; predicted classes are no scores: hand in the probability of the positive class,"+
			" and of more than two classes name them in predictions.decision of a task multiclass", say(c.few[0])))
	}
	if c.Kind != table.Number {
		return fmt.Errorf("%s: column %s holds %s, not scores\nhint: say which column is the score with --score COLUMN",
			s.options.Predictions, say(c.Name), c.Kind)
	}
	if c.distinct == 0 {
		return fmt.Errorf("%s: column %s has no number in it\nhint: score the rows again, or say which column is the score with --score COLUMN",
			s.options.Predictions, say(c.Name))
	}
	if c.bad >= 0 {
		return s.table.At(c.bad, c.Name, fmt.Sprintf("no score here (%d of %d rows have none)"+
			"\nhint: a model must score every row that it is judged on", c.empty, s.table.Rows))
	}
	if !c.finite {
		return fmt.Errorf("%s: column %s: an infinite score cannot be judged\nhint: clip the scores, or look at what made it overflow", s.options.Predictions, say(c.Name))
	}
	return nil
}

// noNumber refuses the first cell of a column that is no number among numbers.
func (s *surveyed) noNumber(c *column, missing string) error {
	cell, hint := c.String(c.odd), "write a number there, with a point and without a unit"
	switch {
	case voids[strings.ToLower(cell)]:
		hint = "if the value is missing, take the row out: " + missing
	case strings.Contains(cell, ","):
		hint = "write numbers with a point, 0.5 and not 0,5"
	case strings.HasSuffix(cell, "%"):
		hint = "write a share, 0.957 and not 95.7%"
	}
	return s.table.At(c.odd, c.Name, fmt.Sprintf("%s is no number, and %d of %d rows have one\nhint: %s", say(cell), c.numbers, s.table.Rows, hint))
}

// pickLabel chooses the truth: the column that the score is named after, else
// one that is named like a label, else the only one with two values.
func (s *surveyed) pickLabel(g *Guess) error {
	if s.options.Label != "" {
		c, err := s.find(s.options.Label)
		if err != nil {
			return err
		}
		if c.Name == g.ID.Value {
			return fmt.Errorf("%s: column %s cannot be the label and something else", s.options.Predictions, say(c.Name))
		}
		g.Label = Choice{Value: c.Name, Said: true}
		return s.labels(c)
	}
	score, err := s.find(g.Score.Value)
	if err != nil {
		return err
	}
	free := where(s.rest(g), func(c *column) bool { return c.strength() == 0 })
	candidates := where(free, func(c *column) bool { return c.truth() || c.akin(score.stem()) })
	why := "its name"
	if len(candidates) == 1 && candidates[0].akin(score.stem()) {
		why = fmt.Sprintf("%s is named after it", say(score.Name))
	}
	if len(candidates) == 0 {
		candidates = where(free, func(c *column) bool { return c.distinct == 2 || c.distinct == 3 && c.void >= 0 })
		why = "the only column with two values"
	}
	if len(candidates) == 0 && score.strength() < 3 { // no probability
		candidates = where(free, (*column).number)
		why = "the only other column of numbers"
	}
	if len(candidates) == 1 {
		g.Label = Choice{Value: candidates[0].Name, Why: why}
		return s.labels(candidates[0])
	}
	if len(candidates) == 0 || candidates[0].distinct != 2 && !candidates[0].truth() {
		return fmt.Errorf("%s: no column looks like the true label; the columns are %s"+
			"\nhint: say which with --label COLUMN; without labels no model can be judged", s.options.Predictions, list(names(s.columns)))
	}
	return s.ambiguous("be the true label", "--label", candidates)
}

// labels refuses a label column with holes.
func (s *surveyed) labels(c *column) error {
	if c.distinct == 0 {
		return fmt.Errorf("%s: column %s holds no label\nhint: say which column is the label with --label COLUMN", s.options.Predictions, say(c.Name))
	}
	if c.bad >= 0 {
		return s.table.At(c.bad, c.Name, fmt.Sprintf("no label here (%d of %d rows have none)"+
			"\nhint: leave out rows whose outcome is not known yet", c.empty, s.table.Rows))
	}
	if c.void >= 0 && (c.nearly() || c.distinct > 2) {
		return s.table.At(c.void, c.Name, fmt.Sprintf("is the label missing here? It is %s"+
			"\nhint: leave out rows whose outcome is not known yet; if it is a class, give it another name", say(c.String(c.void))))
	}
	if c.nearly() && c.fractions {
		return s.noNumber(c, "leave out rows whose outcome is not known yet")
	}
	return nil
}

func (s *surveyed) ambiguous(what, flag string, candidates []*column) error {
	return fmt.Errorf("%s: %d columns could %s: %s\nhint: say which: %s",
		s.options.Predictions, len(candidates), what, list(names(candidates)), choice(flag, candidates))
}

// choice is what may be typed, for each of the columns.
func choice(flag string, columns []*column) string {
	var values []string
	for _, c := range columns {
		values = append(values, c.Name)
	}
	return either(flag, values)
}

// either is a flag with each of its values, four at most.
func either(flag string, values []string) string {
	const most = 4
	var out []string
	for _, v := range values[:min(most, len(values))] {
		out = append(out, flag+" "+shell(v))
	}
	if len(values) > most {
		out = append(out, "another")
	}
	return strings.Join(out, ", or ")
}

// shell is a name as it is typed after a flag.
func shell(name string) string {
	if strings.ContainsAny(name, " \t\n'\"\\$&|;<>()*?[]{}!#~`") || name == "" {
		return "'" + strings.ReplaceAll(name, "'", `'\''`) + "'"
	}
	return name
}
