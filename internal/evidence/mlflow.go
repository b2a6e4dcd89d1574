package evidence

import (
	"encoding/json"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"
)

// mlflowRun is what MLflow's stores hold of a run, whichever of them it was.
type mlflowRun struct {
	id, status, stage string // FINISHED, active
	artifacts         string // URI of the artifacts
	started, ended    int64  // milliseconds since 1970, 0 where not said
	params, tags      map[string]string
	metrics           map[string]float64
	datasets          []mlflowDataset
}

type mlflowDataset struct{ name, digest, source, context string }

// claim turns a run into a claim, with whatever its model's folder adds.
func (r *mlflowRun) claim(o Options, c *Claim, artifacts string) (*Claim, error) {
	if r.stage != "" && r.stage != "active" {
		return nil, unfit("run %s is %s in MLflow\nhint: import another run, or restore this one: mlflow runs restore --run-id %s", r.id, r.stage, r.id)
	}
	if r.status != "FINISHED" {
		return nil, unfit("run %s is %s in MLflow, not FINISHED\nhint: import a run that ended well", r.id, r.status)
	}
	l := &c.Lineage
	l.Run, l.Tracker = r.id, &Tracker{Name: "mlflow", Run: r.id}
	l.Parameters = r.params
	if err := r.times(l); err != nil {
		return nil, err
	}
	for name, x := range r.metrics {
		c.metric(name, x)
	}
	r.code(c)
	for _, d := range r.datasets {
		name := d.name
		if d.context != "" {
			name = d.context + ": " + d.name
		}
		c.Weak = append(c.Weak, Weak{Name: name, Method: "mlflow", Digest: d.digest, URI: datasetURI(d.source)})
	}
	if len(r.datasets) == 0 {
		c.lacks("inputs", "MLflow names no data for this run (mlflow.log_input was not called)")
	} else {
		c.lacks("inputs", "MLflow's data digests are short hashes of a sample, not of the bytes: %d noted as weak", len(r.datasets))
	}
	return c, r.model(o, c, artifacts)
}

func (r *mlflowRun) times(l *Known) error {
	for _, t := range []struct {
		ms   int64
		name string
		into *string
	}{{r.started, "start_time", &l.Started}, {r.ended, "end_time", &l.Ended}} {
		if t.ms == 0 {
			continue
		}
		at, err := moment(t.ms)
		if err != nil {
			return unfit("run %s: %s %d is %w", r.id, t.name, t.ms, err)
		}
		*t.into = at
	}
	if r.started != 0 && r.ended != 0 && r.ended < r.started {
		return unfit("run %s ended before it started", r.id)
	}
	return nil
}

// code takes over the commit, where it is a whole one.
func (r *mlflowRun) code(c *Claim) {
	if commit := r.tags["mlflow.source.git.commit"]; commitForm.MatchString(commit) {
		c.Lineage.Code = &Code{Status: "known", Commit: commit}
		if repo := r.tags["mlflow.source.git.repoURL"]; repo != "" {
			c.Lineage.Code.Repository = publicURI(repo)
		}
	}
	if name := r.tags["mlflow.source.name"]; name != "" {
		c.lacks("command", "MLflow names the program %q, not the command and its arguments", filepath.Base(name))
	}
}

// datasetURI takes the place out of MLflow's description of a source.
func datasetURI(source string) string {
	var s map[string]any
	if json.Unmarshal([]byte(source), &s) != nil {
		return ""
	}
	for _, key := range []string{"uri", "url", "path"} {
		if text, ok := s[key].(string); ok && text != "" {
			return publicURI(text)
		}
	}
	return ""
}

// localArtifacts is the folder that an artifact URI means on this machine;
// empty where it lies elsewhere.
func localArtifacts(uri, base string) string {
	u, err := url.Parse(uri)
	if err != nil || u.Host != "" || u.Scheme != "" && u.Scheme != "file" || u.Path == "" {
		return ""
	}
	if filepath.IsAbs(u.Path) {
		return u.Path
	}
	return filepath.Join(base, filepath.FromSlash(u.Path))
}

// mlmodel is MLflow's description of a model (MLmodel).
type mlmodel struct {
	Flavors map[string]map[string]any `yaml:"flavors"`
	Version string                    `yaml:"mlflow_version"`
	RunID   string                    `yaml:"run_id"`
}

// model finds the run's model and predictions among its artifacts, and reads
// what MLmodel and requirements.txt beside it say.
func (r *mlflowRun) model(o Options, c *Claim, artifacts string) error {
	var files []string
	if artifacts != "" {
		var err error
		if files, err = filesBelow(artifacts); err != nil {
			return err
		}
	}
	if len(files) == 0 {
		c.Elsewhere = publicURI(r.artifacts)
		return nil
	}
	if p := theOnly(files, looksLikePredictions); p != "" {
		c.Predictions, _ = within(o.Root, p)
	}
	described := theOnly(files, func(n string) bool { return filepath.Base(n) == "MLmodel" })
	if described == "" {
		if m := theOnly(files, looksLikeModel); m != "" {
			c.Model, _ = within(o.Root, m)
		}
		return nil
	}
	text, err := readText(described)
	if err != nil {
		return err
	}
	m, err := parseMLmodel(text)
	if err != nil {
		return unfit("%s: %w", shown(o.Root, described), err)
	}
	if m.RunID != "" && m.RunID != r.id {
		return unfit("%s is of run %s, not of %s", shown(o.Root, described), m.RunID, r.id)
	}
	c.read(o, described, text)
	c.Tool.Version = m.Version
	if file := m.file(); file != "" {
		if name := filepath.Join(filepath.Dir(described), filepath.FromSlash(file)); isFile(name) {
			c.Model, _ = within(o.Root, name)
		}
	}
	return readRequirements(o, c, filepath.Join(filepath.Dir(described), "requirements.txt"))
}

func isFile(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular()
}

func parseMLmodel(text []byte) (*mlmodel, error) {
	var m mlmodel
	if err := yaml.Unmarshal(text, &m); err != nil {
		return nil, err
	}
	if len(m.Flavors) == 0 {
		return nil, errors.New("it names no flavors, so it is no MLmodel file of a known form")
	}
	return &m, nil
}

// file is the model's own file, relative to MLmodel, where a flavor names one
// inside the folder.
func (m *mlmodel) file() string {
	found := map[string]bool{}
	last := ""
	for flavor, f := range m.Flavors {
		if flavor == "python_function" {
			continue
		}
		for _, key := range []string{"pickled_model", "data"} {
			if name, ok := f[key].(string); ok && filepath.IsLocal(name) {
				found[name], last = true, name
				break
			}
		}
	}
	if len(found) != 1 {
		return ""
	}
	return last
}

var exactly = regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9._-]*)(\[[^\]]*\])?==([A-Za-z0-9][A-Za-z0-9.+!_-]*)$`)

// readRequirements lists the packages that are named with their version. A
// line without one leaves the list unknown: half a list would pass for a whole.
func readRequirements(o Options, c *Claim, name string) error {
	text, ok, err := readOptional(name)
	if err != nil || !ok {
		return err
	}
	c.read(o, name, text)
	list := []Package{}
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, " #")
		line, _, _ = strings.Cut(line, ";")
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		m := exactly.FindStringSubmatch(strings.ReplaceAll(line, " ", ""))
		if m == nil {
			c.lacks("packages", "requirements.txt names %q without an exact version", line)
			return nil
		}
		list = append(list, Package{Ecosystem: "pypi", Name: m[1], Version: m[3]})
	}
	if len(list) > 0 {
		c.Lineage.Packages = &Packages{Status: "listed", List: list}
		c.lacks("packages", "requirements.txt lists what the model imports, not all that was installed")
	}
	return nil
}
