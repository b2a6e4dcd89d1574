package evidence

import (
	"cmp"
	"context"
	"crypto/md5" //nolint:gosec // what DVC wrote; never relied on alone
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// isDVC says whether a path is a dvc.lock, or a folder that holds one.
func isDVC(path string, info fs.FileInfo) (bool, error) {
	if !info.IsDir() {
		return filepath.Base(path) == "dvc.lock", nil
	}
	_, err := os.Stat(filepath.Join(path, "dvc.lock"))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// dvcLock is a dvc.lock of schema 2.0.
type dvcLock struct {
	Schema string              `yaml:"schema"`
	Stages map[string]dvcStage `yaml:"stages"`
}

type dvcStage struct {
	Cmd    yaml.Node                 `yaml:"cmd"`
	Deps   []dvcFile                 `yaml:"deps"`
	Outs   []dvcFile                 `yaml:"outs"`
	Params map[string]map[string]any `yaml:"params"`
}

type dvcFile struct {
	Path string `yaml:"path"`
	Hash string `yaml:"hash"` // md5 from DVC 3 on; older files have none
	MD5  string `yaml:"md5"`
	Size *int64 `yaml:"size"`
}

func parseLock(text []byte) (*dvcLock, error) {
	var l dvcLock
	if err := yaml.Unmarshal(text, &l); err != nil {
		return nil, unfit("dvc.lock: %w", err)
	}
	if l.Schema != "2.0" {
		return nil, unfit("dvc.lock: schema %q is unknown; known is 2.0\nhint: `dvc repro` of DVC 2 or later writes it", l.Schema)
	}
	if len(l.Stages) == 0 {
		return nil, unfit("dvc.lock names no stage\nhint: run `dvc repro` first")
	}
	return &l, nil
}

// command is a stage's command, or commands, as words for a shell.
func (s *dvcStage) command() ([]string, error) {
	var one string
	if s.Cmd.Kind == yaml.ScalarNode && s.Cmd.Decode(&one) == nil && strings.TrimSpace(one) != "" {
		return []string{"sh", "-c", one}, nil
	}
	var several []string
	if s.Cmd.Kind == yaml.SequenceNode && s.Cmd.Decode(&several) == nil && len(several) > 0 {
		return []string{"sh", "-c", strings.Join(several, " && ")}, nil
	}
	return nil, errors.New("cmd is neither a command nor a list of them")
}

func readDVC(_ context.Context, o Options) (*Claim, error) {
	dir := o.From
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		dir = filepath.Dir(dir)
	}
	d := &dvcRepo{o: o, dir: dir, c: newClaim("dvc")}
	text, err := readText(filepath.Join(dir, "dvc.lock"))
	if err != nil {
		return nil, err
	}
	d.c.read(o, filepath.Join(dir, "dvc.lock"), text)
	lock, err := parseLock(text)
	if err != nil {
		return nil, err
	}
	d.c.Tool.Format = "dvc.lock " + lock.Schema
	if err := d.pipeline(); err != nil {
		return nil, err
	}
	name, err := d.stage(lock)
	if err != nil {
		return nil, err
	}
	return d.c, d.claim(lock, name)
}

// dvcRepo is a repository under way.
type dvcRepo struct {
	o    Options
	dir  string
	c    *Claim
	yaml dvcYAML
}

// dvcYAML is what matters of dvc.yaml.
type dvcYAML struct {
	Stages map[string]struct {
		Wdir    string `yaml:"wdir"`
		Metrics []any  `yaml:"metrics"`
	} `yaml:"stages"`
	Metrics []any `yaml:"metrics"`
}

func (d *dvcRepo) pipeline() error {
	name := filepath.Join(d.dir, "dvc.yaml")
	text, ok, err := readOptional(name)
	if err != nil || !ok {
		return err
	}
	d.c.read(d.o, name, text)
	if err := yaml.Unmarshal(text, &d.yaml); err != nil {
		return unfit("dvc.yaml: %w", err)
	}
	return nil
}

// abs is where a stage's path lies: relative to its wdir.
func (d *dvcRepo) abs(stage, path string) string {
	return filepath.Join(d.dir, filepath.FromSlash(d.yaml.Stages[stage].Wdir), filepath.FromSlash(path))
}

// stage is the one that was asked for, else the one that makes the model.
func (d *dvcRepo) stage(lock *dvcLock) (string, error) {
	names := slices.Sorted(maps.Keys(lock.Stages))
	if d.o.Run != "" {
		if _, ok := lock.Stages[d.o.Run]; !ok {
			return "", unfit("dvc.lock has no stage %q\nhint: its stages are %s", d.o.Run, strings.Join(names, ", "))
		}
		return d.o.Run, nil
	}
	var making []string
	for _, name := range names {
		s := lock.Stages[name]
		if slices.ContainsFunc(s.Outs, func(f dvcFile) bool { return d.isModel(name, f) }) {
			making = append(making, name)
		}
	}
	if len(making) != 1 {
		return "", unfit("%d stages of dvc.lock make a model\nhint: say which with --run STAGE, of %s", len(making), strings.Join(names, ", "))
	}
	return making[0], nil
}

func (d *dvcRepo) isModel(stage string, f dvcFile) bool {
	if d.o.Model == "" {
		return looksLikeModel(f.Path)
	}
	rel, ok := within(d.o.Root, d.abs(stage, f.Path))
	return ok && (rel == d.o.Model || strings.HasPrefix(d.o.Model, rel+"/"))
}

func (d *dvcRepo) claim(lock *dvcLock, name string) error {
	s := lock.Stages[name]
	l := &d.c.Lineage
	l.Run, l.Tracker = name, &Tracker{Name: "dvc", Run: name}
	var err error
	if l.Command, err = s.command(); err != nil {
		return unfit("stage %s: %w", name, err)
	}
	if err := d.inputs(name, s); err != nil {
		return err
	}
	if err := d.outputs(name, s); err != nil {
		return err
	}
	if l.Parameters, err = flatten(s.Params); err != nil {
		return unfit("stage %s: %w", name, err)
	}
	if len(l.Parameters) == 0 {
		if err := d.paramsFile(); err != nil {
			return err
		}
	}
	if err := d.predictions(lock); err != nil {
		return err
	}
	return d.metrics()
}

// inputs takes over the dependencies whose bytes lie here unchanged; all are
// noted by their MD5 too.
func (d *dvcRepo) inputs(stage string, s dvcStage) error {
	var apart []string
	for _, f := range s.Deps {
		d.weak(f)
		state, file, err := d.compare(stage, f)
		if err != nil {
			return err
		}
		if state != "" {
			apart = append(apart, f.Path+" "+state)
			continue
		}
		uri := fmt.Sprintf("dvc://./%s?md5=%s", file.Path, f.MD5)
		d.c.Lineage.Inputs = append(d.c.Lineage.Inputs, Input{Name: file.Path, Path: file.Path, Digest: file.Digest, Size: file.Size, URI: uri})
	}
	var read []string
	for _, in := range d.c.Lineage.Inputs {
		read = append(read, in.Path)
	}
	d.c.Train = theOnly(read, looksLikeTraining)
	if len(s.Deps) == 0 {
		d.c.lacks("inputs", "stage %s names no dependency", stage)
	}
	if len(apart) > 0 {
		d.c.lacks("inputs", "not pinned: %s", strings.Join(apart, "; "))
	}
	return nil
}

func (d *dvcRepo) weak(f dvcFile) {
	if f.MD5 != "" {
		d.c.Weak = append(d.c.Weak, Weak{Name: f.Path, Method: "md5", Digest: f.MD5})
	}
}

// outputs takes over the model. One whose bytes are not those of dvc.lock is
// not the model of this run, and is refused.
func (d *dvcRepo) outputs(stage string, s dvcStage) error {
	var models []string
	for _, f := range s.Outs {
		d.weak(f)
		if !d.isModel(stage, f) {
			continue
		}
		state, file, err := d.compare(stage, f)
		switch {
		case err != nil:
			return err
		case state == changed:
			return unfit("%s is not the file that dvc.lock names: it has changed since\nhint: `dvc checkout` brings it back; `dvc repro` makes it anew", f.Path)
		case state == absent:
			return unfit("%s is not here\nhint: `dvc pull %s` fetches it", f.Path, f.Path)
		case state == "":
			file.Role = "model"
			d.c.Lineage.Outputs = append(d.c.Lineage.Outputs, file)
		}
		if rel, ok := within(d.o.Root, d.abs(stage, f.Path)); ok {
			models = append(models, rel)
		}
	}
	if d.o.Model == "" && len(models) == 1 {
		d.c.Model = models[0]
	}
	return nil
}

// Why the bytes of a file cannot be taken for those that dvc.lock names.
const (
	changed = "has changed since"
	absent  = "is not here"
	folder  = "is a folder, whose MD5 is of a list"
	outside = "lies outside the project"
	unnamed = "has no MD5"
)

// compare hashes a file, by SHA-256 and by the MD5 that dvc.lock names it by.
// The state is empty where the bytes are the same.
func (d *dvcRepo) compare(stage string, f dvcFile) (string, File, error) {
	if f.Hash != "" && f.Hash != "md5" {
		return "", File{}, unfit("dvc.lock: %s: hash %q is unknown; known is md5", f.Path, f.Hash)
	}
	name := d.abs(stage, f.Path)
	rel, ok := within(d.o.Root, name)
	if !ok {
		return outside, File{}, nil
	}
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return absent, File{}, nil
	case err != nil:
		return "", File{}, err
	case info.IsDir():
		return folder, File{}, nil
	case f.MD5 == "":
		return unnamed, File{}, nil
	}
	sum, err := md5File(name)
	if err != nil {
		return "", File{}, err
	}
	if sum != f.MD5 || f.Size != nil && *f.Size != info.Size() {
		return changed, File{}, nil
	}
	digest, size, err := hash(name)
	return "", File{Path: rel, Digest: digest, Size: size}, err
}

func md5File(name string) (string, error) {
	info, err := os.Stat(name)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", unfit("%s is not a file", name)
	}
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := md5.New() //nolint:gosec // see above
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// predictions is the one output, of any stage, that is named like predictions.
// Whoever uses them, or names another output as such, is told where their
// bytes are not those of dvc.lock: they may be another model's.
func (d *dvcRepo) predictions(lock *dvcLock) error {
	var outs []string
	stages, files := map[string]string{}, map[string]dvcFile{}
	for _, stage := range slices.Sorted(maps.Keys(lock.Stages)) {
		for _, f := range lock.Stages[stage].Outs {
			if rel, ok := within(d.o.Root, d.abs(stage, f.Path)); ok {
				outs = append(outs, rel)
				stages[rel], files[rel] = stage, f
			}
		}
	}
	d.c.Predictions = theOnly(outs, looksLikePredictions)
	used := cmp.Or(d.o.Predictions, d.c.Predictions)
	if _, ok := files[used]; !ok {
		return nil
	}
	state, _, err := d.compare(stages[used], files[used])
	if err == nil && state == changed {
		d.c.Notes = append(d.c.Notes, fmt.Sprintf("%s is not the file that dvc.lock names: it has changed since, so it may be of another model", used))
	}
	return err
}

// paramsFile reads params.yaml, where dvc.lock holds no parameters.
func (d *dvcRepo) paramsFile() error {
	name := filepath.Join(d.dir, "params.yaml")
	text, ok, err := readOptional(name)
	if err != nil || !ok {
		return err
	}
	var values map[string]any
	if err := yaml.Unmarshal(text, &values); err != nil {
		return unfit("params.yaml: %w", err)
	}
	d.c.read(d.o, name, text)
	d.c.lacks("parameters", "dvc.lock does not name them: these are params.yaml as it is now")
	d.c.Lineage.Parameters, err = flatten(map[string]map[string]any{"params.yaml": values})
	if err != nil {
		return unfit("params.yaml: %w", err)
	}
	return nil
}

// metrics reads the JSON files that dvc.yaml calls metrics.
func (d *dvcRepo) metrics() error {
	named := d.metricFiles()
	for _, name := range slices.Sorted(maps.Keys(named)) {
		if filepath.Ext(name) != ".json" {
			continue
		}
		text, ok, err := readOptional(name)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		d.c.read(d.o, name, text)
		var v any
		if err := json.Unmarshal(nanAsText(text), &v); err != nil {
			return unfit("%s: %w", shown(d.o.Root, name), err)
		}
		d.number("", v)
	}
	return nil
}

func (d *dvcRepo) metricFiles() map[string]bool {
	named := map[string]bool{}
	add := func(stage string, list []any) {
		for _, m := range list {
			switch m := m.(type) {
			case string:
				named[d.abs(stage, m)] = true
			case map[string]any:
				for path := range m {
					named[d.abs(stage, path)] = true
				}
			}
		}
	}
	add("", d.yaml.Metrics)
	for name, s := range d.yaml.Stages {
		add(name, s.Metrics)
	}
	for name := range named {
		if _, ok := within(d.o.Root, name); !ok {
			delete(named, name)
		}
	}
	return named
}

// number walks nested metrics; names are joined by dots.
func (d *dvcRepo) number(name string, v any) {
	switch v := v.(type) {
	case float64:
		d.c.metric(name, v)
	case string:
		if status, ok := map[string]string{"NaN": "nan", "Infinity": "inf", "-Infinity": "-inf"}[v]; ok {
			d.c.Metrics = append(d.c.Metrics, Metric{Name: name, Status: status})
		}
	case map[string]any:
		for key, inner := range v {
			d.number(joined(name, key), inner)
		}
	}
}

func joined(a, b string) string {
	if a == "" {
		return b
	}
	return a + "." + b
}

// flatten makes parameters text, named by their path; those of params.yaml
// without the file's name, as DVC says them.
func flatten(files map[string]map[string]any) (map[string]string, error) {
	out := map[string]string{}
	var walk func(name string, v any) error
	walk = func(name string, v any) error {
		if inner, ok := v.(map[string]any); ok && len(inner) > 0 {
			for _, key := range slices.Sorted(maps.Keys(inner)) {
				if err := walk(joined(name, key), inner[key]); err != nil {
					return err
				}
			}
			return nil
		}
		text, err := asText(v)
		if err != nil {
			return fmt.Errorf("parameter %s: %w", name, err)
		}
		if was, twice := out[name]; twice && was != text {
			return fmt.Errorf("parameter %s stands twice, as %s and %s", name, was, text)
		}
		out[name] = text
		return nil
	}
	for _, file := range slices.Sorted(maps.Keys(files)) {
		values, prefix := files[file], ""
		if file != "params.yaml" {
			prefix = file + ":"
		}
		for _, key := range slices.Sorted(maps.Keys(values)) {
			if err := walk(prefix+key, values[key]); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

func asText(v any) (string, error) {
	if text, ok := v.(string); ok {
		return text, nil
	}
	if f, ok := v.(float64); ok {
		return fmt.Sprint(f), nil // also NaN and infinities, which JSON has not
	}
	b, err := json.Marshal(v)
	return string(b), err
}
