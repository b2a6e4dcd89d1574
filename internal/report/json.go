package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/weighlock/weighlock/internal/verdict"
)

// JSON writes the report as indented JSON; its schema is
// schema/predicate/verdict/v1.
func JSON(w io.Writer, r *verdict.Report, _ Options) error { return writeJSON(w, r) }

// writeJSON writes characters that could repaint a terminal as \u escapes, and
// breaks "##", by which some CI runners take part of a line for a command; to a
// JSON reader all of it is the same text.
func writeJSON(w io.Writer, v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return err
	}
	text := strings.ReplaceAll(b.String(), "##", `#\u0023`)
	_, err := io.WriteString(w, escapeRunes(text))
	return err
}

// escapeRunes escapes what is not plain; in JSON that has been written, it can
// stand in strings only, and line breaks only between values.
func escapeRunes(text string) string {
	var b strings.Builder
	for _, r := range text {
		if r != '\n' && !plain(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}
