package report

import (
	"strings"
	"testing"

	"github.com/weighlock/weighlock/internal/verdict"
)

func TestBar(t *testing.T) {
	check := func(value, low, high float64, e *verdict.Expected) verdict.Check {
		return verdict.Check{Observed: &verdict.Observed{Value: &value, Low: &low, High: &high}, Expected: e}
	}
	for _, c := range []struct {
		name  string
		check verdict.Check
		cells int
		want  string
	}{
		{"below its limit", check(0.39, 0.35, 0.43, &verdict.Expected{Min: num(0.5)}), 20, "·├────●───┤·······┃·"},
		{"around its limit", check(0.52, 0.45, 0.6, &verdict.Expected{Min: num(0.5)}), 20, "·├─────┃─●────────┤·"},
		{"just below its limit", check(0.4999999, 0.3, 0.49999995, &verdict.Expected{Min: num(0.5)}), 20, "·├───────────────●┃·"},
		{"just above its limit", check(0.2000001, 0.2000001, 0.4, &verdict.Expected{Max: num(0.2)}), 20, "·┃●───────────────┤·"},
		{"on its limit", check(0.5, 0.4, 0.6, &verdict.Expected{Min: num(0.5)}), 21, "·├────────●────────┤·"},
		{"two limits", check(0, -0.1, 0.1, &verdict.Expected{Min: num(-0.2), Max: num(0.2)}), 21, "·┃····├───●───┤····┃·"},
		{"too narrow to say anything", check(0.39, 0.35, 0.43, nil), 8, ""},
		{"one number and nothing to hold it against", check(1, 1, 1, nil), 20, ""},
		{"no number", verdict.Check{}, 20, ""},
	} {
		if got := bar(c.check, c.cells, false); got != c.want {
			t.Errorf("%s: got %q; want %q", c.name, got, c.want)
		}
		ascii := strings.NewReplacer("·", ".", "├", "|", "─", "-", "┤", "|", "●", "o", "┃", "!").Replace(c.want)
		if got := bar(c.check, c.cells, true); got != ascii {
			t.Errorf("%s, in ASCII: got %q; want %q", c.name, got, ascii)
		}
	}
}
