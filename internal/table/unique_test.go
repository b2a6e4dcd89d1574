package table

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/weighlock/weighlock/internal/spill"
)

func TestUnique(t *testing.T) {
	const once = "\nhint: write each row once"
	for name, c := range map[string]struct {
		files []File
		want  string
	}{
		"each once":         {[]File{file("1.csv", "id,p\n7,1\n007,1\n"), file("2.jsonl", `{"id":"07"}`)}, ""},
		"no rows":           {[]File{file("1.csv", "id\n")}, ""},
		"several":           {[]File{file("1.csv", "id\n7\n007\n"), file("2.jsonl", "{\"id\":\"07\"}\n{\"id\":8}\n")}, ""},
		"twice in a file":   {[]File{file("1.csv", "id\n7\n\n8\n9\n9\n8\n7\n")}, "1.csv: line 6, column id: id \"9\" for the second time; the first is at line 5" + once},
		"three times":       {[]File{file("1.csv", "id\nx\nx\nx\n")}, "1.csv: line 3, column id: id \"x\" for the second time; the first is at line 2" + once},
		"twice in two":      {[]File{file("1.csv", "id\n7\n8\n"), file("2.jsonl", "{\"id\":9}\n\n{\"id\":8}\n")}, "2.jsonl: line 3, column id: id \"8\" for the second time; the first is at 1.csv, line 3" + once},
		"a row without one": {[]File{file("1.csv", "id\n7\n\"\"\n7\n")}, "1.csv: line 3, column id: a row without an id\nhint: give every row an id"},
		"no such column":    {[]File{file("1.csv", "key\n7\n")}, `1.csv: no column "id"; the columns are key`},
	} {
		t.Run(name, func(t *testing.T) {
			err := Unique(context.Background(), c.files, "id", spill.Options{})
			want := c.want
			if want == "" {
				want = "<nil>"
			}
			if got := fmt.Sprint(err); got != want {
				t.Errorf("got %s; want %s", got, want)
			}
		})
	}
}

// TestUniqueIsExact holds it against a map, with so little room that nearly all
// ids are on disk.
func TestUniqueIsExact(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 40 {
		var b strings.Builder
		b.WriteString("id\n")
		met, want := map[string]int{}, "<nil>"
		for i := range 2000 {
			id := fmt.Sprint(r.IntN(1_000_000 << n))
			fmt.Fprintln(&b, id)
			if first, ok := met[id]; ok && want == "<nil>" {
				want = fmt.Sprintf("f.csv: line %d, column id: id %q for the second time; the first is at line %d\nhint: write each row once", i+2, id, first)
			} else if !ok {
				met[id] = i + 2
			}
		}
		err := Unique(context.Background(), []File{file("f.csv", b.String())}, "id", spill.Options{Memory: 5000, Dir: t.TempDir()})
		if got := fmt.Sprint(err); got != want {
			t.Errorf("got %s; want %s", got, want)
		}
	}
}
