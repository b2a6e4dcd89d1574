package evaluate

import (
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
)

func TestSplitList(t *testing.T) {
	tests := map[string]struct {
		text string
		want []string
	}{
		"one":                             {"roc_auc", []string{"roc_auc"}},
		"several":                         {"roc_auc,brier", []string{"roc_auc", "brier"}},
		"with spaces":                     {"roc_auc, brier", []string{"roc_auc", "brier"}},
		"an argument":                     {"f_beta(2),recall", []string{"f_beta(2)", "recall"}},
		"several arguments":               {"cost(fp=1,fn=5),recall", []string{"cost(fp=1,fn=5)", "recall"}},
		"edges at the end":                {"sex,age:25,40", []string{"sex", "age:25,40"}},
		"edges in the middle":             {"age:-1.5,25,1e2,sex", []string{"age:-1.5,25,1e2", "sex"}},
		"edges of two columns":            {"age:25,40,income:1000", []string{"age:25,40", "income:1000"}},
		"a number that follows no colon":  {"2020,2021", []string{"2020", "2021"}},
		"a colon inside an argument":      {"recall(a:b),2", []string{"recall(a:b)", "2"}},
		"an argument in parentheses":      {"recall((x),y)", []string{"recall((x),y)"}},
		"a word of time":                  {"seen:month,sex", []string{"seen:month", "sex"}},
		"a column that is called nothing": {"a b", []string{"a b"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := SplitList(tt.text)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
	for text, want := range map[string]string{
		"":              "an item of the list \"\" is empty\nhint: separate items by one comma each",
		"a,,b":          "an item of the list \"a,,b\" is empty\nhint: separate items by one comma each",
		"f_beta(2":      "the parentheses in \"f_beta(2\" do not match\nhint: quote the list for the shell, as in 'f_beta(2),recall'",
		"f_beta)2(,a":   "the parentheses in \"f_beta)2(,a\" do not match\nhint: quote the list for the shell, as in 'f_beta(2),recall'",
		"recall,f(1)),": "the parentheses in \"recall,f(1)),\" do not match\nhint: quote the list for the shell, as in 'f_beta(2),recall'",
	} {
		if got, err := SplitList(text); err == nil || err.Error() != want {
			t.Errorf("%q: got %q, %v; want %s", text, got, err, want)
		}
	}
}

// FuzzSplitList: nothing of a list is lost, and no item is empty.
func FuzzSplitList(f *testing.F) {
	for _, text := range []string{"sex,age:25,40", "f_beta(2),recall", "a,,b", "(", "a:1,2,b"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		items, err := SplitList(text)
		if err != nil {
			return
		}
		for _, item := range items {
			if strings.TrimSpace(item) == "" {
				t.Fatalf("%q has an empty item: %q", text, items)
			}
		}
		keep := func(s string) string {
			return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == ',' || unicode.IsSpace(r) }), "")
		}
		if got, want := keep(strings.Join(items, ",")), keep(text); got != want {
			t.Fatalf("%q became %q", text, items)
		}
	})
}
