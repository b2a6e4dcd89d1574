package modelfile

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"unicode/utf8"
)

// jsonText is one JSON value and nothing else; XGBoost, LightGBM and tokenizers
// write such models.
func jsonText(f *file) (Finding, bool) {
	first := bytes.TrimLeft(f.head, " \t\r\n")
	if len(first) == 0 || first[0] != '{' && first[0] != '[' {
		return Finding{}, false
	}
	if err := oneJSON(io.NewSectionReader(f.r, 0, f.size)); err != nil {
		return Finding{}, false // YAML may begin so too; broken JSON is text at best
	}
	return safe("json"), true
}

// oneJSON reads one JSON value, without a duplicate name in any object.
func oneJSON(r io.Reader) error {
	const deepest = 1000
	d := json.NewDecoder(r)
	d.UseNumber()
	type level struct {
		names map[string]bool // nil for an array
		name  bool            // a name is next
	}
	var levels []level
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return errCut
		}
		if err != nil {
			return err
		}
		value := true
		switch t := t.(type) {
		case json.Delim:
			switch t {
			case '{':
				levels, value = append(levels, level{map[string]bool{}, true}), false
			case '[':
				levels, value = append(levels, level{}), false
			default:
				levels = levels[:len(levels)-1]
			}
			if len(levels) > deepest {
				return fmt.Errorf("more than %d levels deep", deepest)
			}
		case string:
			if n := len(levels); n > 0 && levels[n-1].name {
				if levels[n-1].names[t] {
					return fmt.Errorf("%q twice", t)
				}
				levels[n-1].names[t] = true
				levels[n-1].name, value = false, false
			}
		}
		if n := len(levels); value && n > 0 && levels[n-1].names != nil {
			levels[n-1].name = true
		}
		if len(levels) == 0 {
			break
		}
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more follows behind the JSON value")
	}
	return nil
}

var (
	// code is what a line of Python, R or a shell begins with.
	code = regexp.MustCompile(`^\s*(import\s+\w|from\s+[\w.]+\s+import\b|def\s+\w+\s*\(|async\s+def\s|class\s+\w+\s*[:(]|exec\s*\(|eval\s*\(|__import__\s*\(|@\w+|library\s*\(|source\s*\(|<\?php|<script)`)
	// pythonTag is what makes YAML call Python.
	pythonTag = regexp.MustCompile(`!!?(<tag:yaml\.org,2002:)?python|tag:yaml\.org,2002:python|%TAG`)
	// entity is what makes XML read files.
	entity = regexp.MustCompile(`<!(DOCTYPE|ENTITY)`)
)

// plainText is UTF-8 without NUL that is no program: LightGBM's text, PMML,
// YAML, TOML, vocabularies.
func plainText(f *file) (Finding, bool) {
	r := bufio.NewReaderSize(io.NewSectionReader(f.r, 0, f.size), 1<<16)
	out := &findings{}
	isCode := false
	var rest []byte // the bytes of a character or word that was cut
	for fresh := true; ; {
		b, err := r.ReadSlice('\n')
		full := errors.Is(err, bufio.ErrBufferFull)
		if err != nil && !full && !errors.Is(err, io.EOF) {
			return broken("text", err), true
		}
		b = append(rest, b...)
		whole := b
		if full {
			whole = b[:len(b)-64]
			for len(whole) > 0 && !utf8.RuneStart(b[len(whole)]) {
				whole = whole[:len(whole)-1]
			}
		}
		if !utf8.Valid(whole) || bytes.IndexByte(whole, 0) >= 0 {
			return Finding{}, false
		}
		isCode = isCode || fresh && code.Match(b)
		if pythonTag.Match(b) {
			out.add("is YAML that makes its loader call Python")
		}
		if entity.Match(b) {
			out.add("is XML that makes its loader read other files")
		}
		rest, fresh = append([]byte(nil), b[len(whole):]...), !full
		if errors.Is(err, io.EOF) {
			break
		}
	}
	if isCode {
		return unsafe("executable", append(out.all(), "is the text of a program")...), true
	}
	return result("text", out, nil), true
}
