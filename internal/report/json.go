package report

import (
	"encoding/json"
	"io"

	"github.com/weighlock/weighlock/internal/verdict"
)

// JSON writes the report as indented JSON; its schema is
// schema/predicate/verdict/v1.
func JSON(w io.Writer, r *verdict.Report, _ Options) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}
