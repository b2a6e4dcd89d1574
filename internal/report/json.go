package report

import (
	"bytes"
	"encoding/json"
	"io"

	"github.com/weighlock/weighlock/internal/verdict"
)

// JSON writes the report as indented JSON; its schema is
// schema/predicate/verdict/v1.
func JSON(w io.Writer, r *verdict.Report, _ Options) error { return writeJSON(w, r) }

// writeJSON breaks "##", by which some CI runners take part of a line for a
// command; to a JSON reader it is the same text.
func writeJSON(w io.Writer, v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return err
	}
	_, err := w.Write(bytes.ReplaceAll(b.Bytes(), []byte("##"), []byte(`#\u0023`)))
	return err
}
