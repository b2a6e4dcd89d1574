package schema

import (
	"path"
)

// Document is a checked document, with the place of everything in it.
type Document struct {
	name string // of its definition
	root *node
	json []byte
}

// File is one file of a document that is spread over several.
type File struct {
	Name string
	Text []byte
}

// Decode reads a document and checks it against the definition of a name.
// The file's suffix says how it is written: .yaml, .yml, .cue, or else JSON.
// What is wrong with it comes back as Errors, all of it at once; only a text
// that cannot be read as its format hides what it says.
func Decode(name, file string, text []byte) (*Document, error) {
	return DecodeFiles(name, []File{{file, text}})
}

// DecodeFiles is Decode for a document in several CUE files of one package.
// In another format it takes exactly one file.
func DecodeFiles(name string, files []File) (*Document, error) {
	f, err := shared().form(name)
	if err != nil {
		return nil, err
	}
	root, found := read(files)
	if root != nil {
		c := checker{found: found}
		c.check(f, root, "")
		found = c.found
	}
	for i := range found {
		found[i].Schema = name
	}
	if err := found.asError(); err != nil || root == nil {
		return nil, err
	}
	return &Document{name: name, root: root, json: root.encode(nil)}, nil
}

// read parses files. The root is nil where they cannot be read on.
func read(files []File) (*node, Errors) {
	if len(files) == 0 {
		return nil, Errors{{Message: "no file to read"}}
	}
	first := files[0]
	suffix := path.Ext(first.Name)
	if suffix == ".cue" {
		return readCUE(files)
	}
	if len(files) > 1 {
		return nil, Errors{{File: files[1].Name, Message: "only CUE documents may be split over several files"}}
	}
	if suffix == ".yaml" || suffix == ".yml" {
		return readYAML(first.Name, first.Text)
	}
	return readJSON(first.Name, first.Text)
}

// JSON is the document as JSON: what was written, in its order, with no
// default filled in.
func (d *Document) JSON() []byte { return d.json }

// Position is where a path stands in the document, as line and column from 1:
// the field's name, or a list's item. Where there is nothing at the path, it
// is the nearest parent's place, and ok is false.
func (d *Document) Position(path string) (line, col int, ok bool) {
	_, line, col, ok = d.Place(path)
	return line, col, ok
}

// Place is Position with the file, for documents in several files.
func (d *Document) Place(path string) (file string, line, col int, ok bool) {
	n, whole := d.root.find(path)
	return n.keyAt.file, n.keyAt.line, n.keyAt.col, whole
}

// Locate gives each problem the place in the document at which its path
// stands.
func (d *Document) Locate(found Errors) {
	for i := range found {
		p := &found[i]
		p.Schema = d.name
		p.File, p.Line, p.Col, _ = d.Place(p.Path)
	}
}

// CheckJSON checks one JSON value against the definition of a name. Beside
// what Decode refuses, it is for statements, which have no lines worth
// naming: the problems carry paths only.
func CheckJSON(name string, text []byte) error {
	f, err := shared().form(name)
	if err != nil {
		return err
	}
	root, found := readJSON("", text)
	if root == nil {
		return found.asError()
	}
	c := checker{found: found}
	c.check(f, root, "")
	return c.found.asError()
}
