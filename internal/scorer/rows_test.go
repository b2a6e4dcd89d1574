package scorer

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weighlock/weighlock/internal/table"
)

func read(t *testing.T, name, text, id string, labels ...string) (*Rows, error) {
	t.Helper()
	return ReadRows(t.Context(), name, []table.File{{Name: name, R: strings.NewReader(text), Size: int64(len(text))}}, id, labels)
}

// What the command gets is what is in the file, without the labels.
func TestRowsAreWrittenAsTheyAreInTheFile(t *testing.T) {
	const csv = "id,zip,spam,rude\n1,007,0,1\n2,1.50,1,0\n"
	for name, c := range map[string]struct {
		file, text string
		labels     []string
		want       string
	}{
		"several labels": {"t.csv", csv, []string{"spam", "rude"}, "id,zip\n1,007\n2,1.50\n"},
		"one label":      {"t.csv", csv, []string{"rude"}, "id,zip,spam\n1,007,0\n2,1.50,1\n"},
		"no label":       {"t.csv", csv, nil, csv},
		"JSONL":          {"t.jsonl", `{"id":1,"zip":"007","y":true}` + "\n" + `{"id":2,"zip":"1.50","y":false}` + "\n", []string{"y"}, "id,zip\n1,007\n2,1.50\n"},
	} {
		t.Run(name, func(t *testing.T) {
			rows, err := read(t, c.file, c.text, "id", c.labels...)
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			if err := rows.Write(&out); err != nil || out.String() != c.want {
				t.Errorf("got %q, %v; want %q", out.String(), err, c.want)
			}
		})
	}
}

func TestRowsThatAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		text   string
		labels []string
		want   string
	}{
		"one of the labels is not there": {"id,spam\n1,0\n", []string{"spam", "rude"}, "t.csv has no column rude"},
		"no rows":                        {"id,spam\n", []string{"spam"}, "t.csv has no rows"},
	} {
		if _, err := read(t, "t.csv", c.text, "id", c.labels...); err == nil || err.Error() != c.want {
			t.Errorf("%s: got %v; want %s", name, err, c.want)
		}
	}
}

func TestAnswerOfSeveralColumns(t *testing.T) {
	rows, err := read(t, "t.csv", "id,x,y\n01,a,0\n02,b,1\n", "id", "y")
	if err != nil {
		t.Fatal(err)
	}
	a := Answer{Command: "s", Name: "p.csv", ID: "id", Numbers: []string{"p"}, Flags: []string{"ok"}, Texts: []string{"said"}}
	answer := func(text string) (*Said, error) {
		return a.Read(t.Context(), rows, strings.NewReader(text), int64(len(text)))
	}
	got, err := answer("id,said,p,ok\n02,1.0,0.5,true\n01,1,0.25,false\n")
	if err != nil {
		t.Fatal(err)
	}
	want := &Said{Numbers: map[string][]float64{"p": {0.25, 0.5}, "ok": {0, 1}}, Texts: map[string][]string{"said": {"1", "1.0"}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for name, c := range map[string]struct{ text, want string }{
		"no score":               {"id,said,p,ok\n02,a,,true\n01,a,0.25,false\n", "column p: the score is missing or not a finite number"},
		"a score that is none":   {"id,said,p,ok\n02,a,inf,true\n01,a,0.25,false\n", "column p: the score is missing or not a finite number"},
		"neither true nor false": {"id,said,p,ok\n02,a,1,\n01,a,0.25,false\n", "column ok: the score is missing or not a finite number"},
		"a score of true":        {"id,said,p,ok\n02,a,true,true\n01,a,true,false\n", "column p"},
		"no decision":            {"id,p,ok\n02,1,true\n01,0,false\n", "said"},
	} {
		if _, err := answer(c.text); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), `the output of "s"`) {
			t.Errorf("%s: got %v; want %q", name, err, c.want)
		}
	}
}

// TestRowsOfSeveralFiles: the command sees the rows of all of them, as they are
// written in each.
func TestRowsOfSeveralFiles(t *testing.T) {
	file := func(name, text string) table.File {
		return table.File{Name: name, R: strings.NewReader(text), Size: int64(len(text))}
	}
	files := []table.File{file("a.csv", "id,zip,y\n01,007,0\n"), file("b.jsonl", `{"id":"02","zip":"1.50","y":1}`+"\n"), file("c.csv", "y,id,zip\n1,03,x\n")}
	rows, err := ReadRows(t.Context(), "all/*", files, "id", []string{"y"})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := rows.Write(&b); err != nil {
		t.Fatal(err)
	}
	if want := "id,zip\n01,007\n02,1.50\n03,x\n"; b.String() != want {
		t.Errorf("got %q; want %q", b.String(), want)
	}
	if rows.Name != "all/*" || rows.Table().Name != "all/*" || rows.Table().File(1) != "b.jsonl" {
		t.Errorf("the rows are called %s, the table %s, the file of the second row %s", rows.Name, rows.Table().Name, rows.Table().File(1))
	}
	broken := []table.File{files[0], file("b.jsonl", "{\n")}
	if _, err := ReadRows(t.Context(), "all/*", broken, "id", []string{"y"}); err == nil || !strings.HasPrefix(err.Error(), "b.jsonl: line 1") {
		t.Errorf("got %v; want b.jsonl, line 1", err)
	}
}
