package cli

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestTablesFitTheTerminal: bars take the room that a terminal leaves, up to a
// point, and are left out where it leaves too little.
func TestTablesFitTheTerminal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rows.csv")
	text := "sex,y,p\n"
	for i := range 60 {
		text += fmt.Sprintf("%c,%d,0.%02d\n", "fm"[i%2], i/3%2, 20+(i*37)%60)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		width int
		want  int // cells of the overall accuracy's bar
	}{
		"no terminal":     {0, 32},
		"a wide one":      {200, 32},
		"a narrow one":    {75, 28},
		"a narrower one":  {59, 12},
		"too narrow":      {58, 0},
		"hardly anything": {10, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var out, said bytes.Buffer
			env := Env{Out: &out, Err: &said, Getenv: func(string) string { return "" }, Width: tt.width}
			status := Run(t.Context(), env, []string{"evaluate", "--predictions", path, "--label", "y", "--score", "p", "--metric", "accuracy", "--slice", "sex", "--min-rows", "5"})
			if status != 0 {
				t.Fatalf("ended with %d: %s", status, said.String())
			}
			found := false
			for line := range strings.Lines(out.String()) {
				if strings.HasPrefix(line, "  accuracy ") {
					found = true
					if got := strings.Count(line, "·") + strings.Count(line, "─") + strings.Count(line, "├") + strings.Count(line, "┤") + strings.Count(line, "●"); got != tt.want {
						t.Errorf("got a bar of %d cells; want %d: %s", got, tt.want, line)
					}
				}
				if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); strings.HasPrefix(line, "  ") && tt.width > 70 && n > tt.width {
					t.Errorf("%d columns: %s", n, line)
				}
			}
			if !found {
				t.Errorf("there is no accuracy in\n%s", out.String())
			}
		})
	}
}

// TestPlain: what asks for ASCII, and what does not.
func TestPlain(t *testing.T) {
	for name, tt := range map[string]struct {
		environ map[string]string
		want    bool
	}{
		"nothing is said":              {nil, false},
		"UTF-8":                        {map[string]string{"LANG": "en_GB.UTF-8"}, false},
		"utf8":                         {map[string]string{"LANG": "C.utf8"}, false},
		"another character set":        {map[string]string{"LANG": "de_DE.ISO-8859-1"}, true},
		"the C locale":                 {map[string]string{"LANG": "C"}, true},
		"LC_ALL goes before the rest":  {map[string]string{"LANG": "C.UTF-8", "LC_CTYPE": "C.UTF-8", "LC_ALL": "POSIX"}, true},
		"LC_CTYPE goes before LANG":    {map[string]string{"LANG": "C", "LC_CTYPE": "C.UTF-8"}, false},
		"no colour":                    {map[string]string{"NO_COLOR": "1", "LANG": "C.UTF-8"}, true},
		"a dumb terminal":              {map[string]string{"TERM": "dumb"}, true},
		"a terminal of another making": {map[string]string{"TERM": "xterm"}, false},
	} {
		a := &app{env: Env{Getenv: func(name string) string { return tt.environ[name] }}}
		if got := a.plain(); got != tt.want {
			t.Errorf("%s: got %t; want %t", name, got, tt.want)
		}
	}
}
