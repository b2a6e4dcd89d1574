package evidence

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/canonical"
	"github.com/weighlock/weighlock/schema"
)

// Format names the document that a Claim is written as.
const Format = "weighlock.dev/claimed-lineage/v1"

// Claim is what a tracker says of a run. Its lineage holds the fields of
// schema/lineage/v1 that somebody said, and no others: it becomes a whole
// lineage only where Missing is empty, and its grade stays claimed.
type Claim struct {
	Format   string   `json:"format"`
	Importer string   `json:"importer"`
	Tool     Tool     `json:"tool"`
	Lineage  Known    `json:"lineage"`
	Missing  []Gap    `json:"missing"`
	Weak     []Weak   `json:"weak"`    // data by digests that pin nothing
	Metrics  []Metric `json:"metrics"` // the tracker's numbers; nothing is judged by them
	Read     []File   `json:"read"`    // the tracker's own files

	// Model and Predictions are the files that the tracker points at, relative
	// to the project; empty where it names none, or several.
	Model       string `json:"-"`
	Predictions string `json:"-"`

	// Train is a table that the run has read, unchanged since, and that is named
	// like training data; empty where there is none, or several.
	Train string `json:"-"`

	// Elsewhere is where the tracker keeps the run's files, without credentials,
	// where none of them lies here.
	Elsewhere string `json:"-"`

	// Notes say what else a person should know before the claim is used.
	Notes []string `json:"-"`
}

// Tool is what wrote the run down.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
	Format  string `json:"format,omitempty"` // of its files, where they say
}

// Known is a lineage (schema/lineage/v1) without what nobody said.
type Known struct {
	Run         string            `json:"run,omitempty"`
	Grade       string            `json:"grade"`  // always claimed
	Source      string            `json:"source"` // mlflow or dvc
	Started     string            `json:"started,omitempty"`
	Ended       string            `json:"ended,omitempty"`
	Command     []string          `json:"command,omitempty"`
	Code        *Code             `json:"code,omitempty"`
	Inputs      []Input           `json:"inputs,omitempty"`
	Outputs     []File            `json:"outputs,omitempty"`
	Packages    *Packages         `json:"packages,omitempty"`
	Parameters  map[string]string `json:"parameters,omitempty"`
	Tracker     *Tracker          `json:"tracker,omitempty"`
	Environment map[string]string `json:"environment,omitempty"`
}

// Code is the source that the tracker says ran.
type Code struct {
	Status     string `json:"status"`
	Repository string `json:"repository,omitempty"` // without credentials
	Commit     string `json:"commit,omitempty"`
	Dirty      *bool  `json:"dirty,omitempty"`
}

// Input is a file whose bytes lie here and are those that the tracker names.
type Input struct {
	Name   string `json:"name"`
	Path   string `json:"path"`
	Digest string `json:"digest"`
	Size   int64  `json:"size"`
	URI    string `json:"uri,omitempty"`
}

// File is one file by content.
type File struct {
	Path   string `json:"path"`
	Digest string `json:"digest"`
	Size   int64  `json:"size"`
	Role   string `json:"role,omitempty"`
}

// Packages lists libraries with exact versions.
type Packages struct {
	Status string    `json:"status"`
	List   []Package `json:"list"`
}

// Package is one library.
type Package struct {
	Ecosystem string `json:"ecosystem"`
	Name      string `json:"name"`
	Version   string `json:"version"`
}

// Tracker names the tool and its run.
type Tracker struct {
	Name string `json:"name"`
	Run  string `json:"run"`
}

// Gap is a part of a lineage that the tracker does not give, and why.
type Gap struct {
	Path string `json:"path"` // in schema/lineage/v1
	Why  string `json:"why"`
}

// Weak is data as the tracker names it: by a digest that others can be made
// to have, or by a place.
type Weak struct {
	Name   string `json:"name"`
	Method string `json:"method"` // md5, or mlflow
	Digest string `json:"digest"`
	URI    string `json:"uri,omitempty"` // without credentials and query
}

// Metric is a number that the tracker holds.
type Metric struct {
	Name   string   `json:"name"`
	Value  *float64 `json:"value,omitempty"`
	Status string   `json:"status"` // ok, or nan, inf, -inf where there is no number
}

// Canonical is the claim as RFC 8785 JSON.
func (c *Claim) Canonical() ([]byte, error) { return canonical.Marshal(c) }

// ParseClaim reads a claim that was written down; text that is not of
// schema/claim/v1 is refused.
func ParseClaim(text []byte) (*Claim, error) {
	if err := schema.CheckJSON("claim", text); err != nil {
		return nil, err
	}
	c := &Claim{}
	if err := json.Unmarshal(text, c); err != nil {
		return nil, err
	}
	return c, nil
}

// Path is where a project keeps what was claimed, relative to its folder: in
// the folder of local statements, which version control ignores.
const Path = artifact.LocalDir + "/lineage.json"

func newClaim(source string) *Claim {
	return &Claim{
		Format: Format, Tool: Tool{Name: source}, Lineage: Known{Grade: "claimed", Source: source},
		Missing: []Gap{}, Weak: []Weak{}, Metrics: []Metric{}, Read: []File{},
	}
}

// lacks names what is missing; the first reason for a path stays.
func (c *Claim) lacks(path, format string, v ...any) {
	if slices.ContainsFunc(c.Missing, func(g Gap) bool { return g.Path == path }) {
		return
	}
	c.Missing = append(c.Missing, Gap{path, fmt.Sprintf(format, v...)})
}

// metric adds a number, or says why it is none.
func (c *Claim) metric(name string, x float64) {
	m := Metric{Name: name, Status: "ok", Value: &x}
	switch {
	case math.IsNaN(x):
		m.Status, m.Value = "nan", nil
	case math.IsInf(x, 1):
		m.Status, m.Value = "inf", nil
	case math.IsInf(x, -1):
		m.Status, m.Value = "-inf", nil
	}
	c.Metrics = append(c.Metrics, m)
}

// read notes one of the tracker's files, which text was read from.
func (c *Claim) read(o Options, name string, text []byte) {
	c.Read = append(c.Read, File{Path: shown(o.Root, name), Digest: artifact.Digest(text), Size: int64(len(text))})
}

// shown is a path as a document may hold it: of a file outside the project,
// which says something of this machine, only the last part.
func shown(root, name string) string {
	if rel, ok := within(root, name); ok {
		return rel
	}
	return filepath.Base(name)
}

// finish hashes the model, names what every import lacks, and sorts.
func (c *Claim) finish(o Options) error {
	if o.Model != "" {
		c.Model = o.Model
	}
	if err := c.output(o); err != nil {
		return err
	}
	l := &c.Lineage
	if l.Started == "" {
		c.lacks("started", "%s does not say when the run started", l.Source)
	}
	if l.Ended == "" {
		c.lacks("ended", "%s does not say when the run ended", l.Source)
	}
	if len(l.Command) == 0 {
		c.lacks("command", "%s does not say what was run", l.Source)
	}
	if l.Code == nil {
		c.lacks("code.commit", "%s names no commit", l.Source)
	} else if l.Code.Dirty == nil {
		c.lacks("code.dirty", "%s does not say whether the work tree differed from its commit", l.Source)
	}
	if l.Packages == nil {
		c.lacks("packages", "%s lists no packages with exact versions", l.Source)
	}
	c.lacks("environment", "%s does not describe the machine", l.Source)
	c.lacks("signature", "nobody watched the run, and no builder signed for it")
	slices.SortFunc(c.Missing, func(a, b Gap) int { return strings.Compare(a.Path, b.Path) })
	slices.SortFunc(c.Metrics, func(a, b Metric) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(c.Weak, func(a, b Weak) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Digest, b.Digest))
	})
	slices.SortFunc(c.Read, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return nil
}

// output hashes the model's files as they lie here. An importer that could
// tie them to the run has set Outputs already.
func (c *Claim) output(o Options) error {
	if c.Model == "" || len(c.Lineage.Outputs) > 0 {
		if c.Model == "" {
			c.lacks("outputs", "%s names no model file that lies here", c.Lineage.Source)
		}
		return nil
	}
	name := filepath.Join(o.Root, filepath.FromSlash(c.Model))
	info, err := os.Stat(name)
	if err != nil {
		return unfit("%w", err)
	}
	files := []string{name}
	if info.IsDir() {
		if files, err = filesBelow(name); err != nil {
			return err
		}
	}
	for _, f := range files {
		digest, size, err := hash(f)
		if err != nil {
			return err
		}
		c.Lineage.Outputs = append(c.Lineage.Outputs, File{Path: shown(o.Root, f), Digest: digest, Size: size, Role: "model"})
	}
	c.lacks("outputs", "the model's digest is of the bytes that lie here now; %s has none to hold it against", c.Lineage.Source)
	return nil
}

// hash is a regular file's digest and size.
func hash(name string) (string, int64, error) {
	info, err := os.Stat(name)
	if err != nil {
		return "", 0, err
	}
	if !info.Mode().IsRegular() {
		return "", 0, unfit("%s is not a file", name)
	}
	f, err := os.Open(name)
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	return artifact.DigestReader(f)
}

// moment is milliseconds since 1970 as a lineage writes them: whole seconds.
func moment(ms int64) (string, error) {
	t := time.UnixMilli(ms).UTC()
	if ms <= 0 || t.Year() > 9999 {
		return "", errors.New("not a time")
	}
	return t.Truncate(time.Second).Format(time.RFC3339), nil
}

var commitForm = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)

// publicURI is an address without credentials, query and fragment, which
// could hold a secret; a path of this machine is cut to its last part.
func publicURI(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	if u.Scheme == "" || u.Scheme == "file" {
		if filepath.IsAbs(u.Path) {
			return "file:" + filepath.Base(u.Path)
		}
		return "file:" + u.Path
	}
	u.User, u.RawQuery, u.Fragment, u.ForceQuery = nil, "", "", false
	return u.String()
}

// modelSuffixes tell a model's file by its name.
var modelSuffixes = []string{
	".joblib", ".pkl", ".pickle", ".onnx", ".safetensors", ".ubj", ".cbm", ".gguf", ".skops", ".pt", ".pth", ".h5", ".keras", ".bst", ".xgb", ".lgb",
}

func looksLikeModel(name string) bool {
	return slices.Contains(modelSuffixes, strings.ToLower(filepath.Ext(name)))
}

// tableSuffixes tell a table by its name.
var tableSuffixes = []string{".csv", ".jsonl", ".ndjson", ".parquet", ".arrow", ".arrows", ".feather", ".ipc"}

func looksLikeTable(name string) bool {
	return slices.Contains(tableSuffixes, strings.ToLower(filepath.Ext(name)))
}

func looksLikeTraining(name string) bool {
	return looksLikeTable(name) && strings.Contains(strings.ToLower(filepath.Base(name)), "train")
}

func looksLikePredictions(name string) bool {
	return looksLikeTable(name) && strings.Contains(strings.ToLower(filepath.Base(name)), "pred")
}

// theOnly is the one name for which ok holds; empty where there is none, or a
// choice to make.
func theOnly(names []string, ok func(string) bool) string {
	found := ""
	for _, n := range names {
		if !ok(n) {
			continue
		}
		if found != "" {
			return ""
		}
		found = n
	}
	return found
}
