package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/capture"
	"github.com/weighlock/weighlock/internal/evaluate"
	"github.com/weighlock/weighlock/internal/gate"
	"github.com/weighlock/weighlock/internal/oci"
	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/tree"
	"github.com/weighlock/weighlock/internal/verifier"
)

func (d *doctor) gitProgram(ctx context.Context) {
	version, err := d.gitSays(ctx, "--version")
	if err != nil {
		d.ill("git", "sudo apt-get install git", fmt.Errorf("git cannot be run, and run and the hook need it: %w", err))
		return
	}
	d.git = true
	d.say("git", "%s", version)
}

func (d *doctor) gitSays(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir, cmd.Env = d.dir, d.env.Environ
	out, err := cmd.Output()
	return strings.TrimSpace(string(out)), err
}

// load reads the project file once.
func (d *doctor) load() (*project.Project, error) {
	if d.project != nil {
		return d.project, nil
	}
	p, err := project.Load(d.dir)
	if err == nil {
		d.project = p
	}
	return p, err
}

func (d *doctor) projectFile(context.Context) {
	p, err := d.load()
	switch {
	case errors.Is(err, project.ErrNone):
		d.skip("project", "weighlock init MODEL PREDICTIONS", "there is no project file in %s", d.dir)
	case err != nil:
		_, hint, _ := strings.Cut(err.Error(), "\nhint: ")
		d.ill("project", strings.TrimSpace("${EDITOR:-vi} "+d.projectNames()+"\n"+hint), err)
	default:
		d.say("project", "%s: %s, level %s", p.Path, p.Name, p.Level)
	}
}

// projectNames are the project files that lie there, for a shell.
func (d *doctor) projectNames() string {
	var names []string
	for _, name := range project.FileNames() {
		path := filepath.Join(d.dir, name)
		if _, err := os.Lstat(path); err == nil {
			names = append(names, shell(path))
		}
	}
	return strings.Join(names, " ")
}

// outside lets the gate say whether the verifier file lies where the project
// could rewrite it: of a file that names no key, that is the one question of
// integrity that is asked.
func (d *doctor) outside(ctx context.Context) {
	const name = "outside"
	if d.verifier == nil || d.project == nil {
		d.skip(name, "", "there is no verifier file, or no project, to lie outside of")
		return
	}
	_, err := gate.OpenWorkspace(ctx, d.dir, gate.Rules{Verifier: &verifier.File{Path: d.verifier.Path}, Now: d.env.Now()}, d.env.Getenv)
	if errors.Is(err, gate.ErrIntegrity) {
		d.ill(name, "mv "+shell(d.verifier.Path)+" "+shell(filepath.Join(d.configDir(), verifierFile)), err)
		return
	}
	d.say(name, "the project cannot rewrite the verifier file")
}

// data holds the data files against the digests that pin them.
func (d *doctor) data(ctx context.Context) {
	const name = "data"
	if d.project == nil {
		d.skip(name, "", "there is no project to read")
		return
	}
	var pinned, loose []string
	test := ""
	for _, part := range []string{"test", "train"} {
		t := map[string]*project.Table{"test": d.project.Data.Test, "train": d.project.Data.Train}[part]
		if t == nil {
			continue
		}
		digest, _, err := digestOf(d.project, t.File)
		switch {
		case err != nil:
			d.ill(name, "${EDITOR:-vi} "+shell(d.project.Path)+"   # name another file, or bring this one back", fmt.Errorf("data.%s.file: %w", part, err))
			return
		case t.SHA256 == "":
			loose = append(loose, t.File)
		case artifact.Hex(digest) != t.SHA256:
			d.ill(name, d.repin(ctx, t.File),
				fmt.Errorf("%s is not the %s that data.%s.sha256 pins: it has sha256 %s", t.File, tree.Noun(t.File), part, artifact.Hex(digest)))
			return
		default:
			pinned = append(pinned, t.File)
		}
		if part == "test" {
			test = digest
		}
	}
	d.spec = d.committed(name, test)
	if d.spec == "" {
		return
	}
	slices.Sort(loose)
	slices.Sort(pinned)
	d.say(name, "%s", strings.Join(slices.DeleteFunc([]string{
		words("as pinned: ", pinned), words("there, and pinned by nothing yet: ", loose),
	}, func(s string) bool { return s == "" }), "; "))
}

// committed is the digest of the spec that the project file amounts to; empty
// where it amounts to none, which is then said.
func (d *doctor) committed(name, test string) string {
	spec, err := d.project.Spec(test)
	if err != nil {
		d.ill(name, "", err)
		return ""
	}
	digest, err := spec.Digest()
	if err != nil {
		d.ill(name, "", err)
	}
	return digest
}

func words(before string, list []string) string {
	if len(list) == 0 {
		return ""
	}
	return before + strings.Join(list, ", ")
}

// digestOf is the digest and size of what a name in the project file stands
// for.
func digestOf(p *project.Project, file string) (string, int64, error) {
	s, err := evaluate.FileSource("", p.Dir, file)
	if err != nil {
		return "", 0, err
	}
	return s.Digest, s.Size, nil
}

// files looks whether model and predictions are there.
func (d *doctor) files(context.Context) {
	const name = "files"
	if d.project == nil {
		d.skip(name, "", "there is no project to read")
		return
	}
	names := slices.Clone(d.project.Files)
	if d.project.Predictions != nil {
		names = append(names, d.project.Predictions.File)
		if e := d.project.Predictions.Explanations; e != nil {
			names = append(names, e.File)
		}
	}
	for i, file := range names {
		if err := d.there(file, i < len(d.project.Files)); err != nil {
			fix := "weighlock run -- COMMAND   # which trains it"
			if d.project.Level == "start" {
				fix = "${EDITOR:-vi} " + shell(d.project.Path)
			}
			d.ill(name, fix, fmt.Errorf("the project file names %s: %w", file, reason(err)))
			return
		}
	}
	d.say(name, "model and predictions are there: %s", strings.Join(names, ", "))
}

// there looks for what the project file names: the model by that very name.
func (d *doctor) there(file string, model bool) error {
	paths := []string{d.project.Abs(file)}
	if !model {
		var err error
		if paths, err = tree.Paths(d.project.Dir, file); err != nil {
			return err
		}
	}
	for _, path := range paths {
		if _, err := os.Stat(path); err != nil {
			return err
		}
	}
	return nil
}

// measures lets the gate compute what it judges by, so that a column or a
// value which it would stumble over is named here.
func (d *doctor) measures(ctx context.Context) {
	const name = "measures"
	if d.project == nil || slices.ContainsFunc(d.findings, func(f finding) bool {
		return f.Status == illStatus && (f.Name == "data" || f.Name == "files")
	}) {
		d.skip(name, "", "there is nothing to measure before project, data and files are right")
		return
	}
	w, err := gate.OpenWorkspace(ctx, d.dir, gate.Rules{Now: d.env.Now()}, d.env.Getenv)
	if err != nil {
		d.ill(name, "", err)
		return
	}
	image, err := w.Image(ctx)
	if err != nil {
		d.ill(name, "", err)
		return
	}
	m, err := w.Measure(ctx, image.Descriptor.Digest, "", nil, nil)
	if err != nil {
		d.ill(name, "", err)
		return
	}
	d.say(name, "%d can be computed", len(m.Result.Evaluation.Results))
}

// reason is an error of the file system without the path, which was said.
func reason(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}

// statements reads what run has recorded in the project's folder.
func (d *doctor) statements(ctx context.Context) {
	const name = "statements"
	if d.project == nil {
		d.skip(name, "", "there is no project to read")
		return
	}
	local, err := capture.OpenLocal(d.project.Dir)
	if err != nil {
		d.ill(name, "", err)
		return
	}
	again := "weighlock run -- COMMAND   # trains again, and records it"
	stored, err := capture.Statements(ctx, local)
	if err != nil {
		folder := filepath.Join(d.project.Dir, artifact.LocalDir)
		d.ill(name, "mv "+shell(folder)+" "+shell(folder+".broken")+" && "+again, err)
		return
	}
	if len(stored) == 0 {
		d.skip(name, again, "nothing is recorded; levels release and regulated need it")
		return
	}
	if d.trust == nil {
		d.skip(name, "weighlock keygen", "%d are recorded; without a verifier file none of them counts", len(stored))
		return
	}
	d.counted(ctx, name, again, stored)
}

// counted says which of the recorded statements count, and whether they are
// about the project as it is now.
func (d *doctor) counted(ctx context.Context, name, again string, stored []capture.Stored) {
	var bundles [][]byte
	for _, s := range stored {
		bundles = append(bundles, s.Bundle)
	}
	evidence, ignored, err := gate.Admit(d.trust, d.project.Name, bundles)
	if err != nil {
		d.ill(name, again, err)
		return
	}
	if len(evidence) == 0 {
		d.ill(name, again, fmt.Errorf("%d are recorded, and none counts: %s", len(stored), ignored[0].Reason))
		return
	}
	var names []string
	signed := d.spec == "" // where it cannot be told, that was said
	for _, e := range evidence {
		names = append(names, e.Name)
		signed = signed || e.Name == "spec" && e.Statement.About(d.spec)
	}
	if !signed {
		d.ill(name, again, fmt.Errorf("what the project commits to was never signed as it is now (%s): it was changed after the last run", artifact.Short(d.spec)))
		return
	}
	if w, err := d.workspace(ctx, d.dir); err == nil && !slices.ContainsFunc(w.Evidence, func(e gate.Evidence) bool { return e.Name == "run" }) {
		d.ill(name, again, errors.New("the model files are not those that a recorded run wrote"))
		return
	}
	message := fmt.Sprintf("%d count: %s", len(evidence), strings.Join(names, ", "))
	if len(ignored) > 0 {
		message += fmt.Sprintf("; %d do not, such as one that is %s", len(ignored), ignored[0].Reason)
	}
	d.say(name, "%s", message)
}

// hook looks for the pre-push hook where git would, and no further than
// whether it runs weighlock.
func (d *doctor) hook(ctx context.Context) {
	const name, install = "hook", "weighlock hook install"
	if !d.git {
		d.skip(name, "", "there is no git")
		return
	}
	top, err := d.gitSays(ctx, "rev-parse", "--show-toplevel")
	if err != nil {
		d.skip(name, "git init", "%s is in no git work tree", d.dir)
		return
	}
	file, err := d.gitSays(ctx, "-C", top, "rev-parse", "--git-path", "hooks/pre-push")
	if err != nil {
		d.ill(name, install, fmt.Errorf("asking git where hooks lie: %w", err))
		return
	}
	if !filepath.IsAbs(file) {
		file = filepath.Join(top, file)
	}
	text, err := os.ReadFile(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.skip(name, install, "no pre-push hook is installed")
	case err != nil:
		d.ill(name, "ls -l "+shell(file), err)
	case !bytes.Contains(text, []byte("weighlock")):
		d.skip(name, "weighlock hook print", "%s is another program's, and does not name weighlock", file)
	default:
		d.runnable(name, file)
	}
}

func (d *doctor) runnable(name, file string) {
	info, err := os.Stat(file)
	if err == nil && info.Mode().Perm()&0o111 == 0 && os.PathSeparator == '/' {
		err = fmt.Errorf("%s cannot be run, so git passes it by", file)
	}
	if err != nil {
		d.ill(name, "chmod +x "+shell(file), err)
		return
	}
	d.say(name, "%s", file)
}

// registry reads, and never writes: whether one may push is seen by pushing.
func (d *doctor) registry(ctx context.Context) {
	const name = "registry"
	if d.ref == "" {
		d.skip(name, "weighlock doctor REF", "no reference is given")
		return
	}
	repo, r, err := d.open(d.ref)
	if err != nil {
		d.ill(name, "", err)
		return
	}
	host, _, _ := strings.Cut(r.Repository, "/")
	tags, err := repo.Tags(ctx)
	switch {
	case errors.Is(err, oci.ErrDenied):
		d.ill(name, "docker login "+shell(host), err)
	case errors.Is(err, oci.ErrNotFound):
		d.say(name, "%s answers, and holds nothing yet; the first publish makes it", repo)
	case err != nil:
		d.ill(name, "", err)
	default:
		d.say(name, "%s answers, with %d tags; whether you may push is seen by pushing", repo, len(tags))
	}
}
