package evidence

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// isMLflowRun says whether a path is MLflow's file store, or a part of it: the
// folder of a run, mlruns/<experiment>/<run>, with a meta.yaml that names the
// run, or one that holds such folders.
func isMLflowRun(path string, info fs.FileInfo) (bool, error) {
	if !info.IsDir() {
		return false, nil
	}
	text, ok, err := readOptional(filepath.Join(path, "meta.yaml"))
	if err != nil {
		return false, err
	}
	if ok {
		m, err := parseMeta(text)
		if err != nil {
			return false, unfit("%s: %w", filepath.Join(path, "meta.yaml"), err)
		}
		return m.id() != "" || m.Experiment != "", nil
	}
	if dvc, err := isDVC(path, info); dvc || err != nil {
		return false, err
	}
	runs, err := runsBelow(path)
	return len(runs) > 0, err
}

// meta is a run's meta.yaml.
type meta struct {
	RunID      string `yaml:"run_id"`
	RunUUID    string `yaml:"run_uuid"` // its older name
	Name       string `yaml:"run_name"`
	Experiment string `yaml:"experiment_id"`
	Status     any    `yaml:"status"`
	Stage      string `yaml:"lifecycle_stage"`
	Start      *int64 `yaml:"start_time"`
	End        *int64 `yaml:"end_time"`
	Artifacts  string `yaml:"artifact_uri"`
}

func (m *meta) id() string {
	if m.RunID != "" {
		return m.RunID
	}
	return m.RunUUID
}

func parseMeta(text []byte) (*meta, error) {
	var m meta
	if err := yaml.Unmarshal(text, &m); err != nil {
		return nil, err
	}
	if m.RunID != "" && m.RunUUID != "" && m.RunID != m.RunUUID {
		return nil, fmt.Errorf("run_id is %q and run_uuid %q, which are two names of one thing", m.RunID, m.RunUUID)
	}
	return &m, nil
}

// runStates are MLflow's numbers for a run's state, as its files hold them.
var runStates = map[int]string{1: "RUNNING", 2: "SCHEDULED", 3: "FINISHED", 4: "FAILED", 5: "KILLED"}

func (m *meta) state() (string, error) {
	if n, ok := m.Status.(int); ok {
		if name, ok := runStates[n]; ok {
			return name, nil
		}
	}
	return "", unfit("meta.yaml: status %v is none of MLflow's 1 to 5", m.Status)
}

func readMLflowRun(ctx context.Context, o Options) (*Claim, error) {
	c := newClaim("mlflow")
	c.Tool.Format = "file store"
	if _, ok, err := runIn(o.From); err != nil {
		return nil, err
	} else if !ok {
		if o, err = inStore(o); err != nil {
			return nil, err
		}
	}
	name := filepath.Join(o.From, "meta.yaml")
	text, err := readText(name)
	if err != nil {
		return nil, err
	}
	m, err := parseMeta(text)
	if err != nil {
		return nil, unfit("meta.yaml: %w", err)
	}
	this, _, err := runIn(o.From)
	if err != nil {
		return nil, err
	}
	if o.Run != "" && o.Run != this.id && o.Run != this.name {
		return nil, unfit("this is run %s, not %s\nhint: leave --run out, or name the folder of the run that you mean", this, o.Run)
	}
	c.read(o, name, text)
	r := &mlflowRun{id: m.id(), stage: m.Stage, artifacts: m.Artifacts}
	if r.status, err = m.state(); err != nil {
		return nil, err
	}
	if m.Start != nil {
		r.started = *m.Start
	}
	if m.End != nil {
		r.ended = *m.End
	}
	if r.params, err = keyed(ctx, filepath.Join(o.From, "params")); err != nil {
		return nil, err
	}
	if r.tags, err = keyed(ctx, filepath.Join(o.From, "tags")); err != nil {
		return nil, err
	}
	if r.metrics, err = metricFiles(ctx, filepath.Join(o.From, "metrics")); err != nil {
		return nil, err
	}
	if r.datasets, err = datasetFiles(o.From); err != nil {
		return nil, err
	}
	artifacts := filepath.Join(o.From, "artifacts")
	if _, err := os.Stat(artifacts); errors.Is(err, fs.ErrNotExist) {
		artifacts = localArtifacts(m.Artifacts, o.Root)
	}
	return r.claim(o, c, artifacts)
}

// inStore is what is imported once the run of a store is chosen.
func inStore(o Options) (Options, error) {
	runs, err := runsBelow(o.From)
	if err != nil {
		return o, err
	}
	r, err := choose(o.Run, runs)
	o.From, o.Run = r.folder, r.id
	return o, err
}

// keyed reads a folder of files, each named by a key (which may hold slashes),
// whose text is the value.
func keyed(ctx context.Context, dir string) (map[string]string, error) {
	files, err := filesBelow(dir)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, f := range files {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		key, ok := within(dirAbs(dir), f)
		if !ok {
			continue
		}
		text, err := readText(f)
		if err != nil {
			return nil, err
		}
		out[key] = strings.TrimSuffix(string(text), "\n")
	}
	return out, nil
}

func dirAbs(dir string) string {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return dir
	}
	return abs
}

// metricFiles reads the last value of each metric.
func metricFiles(ctx context.Context, dir string) (map[string]float64, error) {
	texts, err := keyed(ctx, dir)
	if err != nil {
		return nil, err
	}
	out := map[string]float64{}
	for key, text := range texts {
		x, err := lastValue(text)
		if err != nil {
			return nil, unfit("metrics/%s: %w", key, err)
		}
		out[key] = x
	}
	return out, nil
}

// lastValue is the value of the line with the highest step, and of these the
// latest, as MLflow itself has it. Lines are `timestamp value step`; those of
// a model's metrics have more words, and old ones no step.
func lastValue(text string) (float64, error) {
	type point struct {
		step, at int64
		x        float64
	}
	var best *point
	n := 0
	for line := range strings.Lines(text) {
		n++
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		if len(words) == 4 || len(words) > 5 || len(words) < 2 {
			return 0, fmt.Errorf("line %d has %d words; known are 2, 3 and 5", n, len(words))
		}
		var p point
		var err error
		if p.at, err = strconv.ParseInt(words[0], 10, 64); err != nil {
			return 0, fmt.Errorf("line %d: %q is no timestamp", n, words[0])
		}
		if p.x, err = strconv.ParseFloat(words[1], 64); err != nil {
			return 0, fmt.Errorf("line %d: %q is no number", n, words[1])
		}
		if len(words) > 2 {
			if p.step, err = strconv.ParseInt(words[2], 10, 64); err != nil {
				return 0, fmt.Errorf("line %d: %q is no step", n, words[2])
			}
		}
		if best == nil || p.step > best.step || p.step == best.step && p.at >= best.at {
			best = &p
		}
	}
	if best == nil {
		return 0, errors.New("it holds no value")
	}
	return best.x, nil
}

// datasetFiles follows a run's inputs to the datasets of its experiment.
func datasetFiles(run string) ([]mlflowDataset, error) {
	entries, err := os.ReadDir(filepath.Join(run, "inputs"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []mlflowDataset
	for _, e := range entries {
		text, ok, err := readOptional(filepath.Join(run, "inputs", e.Name(), "meta.yaml"))
		if err != nil || !ok {
			return nil, errors.Join(err, unless(ok || err != nil, "inputs/%s has no meta.yaml", e.Name()))
		}
		d, err := readDataset(run, text)
		if err != nil {
			return nil, unfit("inputs/%s: %w", e.Name(), err)
		}
		if d != nil {
			out = append(out, *d)
		}
	}
	return out, nil
}

func unless(ok bool, format string, v ...any) error {
	if ok {
		return nil
	}
	return unfit(format, v...)
}

func readDataset(run string, input []byte) (*mlflowDataset, error) {
	var in struct {
		SourceType string            `yaml:"source_type"`
		SourceID   string            `yaml:"source_id"`
		Tags       map[string]string `yaml:"tags"`
	}
	if err := yaml.Unmarshal(input, &in); err != nil {
		return nil, err
	}
	if in.SourceType != "DATASET" {
		return nil, nil
	}
	if !filepath.IsLocal(in.SourceID) || strings.ContainsAny(in.SourceID, `/\`) {
		return nil, fmt.Errorf("source_id %q is no dataset's id", in.SourceID)
	}
	text, err := readText(filepath.Join(run, "..", "datasets", in.SourceID, "meta.yaml"))
	if err != nil {
		return nil, err
	}
	var d struct{ Name, Digest, Source string }
	if err := yaml.Unmarshal(text, &d); err != nil {
		return nil, err
	}
	if d.Name == "" || d.Digest == "" {
		return nil, fmt.Errorf("dataset %s has no name or no digest", in.SourceID)
	}
	return &mlflowDataset{name: d.Name, digest: d.Digest, source: d.Source, context: in.Tags["mlflow.data.context"]}, nil
}
