// Package lineage holds what is recorded about where a model came from: code,
// command, data, packages and machine, as schema/lineage/v1 describes them. It
// reads and writes the document, and refuses what could mean something else
// tomorrow: a branch, a tag or `latest` where a digest is meant. Watching a
// run is left to internal/capture, signing to internal/sign.
package lineage

import (
	"fmt"
	"time"

	"github.com/weighlock/weighlock/internal/canonical"
	"github.com/weighlock/weighlock/schema"
)

// Grades and states that a lineage uses.
const (
	GradeClaimed  = "claimed"  // imported
	GradeComputed = "computed" // `weighlock run` saw it

	Known   = "known"
	Listed  = "listed"
	Unknown = "unknown"
)

// Lineage says where a model came from. Its JSON form is schema/lineage/v1.
// Times are RFC 3339 in UTC, whole seconds.
type Lineage struct {
	Model       Model             `json:"model"`
	Run         string            `json:"run"`              // id of the run, or the tracker's
	Grade       string            `json:"grade"`            // computed or claimed
	Source      string            `json:"source,omitempty"` // tracker it was imported from
	Started     string            `json:"started"`
	Ended       string            `json:"ended"`
	Command     []string          `json:"command"`
	Code        Code              `json:"code"`
	Inputs      []Input           `json:"inputs"`
	Outputs     []File            `json:"outputs"`
	Packages    Packages          `json:"packages"`
	Environment Environment       `json:"environment"`
	Seeds       map[string]string `json:"seeds,omitempty"`
	Parameters  map[string]string `json:"parameters,omitempty"`
	Trigger     *Trigger          `json:"trigger,omitempty"`
	Tracker     *Tracker          `json:"tracker,omitempty"`
	Parents     []Parent          `json:"parents,omitempty"`
	Transforms  []Transform       `json:"transforms,omitempty"`
}

// Model names a model.
type Model struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
	Digest  string `json:"digest,omitempty"` // of the model image
}

// File is one file by content; a folder's digest is FolderDigest.
type File struct {
	Path   string `json:"path"` // relative to the project, forward slashes
	Digest string `json:"digest"`
	Size   int64  `json:"size"` // bytes
	Role   string `json:"role,omitempty"`
}

// Input is a file or folder that training read.
type Input struct {
	Name   string `json:"name"` // train, test, or the path
	Path   string `json:"path"`
	Digest string `json:"digest"`
	Size   int64  `json:"size"`            // bytes
	Files  *int   `json:"files,omitempty"` // of a folder
	URI    string `json:"uri,omitempty"`   // where it came from, by an immutable id
}

// Code is the source that ran.
type Code struct {
	Status     string `json:"status"` // known or unknown
	Repository string `json:"repository,omitempty"`
	Commit     string `json:"commit,omitempty"`
	Dirty      *bool  `json:"dirty,omitempty"`
	Changes    string `json:"changes,omitempty"` // digest of `git diff HEAD`
}

// Packages lists libraries with exact versions.
type Packages struct {
	Status string    `json:"status"` // listed or unknown
	List   []Package `json:"list"`
}

// Package is one library.
type Package struct {
	Ecosystem string `json:"ecosystem"` // pypi, conda, cran or go
	Name      string `json:"name"`
	Version   string `json:"version"`
}

// Environment is the machine that the run was on.
type Environment struct {
	OS     string   `json:"os"`
	Arch   string   `json:"arch"`
	CPU    string   `json:"cpu,omitempty"`
	Cores  int      `json:"cores"`
	Memory int64    `json:"memory,omitempty"` // bytes
	GPUs   []string `json:"gpus"`
	Image  string   `json:"image,omitempty"` // container image, by digest
}

// Trigger says what started the run.
type Trigger struct {
	Kind string `json:"kind"` // manual, schedule, push, data or unknown
	URL  string `json:"url,omitempty"`
}

// Tracker names an experiment tracker and its run.
type Tracker struct {
	Name string `json:"name"`
	Run  string `json:"run"`
	URL  string `json:"url,omitempty"`
}

// Parent is a model that this one was made from.
type Parent struct {
	Name   string `json:"name"`
	Digest string `json:"digest"`
}

// Transform is an edge of the graph from sources to training data.
type Transform struct {
	Name    string   `json:"name"`
	Inputs  []string `json:"inputs"`
	Outputs []string `json:"outputs"`
	Code    string   `json:"code,omitempty"`
	Owner   string   `json:"owner,omitempty"`
}

// maxSize bounds the text of a lineage, in bytes.
const maxSize = 16 << 20

// Parse reads a lineage. Text that is not exactly the schema's, a time that
// is no time, an end before the start, and a reference that can move are
// refused.
func Parse(text []byte) (*Lineage, error) {
	if len(text) > maxSize {
		return nil, fmt.Errorf("lineage: it has %d bytes, and no more than %d are read", len(text), maxSize)
	}
	if err := schema.CheckJSON("lineage", text); err != nil {
		return nil, fmt.Errorf("lineage: %w", err)
	}
	var l Lineage
	if err := canonical.Unmarshal(text, &l); err != nil {
		return nil, fmt.Errorf("lineage: %w", err)
	}
	if err := l.check(); err != nil {
		return nil, fmt.Errorf("lineage: %w", err)
	}
	return &l, nil
}

// Canonical is l as RFC 8785 JSON. It refuses what Parse would refuse, so
// that nothing is signed that cannot be read.
func (l *Lineage) Canonical() ([]byte, error) {
	text, err := canonical.Marshal(l)
	if err != nil {
		return nil, fmt.Errorf("lineage: %w", err)
	}
	if _, err := Parse(text); err != nil {
		return nil, err
	}
	return text, nil
}

// check holds what the schema cannot say.
func (l *Lineage) check() error {
	started, err := time.Parse(time.RFC3339, l.Started)
	if err != nil {
		return fmt.Errorf("started: %w", err)
	}
	ended, err := time.Parse(time.RFC3339, l.Ended)
	if err != nil {
		return fmt.Errorf("ended: %w", err)
	}
	if ended.Before(started) {
		return fmt.Errorf("ended %s is before started %s", l.Ended, l.Started)
	}
	for i, in := range l.Inputs {
		if in.URI == "" {
			continue
		}
		if err := Pinned(in.URI); err != nil {
			return fmt.Errorf("inputs[%d].uri: %w", i, err)
		}
	}
	if l.Environment.Image != "" {
		return PinnedImage(l.Environment.Image)
	}
	return nil
}
