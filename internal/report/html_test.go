package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/weighlock/weighlock/internal/verdict"
)

// readHTML tokenizes with golang.org/x/net/html, and is stricter than a
// browser: every element that is opened is closed in its order, there are only
// the elements of the template, no attribute loads or runs anything, and the
// policy names the very style that is there.
func readHTML(t *testing.T, out []byte, r *verdict.Report) {
	z := html.NewTokenizer(bytes.NewReader(out))
	var open []string
	texts := map[string]string{}
	policy, rows := "", 0
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			break
		}
		token := z.Token()
		switch kind {
		case html.StartTagToken, html.SelfClosingTagToken:
			allowed(t, token)
			if token.Data == "tr" {
				rows++
			}
			if token.Data == "meta" && attribute(token, "http-equiv") == "Content-Security-Policy" {
				policy = attribute(token, "content")
			}
			if kind == html.StartTagToken && token.Data != "meta" && token.Data != "br" {
				open = append(open, token.Data)
			}
		case html.EndTagToken:
			if len(open) == 0 || open[len(open)-1] != token.Data {
				t.Fatalf("</%s> closes %v", token.Data, open)
			}
			open = open[:len(open)-1]
		case html.TextToken:
			if len(open) > 0 {
				texts[open[len(open)-1]] += token.Data
			}
		case html.CommentToken:
			t.Errorf("holds the comment %q", token.Data)
		}
	}
	if len(open) > 0 {
		t.Errorf("never closed: %v", open)
	}
	sum := sha256.Sum256([]byte(texts["style"]))
	if want := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"; policy != want {
		t.Errorf("policy is %s; want %s", policy, want)
	}
	if !strings.HasPrefix(texts["title"], word(r)+": ") {
		t.Errorf("the title is %q", texts["title"])
	}
	if groups := len(byRule(worstFirst(r))); rows != len(r.Checks)+groups {
		t.Errorf("%d rows for %d checks and %d heads", rows, len(r.Checks), groups)
	}
}

var (
	htmlElements   = strings.Fields("html head meta title style body header p h1 h2 span b code svg rect line circle ul li main section details summary dl div dt dd table thead tbody tr th td small br")
	htmlAttributes = strings.Fields("lang charset http-equiv content name class viewbox viewBox preserveaspectratio preserveAspectRatio role aria-label x y x1 y1 x2 y2 cx cy r rx width height scope open")
)

func allowed(t *testing.T, token html.Token) {
	t.Helper()
	if !slices.Contains(htmlElements, token.Data) {
		t.Errorf("holds the element %s", token)
	}
	for _, a := range token.Attr {
		if !slices.Contains(htmlAttributes, a.Key) {
			t.Errorf("holds the attribute %s of %s", a.Key, token)
		}
	}
}

func attribute(token html.Token, key string) string {
	for _, a := range token.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// Every colour that the page uses is named for both, light and dark.
func TestHTMLHasBothColourSchemes(t *testing.T) {
	_, dark, _ := strings.Cut(htmlStyle, "prefers-color-scheme: dark")
	dark, _, _ = strings.Cut(dark, ".is-error")
	light, _, _ := strings.Cut(htmlStyle, "@media")
	for _, field := range strings.Fields(light) {
		if name, ok := strings.CutSuffix(field, ":"); ok && strings.HasPrefix(name, "--") && name != "--tone" && !strings.Contains(dark, name+":") {
			t.Errorf("%s has no dark value", name)
		}
	}
	for _, s := range verdict.Statuses() {
		if !strings.Contains(htmlStyle, "."+tone(s)+" {") {
			t.Errorf("the style gives %s no colour", s)
		}
	}
	if strings.Contains(htmlStyle, "url(") || strings.Contains(htmlStyle, "@import") {
		t.Error("the style loads something")
	}
}
