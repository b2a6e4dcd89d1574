package project

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"unicode/utf8"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/verdict"
	"github.com/weighlock/weighlock/schema"
)

// ErrByHand says that a pin has to be changed by a person.
var ErrByHand = errors.New("to be pinned by hand")

// Pin is a data file that the project file pins by digest.
type Pin struct {
	Path     string // in the project file, such as data.test.sha256
	File     string // as the project file names it
	Was, Is  string // 64 hexadecimal digits: what is pinned, and what the file has
	Location *verdict.Location
}

// Pins holds the data files that the project file pins, the test set first,
// against their digests, which sum gives, with the size in bytes, for a name of
// the project file: a file's or a set's. pointer says of a name that a file of it
// only stands for another, and of others nothing.
func (p *Project) Pins(sum func(file string) (string, int64, error), pointer func(file string) (string, error)) ([]Pin, error) {
	var pins []Pin
	for _, t := range []struct {
		path  string
		table *Table
	}{{"data.test", p.Data.Test}, {"data.train", p.Data.Train}} {
		if t.table == nil || t.table.SHA256 == "" {
			continue
		}
		digest, size, err := sum(t.table.File)
		if err != nil {
			return nil, fmt.Errorf("%s.file: %w", t.path, err)
		}
		if size == 0 {
			return nil, fmt.Errorf("%s.file: %s is empty, and pins nothing\nhint: write the data first", t.path, t.table.File)
		}
		if err := p.fetched(t.path+".file", t.table.File, pointer); err != nil {
			return nil, err
		}
		at := t.path + ".sha256"
		pins = append(pins, Pin{Path: at, File: t.table.File, Was: t.table.SHA256, Is: artifact.Hex(digest), Location: p.Location(at)})
	}
	if p.Predictions != nil && p.Predictions.File != "" {
		err := p.fetched("predictions.file", p.Predictions.File, pointer)
		if err != nil && !errors.Is(err, os.ErrNotExist) { // they may be made under the new pins
			return nil, err
		}
		if e := p.Predictions.Explanations; e != nil {
			err := p.fetched("predictions.explanations.file", e.File, pointer)
			if err != nil && !errors.Is(err, os.ErrNotExist) {
				return nil, err
			}
		}
	}
	return pins, nil
}

// fetched refuses a pointer of Git LFS or DVC: its digest says nothing about
// the file that it stands for.
func (p *Project) fetched(path, file string, pointer func(file string) (string, error)) error {
	said, err := pointer(file)
	switch {
	case err != nil:
		return fmt.Errorf("%s: reading %s: %w", path, file, err)
	case said != "":
		return fmt.Errorf("%s: %s %s\nhint: nothing was pinned; pin the file itself once it is there", path, file, said)
	}
	return nil
}

// Repin writes the digests of pins into the project file, and changes nothing
// else in it. A digest is as long as another, so that each is written over the
// old one where it stands. Where that cannot be told for certain, such as in
// CUE, nothing is written and the error is ErrByHand.
func (p *Project) Repin(pins []Pin) error {
	type edit struct {
		at   int
		text string
	}
	var edits []edit
	changed := bytes.Clone(p.Text)
	for _, pin := range pins {
		if pin.Was == pin.Is {
			continue
		}
		at, ok := p.digestAt(pin)
		if !ok {
			return p.byHand(pin)
		}
		copy(changed[at:], pin.Is)
		edits = append(edits, edit{at, pin.Is})
	}
	if len(edits) == 0 {
		return nil
	}
	if err := p.reads(changed, pins); err != nil {
		return err
	}
	f, err := os.OpenFile(p.Path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	now := make([]byte, len(p.Text)+1)
	n, _ := f.ReadAt(now, 0) // what could not be read differs from what was
	if !bytes.Equal(now[:n], p.Text) {
		f.Close()
		return fmt.Errorf("%s changed meanwhile, and nothing was pinned\nhint: run it again", filepath.Base(p.Path))
	}
	for _, e := range edits {
		_, failed := f.WriteAt([]byte(e.text), int64(e.at))
		err = errors.Join(err, failed)
	}
	return errors.Join(err, f.Close())
}

var pinned = regexp.MustCompile(`^["']?sha256["']?[ \t]*:\s*["']?`)

// digestAt is the offset of a pin's old digest in the project file, right
// behind its key.
func (p *Project) digestAt(pin Pin) (int, bool) {
	if filepath.Ext(p.Path) == ".cue" {
		return 0, false // where the value may come from anywhere
	}
	_, line, col, ok := p.document.Place(pin.Path)
	if !ok {
		return 0, false
	}
	at := offset(p.Text, line, col)
	key := pinned.Find(p.Text[at:])
	if key == nil || !bytes.HasPrefix(p.Text[at+len(key):], []byte(pin.Was)) {
		return 0, false
	}
	return at + len(key), true
}

// offset is where a line and column, in characters from 1, stand in a text.
func offset(text []byte, line, col int) int {
	at := 0
	for ; line > 1; line-- {
		at += bytes.IndexByte(text[at:], '\n') + 1
	}
	for ; col > 1 && at < len(text); col-- {
		_, size := utf8.DecodeRune(text[at:])
		at += size
	}
	return at
}

// reads checks that the changed text says what it should of every pin: an
// anchor, for instance, can stand for two.
func (p *Project) reads(changed []byte, pins []Pin) error {
	document, err := schema.Decode("project", p.Path, changed)
	if err != nil {
		return err
	}
	is := &Project{}
	if err := is.decode(document.JSON()); err != nil {
		return err
	}
	tables := map[string]*Table{"data.test.sha256": is.Data.Test, "data.train.sha256": is.Data.Train}
	for _, pin := range pins {
		if tables[pin.Path].SHA256 != pin.Is {
			return p.byHand(pin)
		}
	}
	return nil
}

func (p *Project) byHand(pin Pin) error {
	l := pin.Location
	return fmt.Errorf("%w: %s:%d: %s is %s, and cannot be written in place\nhint: write %q there", ErrByHand, l.File, l.Line, pin.Path, pin.Was, pin.Is)
}
