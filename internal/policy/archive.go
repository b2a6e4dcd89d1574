package policy

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/canonical"
)

// stored is a file's name in the archive: the number of its tree, then its
// path there.
func stored(tree int, name string) string { return path.Join(strconv.Itoa(tree), name) }

// Names in the archive that OPA itself reads.
const (
	manifestFile = ".manifest"
	tableFile    = "data.json"
	manifest     = `{"revision":"","roots":["main","weighlock","parameters","levels","rules"],"rego_version":1}`
)

// Digest is the SHA-256 of Archive.
func (b *Bundle) Digest() string { return b.digest }

// Archive is the bundle as a gzipped tar in OPA's bundle form. The same rules,
// levels and parameters give the same bytes. Tests are left out: they decide
// nothing. OPA, conftest and Conforma read the Rego and data.json; the rest
// is for LoadArchive.
func (b *Bundle) Archive() ([]byte, error) {
	table, err := b.table()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	// Stored, not deflated: the bytes then depend on no compressor's version.
	zip, err := gzip.NewWriterLevel(&out, gzip.NoCompression)
	if err != nil {
		return nil, err
	}
	w := tar.NewWriter(zip)
	errs := []error{
		writeEntry(w, manifestFile, []byte(manifest)),
		writeEntry(w, tableFile, table),
	}
	for i, t := range b.trees {
		for _, name := range t.names() {
			errs = append(errs, writeEntry(w, stored(i, name), t[name]))
		}
	}
	errs = append(errs, w.Close(), zip.Close())
	return out.Bytes(), errors.Join(errs...)
}

func writeEntry(w *tar.Writer, name string, text []byte) error {
	h := &tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(text)), ModTime: time.Unix(0, 0).UTC(), Format: tar.FormatUSTAR}
	if err := w.WriteHeader(h); err != nil {
		return fmt.Errorf("archiving %s: %w", name, err)
	}
	_, err := w.Write(text)
	return err
}

// table is data.json: what foreign programs that run the same Rego need to
// know about parameters, levels and items.
func (b *Bundle) table() ([]byte, error) {
	values := map[string]any{}
	for name, p := range b.parameters {
		if p.Value != nil {
			values[name] = p.Value
		}
	}
	levels := map[string]map[string]string{}
	for name, l := range b.levels {
		levels[name] = map[string]string{}
		for id, asked := range l.Rules {
			levels[name][id] = string(asked.When)
		}
	}
	rules := map[string]any{}
	for _, r := range b.rules {
		rules[r.ID] = r.table()
	}
	return canonical.Marshal(map[string]any{"parameters": values, "levels": levels, "rules": rules})
}

func (r Rule) table() map[string]any {
	evidence := [][]string{}
	for _, p := range r.Evidence {
		evidence = append(evidence, segments(p))
	}
	name, _ := strings.CutPrefix(r.Declared, "parameters.")
	out := map[string]any{"title": r.Title, "solution": r.Solution, "items": segments(r.Items), "declared": segments(r.Declared), "evidence": evidence}
	if name != r.Declared {
		out["parameter"] = name
	}
	return out
}

// Limits on a foreign archive, in bytes unpacked and in files.
const (
	maxArchive = 16 << 20
	maxEntries = 10_000
)

// LoadArchive reads what Archive wrote. The digest is that of text, or there
// is an error.
func LoadArchive(text []byte) (*Bundle, error) {
	trees, err := unpack(text)
	if err != nil {
		return nil, fmt.Errorf("policy archive: %w", err)
	}
	b, err := load(trees)
	if err != nil {
		return nil, err
	}
	if want := artifact.Digest(text); b.Digest() != want {
		return nil, fmt.Errorf("policy archive: its digest is %s, but what it holds, written anew, has %s", want, b.Digest())
	}
	return b, nil
}

func unpack(text []byte) ([]tree, error) {
	zip, err := gzip.NewReader(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	r := tar.NewReader(io.LimitReader(zip, maxArchive))
	var trees []tree
	for range maxEntries {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return trees, nil
		}
		if err != nil {
			return nil, err
		}
		file, err := io.ReadAll(r)
		if err != nil {
			return nil, err
		}
		if trees, err = place(trees, h.Name, file); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("more than %d files", maxEntries)
}

// place puts one file of an archive into its tree.
func place(trees []tree, name string, text []byte) ([]tree, error) {
	if name == manifestFile || name == tableFile {
		return trees, nil
	}
	number, rest, ok := strings.Cut(name, "/")
	i, err := strconv.Atoi(number)
	if !ok || err != nil || i < 0 || i > len(trees) || !fs.ValidPath(rest) {
		return nil, fmt.Errorf("%q is not a name that Weighlock writes", name)
	}
	if i == len(trees) {
		trees = append(trees, tree{})
	}
	if _, ok := trees[i][rest]; ok {
		return nil, fmt.Errorf("%q is there twice", name)
	}
	if counts, err := decides(rest); !counts {
		return nil, errors.Join(fmt.Errorf("%q decides nothing", name), err)
	}
	trees[i][rest] = text
	return trees, nil
}
