package report

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/weighlock/weighlock/internal/verdict"
)

// readMarkdown checks by hand: there is no Markdown parser among the
// dependencies. Names must not form HTML, links or mentions, each table row
// must have as many cells as its head, and folds must close.
func readMarkdown(t *testing.T, out []byte, r *verdict.Report) {
	text := string(out)
	if first, _, _ := strings.Cut(text, "\n"); !strings.HasPrefix(first, "## ") || !strings.Contains(first, word(r)+": ") {
		t.Errorf("the first line is %q", first)
	}
	bare := markdownCode.ReplaceAllString(text, "CODE")
	for _, tag := range markdownTag.FindAllStringSubmatch(bare, -1) {
		switch tag[2] {
		case "<details>", "</details>", "<summary>", "</summary>", "<br>", "<!-- -->":
		default:
			t.Errorf("holds the tag %q", tag[2])
		}
	}
	if open, closed := strings.Count(bare, "<details>"), strings.Count(bare, "</details>"); open != closed {
		t.Errorf("%d folds are opened, %d are closed", open, closed)
	}
	for _, part := range []string{"http://", "www.", "@octocat"} {
		if strings.Contains(bare, part) {
			t.Errorf("holds %q, which becomes a link or a mention", part)
		}
	}
	if found := markdownLink.FindString(bare); found != "" {
		t.Errorf("holds the link %q", found)
	}
	cells := 0
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "|") {
			cells = 0
			continue
		}
		n := strings.Count(markdownPipe.ReplaceAllString(line, ""), "|")
		if cells == 0 {
			cells = n
		}
		if n != cells {
			t.Fatalf("%d cells where the head has %d: %q", n, cells, line)
		}
	}
}

var (
	markdownCode = regexp.MustCompile("(?m)`(?:[^`\n]+)`|`` [^\n]*? ``(?:[^`]|$)|``` [^\n]*? ```(?:[^`]|$)|```` [^\n]*? ````(?:[^`]|$)")
	markdownTag  = regexp.MustCompile(`(^|[^\\])(</?[a-zA-Z][^>\n]*>|<!--.*?-->)`)
	markdownLink = regexp.MustCompile(`[^\\]\]\([^)]*\)`)
	markdownPipe = regexp.MustCompile(`\\\||\\\\`)
)

// Whatever room there is, the page keeps to it, is whole, and begins with the
// worst.
func TestMarkdownKeepsToItsLimit(t *testing.T) {
	r := manyChecks()
	for _, limit := range []int{4 << 10, 65536, 300000} {
		var out bytes.Buffer
		if err := Markdown(&out, r, Options{Limit: limit}); err != nil {
			t.Fatal(err)
		}
		if out.Len() > limit {
			t.Errorf("%d bytes; limit %d", out.Len(), limit)
		}
		readMarkdown(t, out.Bytes(), r)
		text := out.String()
		if !strings.Contains(text, "**Cut short here**") || !strings.Contains(text, "of 10000 checks are not shown (") {
			t.Errorf("limit %d: does not say what was cut:\n%s", limit, text[len(text)-400:])
		}
		if strings.Contains(text, "✗ fail:") && !strings.Contains(text, "✗ error:") {
			t.Errorf("limit %d: something else comes before the worst", limit)
		}
	}
}

func TestProse(t *testing.T) {
	for in, want := range map[string]string{
		"roc_auc is 0.8156":         `roc\_auc is 0.8156`,
		"[x](http://a.example)":     `\[x\](http\://a.example)`,
		"cc @octocat":               "cc @<!-- -->octocat",
		"<b>&amp;</b>":              `\<b\>\&amp;\</b\>`,
		"a|b":                       `a\|b`,
		"- item":                    `\- item`,
		"two\nlines, \x1b[1mbold":   `two lines, ·\[1mbold`,
		"www.example.com ![i](j) #": `www\.example.com \!\[i\](j) \#`,
	} {
		if got := prose(in); got != want {
			t.Errorf("prose(%q) = %s; want %s", in, got, want)
		}
	}
}

func TestCodeCell(t *testing.T) {
	for in, want := range map[string]string{
		"recall{age=(-inf,25)}": "`recall{age=(-inf,25)}`",
		"a|b":                   "`a\\|b`",
		"`tick``":               "``` `tick`` ```",
		`a\|b`:                  `a\\\|b`,
		" ":                     "",
	} {
		if got := codeCell(in); got != want {
			t.Errorf("codeCell(%q) = %s; want %s", in, got, want)
		}
	}
}
