package gate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/catalog"
	"github.com/weighlock/weighlock/internal/evaluate"
	"github.com/weighlock/weighlock/internal/lineage"
	"github.com/weighlock/weighlock/internal/oci"
	"github.com/weighlock/weighlock/internal/pack"
	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/tree"
)

// trainInput is what a lineage calls the training data.
const trainInput = "train"

// maxTrainingIDs bounds the training ids that a registry keeps, in bytes.
const maxTrainingIDs = 17 * evaluate.MaxTrainingIDs

// trainedOn finds out what a champion was trained on: its lineage says by
// which file, its evaluation which ids of it the registry keeps. Where the two
// do not agree, nothing is known.
func trainedOn(ctx context.Context, repo *oci.Repository, image string, evidence []Evidence, e *evaluate.Evaluation) (*evaluate.Training, error) {
	content, err := pack.Open(ctx, repo, image)
	if err != nil {
		return nil, err
	}
	defer content.Close()
	column, err := trainingIDColumn(content)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, f := range content.Files {
		files = append(files, f.Digest)
	}
	said, err := lineageData(files, evidence)
	if err != nil {
		return nil, err
	}
	out := agreed(said, e.Training)
	if out.Column = column; out.Digest == "" || e.Training == nil || e.Training.Stored == "" {
		return out, nil
	}
	text, err := catalog.FindFile(ctx, repo, image, e.Training.Stored, maxTrainingIDs)
	if err != nil {
		return nil, fmt.Errorf("its training ids: %w", err)
	}
	kept := stored("training-ids.txt", text)
	out.IDs = &kept
	return out, nil
}

// trainingIDColumn is the column of the training ids by the image's own spec.
func trainingIDColumn(content *pack.Content) (string, error) {
	text, err := content.Metadata("spec.json")
	if errors.Is(err, pack.ErrNoFile) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	spec, err := project.ParseSpec(text)
	if err != nil || spec.Train == nil {
		return "", err
	}
	return spec.Train.ID, nil
}

// lineageData are the digests of the training data by the lineages of all of
// an image's files: runs on other data may have written the same bytes.
func lineageData(files []string, evidence []Evidence) (digests []string, err error) {
	for _, e := range of(evidence, "lineage") {
		if !covers(e, files) {
			continue
		}
		var l lineage.Lineage
		if err := json.Unmarshal(e.Statement.Predicate, &l); err != nil {
			return nil, fmt.Errorf("its lineage: %w", err)
		}
		for _, i := range l.Inputs {
			if i.Name == trainInput && !slices.Contains(digests, i.Digest) {
				digests = append(digests, i.Digest)
			}
		}
	}
	slices.Sort(digests)
	return digests, nil
}

// agreed is the training data that lineages and an evaluation name: either may
// be silent.
func agreed(said []string, t *evaluate.TrainingData) *evaluate.Training {
	var short []string
	for _, digest := range said {
		short = append(short, artifact.Short(digest))
	}
	switch {
	case t == nil && len(said) == 0:
		return &evaluate.Training{Why: "neither its lineage nor its evaluation names its training data"}
	case t == nil && len(said) > 1:
		return &evaluate.Training{Why: "its lineages name several sets of training data: " + strings.Join(short, ", ")}
	case t == nil:
		return &evaluate.Training{Digest: said[0]}
	case len(said) > 0 && !slices.Contains(said, t.Digest):
		return &evaluate.Training{Why: fmt.Sprintf("its lineage names training data %s, and its evaluation %s", strings.Join(short, ", "), artifact.Short(t.Digest))}
	}
	return &evaluate.Training{Digest: t.Digest}
}

// findTraining looks for the champion's training data among the project's
// files, where its ids were not kept: in the folders of data.train and
// data.test, by digest.
func findTraining(p *project.Project, t *evaluate.Training) error {
	if t == nil || t.IDs != nil || t.Digest == "" {
		return nil
	}
	dirs := []string{}
	for _, table := range []*project.Table{p.Data.Train, p.Data.Test} {
		if table != nil && !slices.Contains(dirs, path.Dir(table.File)) {
			dirs = append(dirs, path.Dir(table.File))
		}
	}
	suffix := path.Ext(p.Data.Test.File)
	if p.Data.Train != nil {
		suffix = path.Ext(p.Data.Train.File)
	}
	for _, dir := range dirs {
		entries, err := os.ReadDir(p.Abs(dir))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("looking for the champion's training data: %w", err)
		}
		for _, entry := range entries {
			if !entry.Type().IsRegular() || path.Ext(entry.Name()) != suffix {
				continue
			}
			name := path.Join(dir, entry.Name())
			if tree.IsPattern(name) {
				continue // would be read as one
			}
			s, err := evaluate.FileSource(trainInput, p.Dir, name)
			switch {
			case errors.Is(err, tree.ErrNoFile): // it has gone since
			case err != nil:
				return fmt.Errorf("looking for the champion's training data: %w", err)
			case s.Digest == t.Digest:
				t.File = s
				return nil
			}
		}
	}
	return nil
}
