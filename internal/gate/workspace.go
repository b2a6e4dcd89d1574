package gate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/canonical"
	"github.com/weighlock/weighlock/internal/capture"
	"github.com/weighlock/weighlock/internal/evaluate"
	"github.com/weighlock/weighlock/internal/modelfile"
	"github.com/weighlock/weighlock/internal/oci"
	"github.com/weighlock/weighlock/internal/pack"
	"github.com/weighlock/weighlock/internal/policy"
	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/sign"
	"github.com/weighlock/weighlock/internal/tree"
	"github.com/weighlock/weighlock/internal/verdict"
	"github.com/weighlock/weighlock/internal/verifier"
)

// Rules is whose rules a decision is made by, the same for every question of
// a command.
type Rules struct {
	Verifier *verifier.File // nil: self-declared
	Policy   *policy.Bundle
	Level    string // asked for on the command line; may only raise
	// Rescore is how many rows the command line wants rescored; may only raise.
	Rescore evaluate.RescoreRows
	Now     time.Time
	Engine  verdict.Engine
}

// Workspace is a model's folder, read: the project file, the spec that it
// amounts to, the model's files and the statements made before there is an
// image.
type Workspace struct {
	Project    *project.Project
	Spec       *project.Spec
	SpecDigest string
	Files      []ModelFile
	Pack       pack.Input
	Evidence   []Evidence
	Claim      *Claim
	Ignored    []verdict.Ignored
	trust      *sign.Trust
	stage      *pack.Stage
	rescoring  *rescoring // nil where no scorer may be run
}

// Opening says how a folder is read. Files are packed while they are read, so
// that each is read once: where Stage names a layout, into it.
type Opening struct {
	Dir      string
	Rules    Rules
	Getenv   func(string) string
	Progress pack.Progress // may be nil
	// Stage is asked, before the model's files are read, where the image is
	// to lie; nil, or no repository, is nowhere. Its error ends the reading.
	Stage func(p *project.Project) (*oci.Repository, error)
}

// OpenWorkspace reads the model in a folder, to be stored nowhere. Pinned data
// that has another digest is an integrity error: nothing is judged on it.
func OpenWorkspace(ctx context.Context, dir string, rules Rules, getenv func(string) string) (*Workspace, error) {
	return Opening{Dir: dir, Rules: rules, Getenv: getenv}.Open(ctx)
}

// Open reads the model in a folder.
func (o Opening) Open(ctx context.Context) (*Workspace, error) {
	rules := o.Rules
	p, err := project.Load(o.Dir)
	if err != nil {
		return nil, err
	}
	if err := outside(rules.Verifier, p.Dir); err != nil {
		return nil, err
	}
	w := &Workspace{Project: p}
	if rules.Verifier != nil {
		if w.trust, err = sign.NewTrust(rules.Verifier, sign.At(rules.Now)); err != nil {
			return nil, fmt.Errorf("verifier file %s: %w", rules.Verifier.Path, err)
		}
	}
	if err := w.readSpec(); err != nil {
		return nil, err
	}
	if err := w.readFiles(ctx, o); err != nil {
		return nil, err
	}
	if err := w.readStatements(ctx); err != nil {
		return nil, err
	}
	if w.Claim, err = claimIn(w.Project.Dir, w.Files); err != nil {
		return nil, err
	}
	w.Pack, err = w.packInput(o.Getenv)
	return w, err
}

// outside refuses a verifier file that the project itself could rewrite: one
// in its folder, or in the work tree of version control that the folder is in.
func outside(v *verifier.File, dir string) error {
	if v == nil || v.Path == "" {
		return nil
	}
	path, err := filepath.Abs(v.Path)
	if err != nil {
		return err
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	root, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	if real, err := filepath.EvalSymlinks(root); err == nil {
		root = real
	}
	root = workTree(root)
	if rel, err := filepath.Rel(root, path); err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		return fmt.Errorf("%w: the verifier file %s lies inside the project, which it is meant to judge\nhint: keep it outside, also of the work tree that the project is in, such as in the folder that `weighlock keygen` names", ErrIntegrity, v.Path)
	}
	return nil
}

// workTree is the folder at or above dir that version control is kept in;
// where there is none, dir.
func workTree(dir string) string {
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Lstat(filepath.Join(at, ".git")); err == nil {
			return at
		}
		if at == filepath.Dir(at) {
			return dir
		}
	}
}

func (w *Workspace) readSpec() error {
	digest, err := pinned(w.Project, "test", w.Project.Data.Test)
	if err != nil {
		return err
	}
	if w.Project.Data.Train != nil && w.Project.Data.Train.SHA256 != "" {
		if _, err := pinned(w.Project, "train", w.Project.Data.Train); err != nil {
			return err
		}
	}
	if w.Spec, err = w.Project.Spec(digest); err != nil {
		return err
	}
	w.SpecDigest, err = w.Spec.Digest()
	return err
}

// pinned hashes a data file and holds it against the digest in the project
// file, where there is one.
func pinned(p *project.Project, name string, t *project.Table) (string, error) {
	s, err := source(p, "data."+name+".file", name, t.File)
	if err != nil {
		return "", err
	}
	if s.Size == 0 {
		return "", fmt.Errorf("%s%s is empty\nhint: data.%s must hold at least a header and one row", at(p, "data."+name+".file"), t.File, name)
	}
	digest := s.Digest
	if t.SHA256 != "" && artifact.Hex(digest) != t.SHA256 {
		return "", fmt.Errorf("%w: %s%s is not the %s that data.%s.sha256 pins: it has sha256 %s, pinned is %s\nhint: if the data was meant to change, `weighlock pin` writes its new digest, and from level release on the model is trained again; if not, bring back the pinned %s",
			ErrIntegrity, at(p, "data."+name+".sha256"), t.File, tree.Noun(t.File), name, artifact.Hex(digest), t.SHA256, tree.Noun(t.File))
	}
	return digest, nil
}

// whence is how a file that is named comes to be there.
func whence(p *project.Project, path string) string {
	switch {
	case path == "predictions.file" && p.Predictions != nil && p.Predictions.Command != "":
		return "weighlock run makes it, by predictions.command"
	case path == "file" && p.Level != "start":
		return "weighlock run -- COMMAND trains it; paths are relative to the project file's folder"
	}
	return "paths are relative to the project file's folder"
}

// missing turns a file that cannot be opened into words about the project
// file's line that names it.
func missing(err error, p *project.Project, path, file string) error {
	if errors.As(err, new(tree.NoMatch)) {
		return fmt.Errorf("%w: %s%s: %w", ErrUsage, at(p, path), path, err)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %s%s names %s, which is not there\nhint: %s", ErrUsage, at(p, path), path, file, whence(p, path))
	}
	if errors.Is(err, tree.ErrNoFile) {
		return fmt.Errorf("%w: %s%s: %w", ErrUsage, at(p, path), path, err)
	}
	return fmt.Errorf("%sopening %s: %w", at(p, path), file, err)
}

// at is a path's place in the project file, as a prefix for errors.
func at(p *project.Project, path string) string {
	if l := p.Location(path); l != nil {
		return fmt.Sprintf("%s:%d:%d: ", l.File, l.Line, l.Col)
	}
	return ""
}

func (w *Workspace) readFiles(ctx context.Context, o Opening) error {
	for _, f := range w.Project.Files {
		if _, err := os.Stat(w.Project.Abs(f)); err != nil {
			return missing(err, w.Project, "file", f)
		}
	}
	files, err := pack.ListFiles(w.Project.Dir, w.Project.Files)
	if err != nil {
		return err
	}
	var repo *oci.Repository
	if o.Stage != nil {
		if repo, err = o.Stage(w.Project); err != nil {
			return err
		}
	}
	if w.stage, err = pack.NewStage(ctx, repo, files, o.Progress); err != nil {
		return err
	}
	w.Pack.Files = files
	for _, f := range w.stage.Files {
		m, err := w.inspect(f)
		if err != nil {
			return err
		}
		w.Files = append(w.Files, *m)
	}
	return complete(w.Files, w.Spec, func(path string) (io.ReaderAt, io.Closer, error) {
		r, end, err := w.stage.Open(path)
		return r, end, err
	})
}

// complete writes down, at the file that promised it, what a model lacks.
func complete(files []ModelFile, spec *project.Spec, open func(path string) (io.ReaderAt, io.Closer, error)) error {
	var members []modelfile.Member
	for _, f := range files {
		members = append(members, modelfile.Member{Path: f.ID, Size: f.Size, Open: func() (io.ReaderAt, io.Closer, error) { return open(f.ID) }})
	}
	lacks, err := modelfile.Complete(members, spec.Base != nil)
	if err != nil {
		return fmt.Errorf("looking for what the model lacks: %w", err)
	}
	for i := range files {
		files[i].Lacks = list(lacks[files[i].ID])
	}
	return nil
}

// inspect looks at what a model file is, in the very bytes that were packed.
func (w *Workspace) inspect(f pack.FileInfo) (*ModelFile, error) {
	r, end, err := w.stage.Open(f.Path)
	if err != nil {
		return nil, fmt.Errorf("opening the model file: %w", err)
	}
	defer end.Close()
	found := modelfile.Inspect(f.Path, r, f.Size, nil)
	return &ModelFile{
		ID: f.Path, Digest: f.Digest, Size: f.Size, Role: f.Role,
		Format: found.Format, Status: found.Status, Findings: list(found.Findings),
	}, nil
}

// Image completes the image of exactly the files that were read and looked
// into, where they were staged. It can be asked for once.
func (w *Workspace) Image(ctx context.Context) (*pack.Image, error) {
	return w.stage.Image(ctx, w.Pack)
}

func (w *Workspace) readStatements(ctx context.Context) error {
	local, err := capture.OpenLocal(w.Project.Dir)
	if err != nil {
		return fmt.Errorf("opening the local statements: %w", err)
	}
	stored, err := capture.Statements(ctx, local)
	if err != nil {
		return fmt.Errorf("reading the local statements: %w", err)
	}
	var bundles [][]byte
	for _, s := range stored {
		bundles = append(bundles, s.Bundle)
	}
	if w.Evidence, w.Ignored, err = Admit(w.trust, w.Project.Name, bundles); err != nil {
		return err
	}
	w.Evidence = w.relevant(w.Evidence)
	return nil
}

// relevant keeps, of all that was ever recorded in the folder, the specs and
// what concerns these model files or this predictions file.
func (w *Workspace) relevant(all []Evidence) []Evidence {
	q := Question{Model: Model{Files: w.Files}}
	digests := q.fileDigests()
	predictions := w.predictionsDigest()
	runs := slices.DeleteFunc(slices.Clone(all), func(e Evidence) bool {
		return e.Name != "spec" && !covers(e, digests) && (predictions == "" || !e.Statement.About(predictions))
	})
	embedded := map[string]bool{w.SpecDigest: true}
	for _, e := range of(runs, "run") {
		if r, err := (&Question{SpecDigest: w.SpecDigest, Spec: w.Spec}).readRun(e); err == nil {
			embedded[r.Spec] = true
		}
	}
	return slices.DeleteFunc(runs, func(e Evidence) bool {
		return e.Name == "spec" && !slices.ContainsFunc(e.Statement.Subject, func(s subject) bool { return embedded["sha256:"+s.Digest["sha256"]] })
	})
}

func (w *Workspace) predictionsDigest() string {
	if w.Project.Predictions == nil {
		return ""
	}
	s, err := evaluate.FileSource("predictions", w.Project.Dir, w.Project.Predictions.File)
	if err != nil {
		return ""
	}
	return s.Digest
}

// parametersFile carries, in the image, the parameters that the project asks
// for beside the verifier file's.
const parametersFile = "parameters.json"

// packInput is what pack makes the image from: the model's files, and beside
// them project file, spec and lineage.
func (w *Workspace) packInput(getenv func(string) string) (pack.Input, error) {
	in := pack.Input{Name: w.Project.Name, Task: w.Project.Task, Files: w.Pack.Files, Metadata: map[string][]byte{}}
	spec, err := w.Spec.Canonical()
	if err != nil {
		return in, err
	}
	in.Metadata[filepath.Base(w.Project.Path)] = w.Project.Text
	in.Metadata["spec.json"] = spec
	if len(w.Project.Parameters) > 0 {
		if in.Metadata[parametersFile], err = canonical.Marshal(w.Project.Parameters); err != nil {
			return in, err
		}
	}
	if w.Claim != nil {
		in.Metadata[claimFile] = w.Claim.text
	}
	in.Created = time.Unix(0, 0).UTC()
	q := w.question(Rules{})
	run, err := q.run()
	if err != nil {
		return in, err
	}
	lineage, err := q.lineage(run)
	if err != nil {
		return in, err
	}
	if lineage != nil {
		in.Metadata["lineage.json"] = lineage.Document
		if in.Created, err = ended(lineage.Document); err != nil {
			return in, err
		}
	}
	if epoch := getenv("SOURCE_DATE_EPOCH"); epoch != "" {
		seconds, err := strconv.ParseInt(epoch, 10, 64)
		if err != nil || seconds < 0 {
			return in, fmt.Errorf("%w: SOURCE_DATE_EPOCH is %q, not a number of seconds\nhint: SOURCE_DATE_EPOCH=$(git log -1 --format=%%ct)", ErrUsage, epoch)
		}
		in.Created = time.Unix(seconds, 0).UTC()
	}
	return in, nil
}

// question begins a question about the workspace.
func (w *Workspace) question(rules Rules) *Question {
	return &Question{
		Command: "gate",
		Model:   Model{Name: w.Project.Name, Task: w.Project.Task, Files: w.Files},
		Spec:    w.Spec, SpecDigest: w.SpecDigest,
		Evidence: slices.Clone(w.Evidence), Claim: w.Claim, Ignored: slices.Clone(w.Ignored),
		Verifier: rules.Verifier, Trust: w.trust, Policy: rules.Policy,
		Level: rules.Level, Mode: w.Project.Mode, Now: rules.Now, Engine: rules.Engine,
		Tighten: w.Project.Parameters,
		Locate:  w.Project.Location,
	}
}
