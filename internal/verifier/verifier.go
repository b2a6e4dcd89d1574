// Package verifier reads the verifier file: whom to believe, and what a model
// must meet at least. The file belongs to the people who answer for the gate
// and lies outside every project; this package refuses one that trusts
// nobody, and leaves checking signatures to internal/sign.
package verifier

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/canonical"
	"github.com/weighlock/weighlock/schema"
)

// Schema is what a verifier file's field schema says.
const Schema = "https://weighlock.dev/verifier/v1"

// DefaultAllowDays is how long an allow holds unless the file says otherwise.
const DefaultAllowDays = 30

// File is a checked verifier file. Its JSON form is schema/verifier/v1.
type File struct {
	Schema      string             `json:"schema"`
	Name        string             `json:"name"`
	ID          string             `json:"id,omitempty"`   // URI in SLSA summaries
	Level       string             `json:"level"`          // the least level
	Mode        string             `json:"mode,omitempty"` // enforce after Parse, unless given
	Keys        []Key              `json:"keys"`
	Timestamp   []Authority        `json:"timestamp,omitempty"`
	ClaimedTime bool               `json:"claimed_time,omitempty"`
	AllowDays   int                `json:"allow_days,omitempty"` // DefaultAllowDays after Parse, unless given
	Channels    map[string]Channel `json:"channels,omitempty"`
	Parameters  map[string]any     `json:"parameters,omitempty"`
	Formats     []string           `json:"formats,omitempty"`
	Least       *Least             `json:"least,omitempty"`

	Path string `json:"-"` // as it was given to Load or Parse
	Text []byte `json:"-"` // canonical JSON of what was written, without defaults
}

// Key says what one key may sign.
type Key struct {
	Name   string   `json:"name"`
	Public string   `json:"public"` // PEM
	Roles  []string `json:"roles"`
	Models []string `json:"models,omitempty"` // names or patterns with *; all unless given
	Since  string   `json:"since,omitempty"`  // RFC 3339; what it signed in between stays valid
	Until  string   `json:"until,omitempty"`
}

// Authority is a timestamp authority whose time is trusted.
type Authority struct {
	Name         string `json:"name"`
	Certificates string `json:"certificates"` // PEM chain, leaf first or root alone
}

// Channel says which model a channel's champion is until it has a ledger.
type Channel struct {
	Champion   string `json:"champion"`             // none or a digest
	Repository string `json:"repository,omitempty"` // where it lies, if not with the candidate
}

// Least is what every spec must have.
type Least struct {
	Metrics  map[string]Limit `json:"metrics,omitempty"`
	Slices   []string         `json:"slices,omitempty"`
	Fairness []string         `json:"fairness,omitempty"`
	MinRows  int              `json:"min_rows,omitempty"`
}

// Limit is the loosest limit that a spec may set.
type Limit struct {
	Min *float64 `json:"min,omitempty"`
	Max *float64 `json:"max,omitempty"`
}

// maxSize bounds a verifier file, in bytes.
const maxSize = 4 << 20

// Load reads a verifier file.
func Load(path string) (*File, error) {
	r, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	text, err := io.ReadAll(io.LimitReader(r, maxSize+1))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	if len(text) > maxSize {
		return nil, fmt.Errorf("%s is larger than %d bytes, so it is hardly a verifier file\nhint: weighlock keygen --out FOLDER writes one", path, maxSize)
	}
	return Parse(path, text)
}

// Parse reads a verifier file's text. The name's suffix says how it is
// written: .yaml, .yml, .cue, or else JSON. What is wrong with its content
// comes back as schema.Errors.
func Parse(name string, text []byte) (*File, error) {
	document, err := schema.Decode("verifier", name, text)
	if err != nil {
		return nil, err
	}
	plain, err := canonical.Transform(document.JSON())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	f := &File{Path: name, Text: plain}
	if err := unmarshal(plain, f); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if found := f.problems(); len(found) > 0 {
		document.Locate(found)
		return nil, found
	}
	if f.Mode == "" {
		f.Mode = "enforce"
	}
	if f.AllowDays == 0 {
		f.AllowDays = DefaultAllowDays
	}
	return f, nil
}

// unmarshal keeps the numbers of parameters as they were written.
func unmarshal(text []byte, f *File) error {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	dec.DisallowUnknownFields()
	return dec.Decode(f)
}

// Canonical is the file as RFC 8785 JSON, as it was written.
func (f *File) Canonical() []byte { return f.Text }

// Digest is the SHA-256 of Canonical. A verdict names it.
func (f *File) Digest() string { return artifact.Digest(f.Text) }
