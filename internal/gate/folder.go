package gate

import (
	"context"
	"fmt"

	"github.com/weighlock/weighlock/internal/ledger"
	"github.com/weighlock/weighlock/internal/oci"
	"github.com/weighlock/weighlock/internal/pack"
	"github.com/weighlock/weighlock/internal/policy"
)

// Folder is a question about a model's folder.
type Folder struct {
	Dir    string
	Rules  Rules
	IDKey  []byte          // for joining with a champion's stored predictions
	Repo   *oci.Repository // where earlier attempts lie, and the champion unless the verifier file says; may be nil
	Getenv func(string) string
	Open   func(ref string) (*oci.Repository, error)
	// Policy gives the policy where Rules has none: it may be read while the
	// model is measured.
	Policy func() (*policy.Bundle, error)
	Scorer *Scorer // runs predictions.command, where it is to be rescored; nil: nothing is run
}

// JudgeFolder judges the image that pack would make of a folder, by evidence
// computed here and now from its pinned files. It writes nothing.
func JudgeFolder(ctx context.Context, f Folder) (*Decision, error) {
	w, err := OpenWorkspace(ctx, f.Dir, f.Rules, f.Getenv)
	if err != nil {
		return nil, err
	}
	image, err := w.Image(ctx)
	if err != nil {
		return nil, err
	}
	champion, err := Champion(ctx, w.Spec, f.Rules.Verifier, f.Rules.Now, f.Repo, f.Open)
	if err != nil {
		return nil, err
	}
	if f.Scorer != nil {
		w.MayRescore(*f.Scorer, f.rules)
	}
	measured, err := w.Measure(ctx, image.Descriptor.Digest, "", champion, f.IDKey)
	if err != nil {
		return nil, err
	}
	rules, err := f.rules()
	if err != nil {
		return nil, err
	}
	q := w.question(rules)
	q.Model.Digest = image.Descriptor.Digest
	q.Predictions = measured.Result.Evaluation.Predictions.Digest
	for _, s := range measured.Statements {
		q.Evidence = append(q.Evidence, Own(s))
	}
	if q.Attempts, err = w.earlier(ctx, f.Repo); err != nil {
		return nil, err
	}
	return Decide(ctx, *q)
}

// rules are the rules with their policy.
func (f *Folder) rules() (rules Rules, err error) {
	if f.Policy != nil && f.Rules.Policy == nil {
		f.Rules.Policy, err = f.Policy()
	}
	return f.Rules, err
}

// earlier counts the attempts of the repository that a folder is judged
// beside; none where there is no such repository, or nobody to believe.
func (w *Workspace) earlier(ctx context.Context, repo *oci.Repository) (Attempts, error) {
	if repo == nil || w.trust == nil {
		return Attempts{}, nil
	}
	chain, err := ledger.Attempts(repo).Read(ctx, w.trust)
	if err != nil {
		return Attempts{}, fmt.Errorf("attempts of %s: %w", repo, err)
	}
	return CountAttempts(chain, len(chain.Entries), w.Spec.Test.Digest), nil
}

// Holds says whether an image was made of exactly the files that the
// workspace has read and looked into; one that was rewritten in between must
// not be judged by what it was before.
func (w *Workspace) Holds(image *pack.Image) error {
	packed := map[string]string{}
	for _, f := range image.Files {
		packed[f.Path] = f.Digest
	}
	if len(packed) != len(w.Files) {
		return fmt.Errorf("%w: the model has %d files, the image %d", ErrIntegrity, len(w.Files), len(packed))
	}
	for _, f := range w.Files {
		if packed[f.ID] != f.Digest {
			return fmt.Errorf("%w: %s changed while it was read\nhint: run again when nothing writes the model", ErrIntegrity, f.ID)
		}
	}
	return nil
}

// Staged is a question about a workspace whose image has been pushed and
// whose measures have been signed, as publish asks it.
type Staged struct {
	Version     string
	Repository  string
	Image       string
	Predictions string
	Signed      [][]byte // bundles of the measures
	Attempts    Attempts
}

// JudgeStaged judges a staged image by the workspace's evidence and the
// signed measures.
func (w *Workspace) JudgeStaged(ctx context.Context, s Staged, rules Rules) (*Decision, error) {
	admitted, ignored, err := Admit(w.trust, w.Project.Name, s.Signed)
	if err != nil {
		return nil, err
	}
	q := w.question(rules)
	q.Command = "publish"
	q.Version, q.Repository = s.Version, s.Repository
	q.Model.Digest = s.Image
	q.Predictions = s.Predictions
	q.Evidence = append(q.Evidence, admitted...)
	q.Ignored = append(q.Ignored, ignored...)
	q.Attempts = s.Attempts
	return Decide(ctx, *q)
}
