package table

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// WriteCSV writes a header and rows, quoted where needed, with \n line ends.
// It refuses what Read would refuse or read differently: rows of another
// length than the header, and text that is not UTF-8.
func WriteCSV(w io.Writer, header []string, rows func(yield func([]string) bool)) error {
	out := bufio.NewWriterSize(w, 1<<16)
	if len(header) == 0 {
		return errors.New("writing CSV: no columns")
	}
	if err := writeRecord(out, header, len(header)); err != nil {
		return fmt.Errorf("writing CSV: header: %w", err)
	}
	n := 0
	var err error
	rows(func(cells []string) bool {
		n++
		err = writeRecord(out, cells, len(header))
		return err == nil
	})
	if err != nil {
		return fmt.Errorf("writing CSV: row %d: %w", n, err)
	}
	return out.Flush()
}

func writeRecord(w *bufio.Writer, cells []string, want int) error {
	if len(cells) != want {
		return fmt.Errorf("%s where the header has %d", count(len(cells), "cell"), want)
	}
	for i, cell := range cells {
		if !utf8.ValidString(cell) {
			return fmt.Errorf("%q is not UTF-8", cell)
		}
		if i > 0 {
			w.WriteByte(',')
		}
		// A line with nothing on it is no record to any reader, so the only
		// cell of a row is quoted where it is empty.
		if !strings.ContainsAny(cell, ",\"\r\n") && (cell != "" || want > 1) {
			w.WriteString(cell)
			continue
		}
		w.WriteByte('"')
		w.WriteString(strings.ReplaceAll(cell, `"`, `""`))
		w.WriteByte('"')
	}
	return w.WriteByte('\n')
}
