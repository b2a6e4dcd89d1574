package gate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/attest"
	"github.com/weighlock/weighlock/internal/catalog"
	"github.com/weighlock/weighlock/internal/evaluate"
	"github.com/weighlock/weighlock/internal/oci"
	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/sign"
	"github.com/weighlock/weighlock/internal/verifier"
)

type subject = attest.Subject

// Measured is what was computed from the pinned files for one image, as
// statements about it.
type Measured struct {
	Request    evaluate.Request
	Result     *evaluate.Result
	Statements []*attest.Statement // evaluation, datacheck and, where asked for, drift
}

// Measure evaluates the workspace's predictions under its spec, for an image
// and the version that it is to have, if any. The champion
// may be nil; what the spec asks of it then has no measure.
func (w *Workspace) Measure(ctx context.Context, image, version string, champion *evaluate.Champion, idKey []byte) (*Measured, error) {
	p := w.Project
	if p.Predictions == nil {
		return nil, fmt.Errorf("%w: %s names no predictions\nhint: add predictions with file and column", ErrUsage, p.Path)
	}
	predictions, err := source(p, "predictions.file", "predictions", p.Predictions.File)
	if err != nil {
		return nil, err
	}
	test, err := source(p, "data.test.file", "test", p.Data.Test.File)
	if err != nil {
		return nil, err
	}
	request := evaluate.Request{
		Spec: w.Spec, SpecDigest: w.SpecDigest, Test: *test, Predictions: *predictions,
		Champion: champion, IDKey: idKey, Grade: w.grade(predictions.Digest),
	}
	if p.Data.Train != nil {
		train, err := source(p, "data.train.file", "train", p.Data.Train.File)
		if err != nil {
			return nil, err
		}
		request.Train = train
	}
	if e := p.Predictions.Explanations; e != nil {
		if request.Explanations, err = source(p, "predictions.explanations.file", "explanations", e.File); err != nil {
			return nil, err
		}
	}
	if champion != nil {
		if err := findTraining(p, champion.Training); err != nil {
			return nil, err
		}
	}
	result, err := evaluate.Run(ctx, request)
	if err != nil {
		return nil, placed(p, fmt.Errorf("evaluating: %w", err))
	}
	if err := w.rescore(ctx, request, result, image); err != nil {
		return nil, err
	}
	if s := p.Predictions.Store; s == "external" || s == "aggregate" {
		result.Stored, result.Evaluation.Predictions.Stored = nil, ""
	}
	if t := result.Evaluation.Training; t != nil && (p.Data.Train.Store == "external" || p.Data.Train.Store == "aggregate") {
		result.TrainingIDs, t.Stored = nil, ""
	}
	model := evaluate.Model{Name: p.Name, Version: version, Digest: image}
	result.Evaluation.Model, result.Datacheck.Model = model, model
	m := &Measured{Request: request, Result: result}
	about := []attest.Subject{{Name: p.Name, Digest: map[string]string{"sha256": artifact.Hex(image)}}}
	add := func(name string, predicate any) error {
		s, err := attest.New(name, about, predicate)
		if err != nil {
			return fmt.Errorf("stating the %s: %w", name, err)
		}
		m.Statements = append(m.Statements, s)
		return nil
	}
	if err := add("evaluation", result.Evaluation); err != nil {
		return nil, err
	}
	if err := add("datacheck", result.Datacheck); err != nil {
		return nil, err
	}
	if result.Drift != nil {
		result.Drift.Model = model
		if err := add("drift", result.Drift); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// grade is computed where a trusted builder's statement says that Weighlock
// itself made these predictions with these model files from this data.
func (w *Workspace) grade(predictions string) string {
	q := w.question(Rules{})
	q.Predictions = predictions
	said, err := q.predictions()
	if err != nil || said == nil || said.Bound == nil {
		return "claimed"
	}
	var p struct {
		Grade string `json:"grade"`
	}
	if json.Unmarshal(said.Bound.Document, &p) != nil || p.Grade != "computed" {
		return "claimed"
	}
	return "computed"
}

// source is a file of the project, or a set of them, with its digest.
func source(p *project.Project, path, name, file string) (*evaluate.Source, error) {
	s, err := evaluate.FileSource(name, p.Dir, file)
	if err != nil {
		return nil, missing(err, p, path, file)
	}
	return s, nil
}

// maxPredictions bounds the stored predictions of a champion.
const maxPredictions = 4 << 30

// Champion fetches the stored predictions of the model that the verifier file
// names for the spec's channel. It is nil where the spec asks for none, and
// where the verifier file says none or nothing, or nothing says where the
// champion lies: the rules then see that there was no comparison.
func Champion(ctx context.Context, spec *project.Spec, v *verifier.File, at time.Time, repo *oci.Repository, open func(ref string) (*oci.Repository, error)) (*evaluate.Champion, error) {
	if spec.Champion == nil || v == nil {
		return nil, nil
	}
	c, ok := v.Channels[spec.Champion.Channel]
	if !ok || c.Champion == "none" {
		return nil, nil
	}
	if c.Repository != "" {
		var err error
		if repo, err = open(c.Repository); err != nil {
			return nil, fmt.Errorf("opening the champion's repository: %w", err)
		}
	}
	if repo == nil {
		return nil, nil
	}
	champion, err := championPredictions(ctx, repo, c.Champion, spec.Name, v, at)
	if err != nil {
		return nil, fmt.Errorf("champion %s of channel %s: %w", artifact.Short(c.Champion), spec.Champion.Channel, err)
	}
	champion.Channel = spec.Champion.Channel
	return champion, nil
}

func championPredictions(ctx context.Context, repo *oci.Repository, digest, model string, v *verifier.File, at time.Time) (*evaluate.Champion, error) {
	trust, err := sign.NewTrust(v, sign.At(at))
	if err != nil {
		return nil, err
	}
	attached, _, err := catalog.Bundles(ctx, repo, digest)
	if err != nil {
		return nil, err
	}
	evidence, _, err := Admit(trust, model, raw(attached))
	if err != nil {
		return nil, err
	}
	about := slices.DeleteFunc(of(evidence, "evaluation"), func(e Evidence) bool { return !e.Statement.About(digest) })
	e, ok := latest(about)
	if !ok {
		return nil, fmt.Errorf("no evaluation that counts is attached to it: %w", oci.ErrNotFound)
	}
	var p evaluate.Evaluation
	if err := json.Unmarshal(e.Statement.Predicate, &p); err != nil {
		return nil, err
	}
	if p.Predictions.Stored == "" {
		return nil, errors.New("its predictions were not kept in the registry")
	}
	text, err := catalog.FindFile(ctx, repo, digest, p.Predictions.Stored, maxPredictions)
	if err != nil {
		return nil, err
	}
	training, err := trainedOn(ctx, repo, digest, evidence, &p)
	if err != nil {
		return nil, err
	}
	return &evaluate.Champion{Digest: digest, Predictions: stored("champion.csv", text), Training: training}, nil
}

// stored is a file that was read from a repository.
func stored(name string, text []byte) evaluate.Source {
	return evaluate.Source{Name: name, Path: name, Digest: artifact.Digest(text), Open: func() (evaluate.ReaderAtCloser, int64, error) {
		return memory{bytes.NewReader(text)}, int64(len(text)), nil
	}}
}

type memory struct{ *bytes.Reader }

func (memory) Close() error { return nil }

func raw(attached []catalog.Attached) [][]byte {
	var bundles [][]byte
	for _, a := range attached {
		bundles = append(bundles, a.Bundle)
	}
	return bundles
}

// ended is the end of the run that a lineage document records.
func ended(document []byte) (time.Time, error) {
	var d struct {
		Ended string `json:"ended"`
	}
	if err := json.Unmarshal(document, &d); err != nil {
		return time.Time{}, fmt.Errorf("lineage: %w", err)
	}
	t, err := time.Parse(time.RFC3339, d.Ended)
	if err != nil {
		return t, fmt.Errorf("lineage: %w", err)
	}
	return t.UTC(), nil
}
