package gate

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/canonical"
	"github.com/weighlock/weighlock/internal/evaluate"
	"github.com/weighlock/weighlock/internal/project"
)

// runPredicate is what rules need of a run (schema/predicate/run/v1).
type runPredicate struct {
	Start      json.RawMessage `json:"start"`
	StartToken string          `json:"start_token"`
	Ended      string          `json:"ended"`
	Exit       int             `json:"exit"`
}

type runStart struct {
	ID     string `json:"id"`
	Spec   string `json:"spec"`
	Bundle string `json:"bundle"`
	Time   string `json:"time"`
}

// run selects the run that made exactly these model files. Of several, those
// under the judged spec come first, and among them the latest: an earlier
// run of the same bytes takes nothing away from a later one.
func (q *Question) run() (*InputRun, error) {
	type recorded struct {
		e Evidence
		r *InputRun
	}
	var runs []recorded
	for _, e := range of(q.Evidence, "run") {
		if !covers(e, q.fileDigests()) {
			continue
		}
		r, err := q.readRun(e)
		if err != nil {
			return nil, fmt.Errorf("run %s: %w", artifact.Short(e.Digest), err)
		}
		runs = append(runs, recorded{e, r})
	}
	// Where no authority says when, the builder's own clock does: it is the
	// builder whose runs they are.
	slices.SortFunc(runs, func(a, b recorded) int {
		return cmp.Or(a.e.Time.Compare(b.e.Time), cmp.Compare(a.r.Ended.At, b.r.Ended.At), cmp.Compare(a.e.Digest, b.e.Digest))
	})
	var best *InputRun
	for _, run := range runs {
		if best == nil || run.r.Spec == q.SpecDigest || best.Spec != q.SpecDigest {
			best = run.r
		}
	}
	return best, nil
}

func (q *Question) readRun(e Evidence) (*InputRun, error) {
	var p runPredicate
	if err := json.Unmarshal(e.Statement.Predicate, &p); err != nil {
		return nil, err
	}
	var s runStart
	if err := json.Unmarshal(p.Start, &s); err != nil {
		return nil, err
	}
	started, err := q.started(p, s)
	if err != nil {
		return nil, err
	}
	r := &InputRun{
		Statement: e.ref(), ID: s.ID, Spec: s.Spec, Bundle: s.Bundle,
		Started: started, Ended: Moment{At: p.Ended}, Exit: p.Exit, Changes: []project.Change{},
	}
	if s.Spec != q.SpecDigest {
		r.Changes = q.changes(s.Spec)
	}
	return r, nil
}

// started is when the run's start record was made: the timestamp authority's
// word where there is a token over it that holds, else the builder's.
func (q *Question) started(p runPredicate, s runStart) (Moment, error) {
	claimed := Moment{At: s.Time}
	if p.StartToken == "" || q.Trust == nil {
		return claimed, nil
	}
	token, err := base64.StdEncoding.DecodeString(p.StartToken)
	if err != nil {
		return claimed, fmt.Errorf("start token: %w", err)
	}
	record, err := canonical.Transform(p.Start)
	if err != nil {
		return claimed, fmt.Errorf("start record: %w", err)
	}
	at, err := q.Trust.VerifyToken(token, record)
	if err != nil {
		return claimed, nil //nolint:nilerr // nobody we trust vouches for it: it stays a claim
	}
	claim, err := time.Parse(time.RFC3339, s.Time)
	if err != nil {
		return claimed, fmt.Errorf("start time: %w", err)
	}
	if claim.Before(at) { // the earlier of the two is what the spec must precede
		return Moment{At: stamp(claim), Trusted: true}, nil
	}
	return Moment{At: stamp(at), Trusted: true}, nil
}

// changes compares the judged spec with the one that a run embeds.
func (q *Question) changes(embedded string) []project.Change {
	for _, e := range of(q.Evidence, "spec") {
		if !e.Statement.About(embedded) {
			continue
		}
		if was := specOf(e); was != nil {
			return list(project.Diff(was, q.Spec))
		}
	}
	return []project.Change{}
}

func specOf(e Evidence) *project.Spec {
	var p struct {
		Document json.RawMessage `json:"document"`
	}
	if json.Unmarshal(e.Statement.Predicate, &p) != nil {
		return nil
	}
	s, err := project.ParseSpec(p.Document)
	if err != nil {
		return nil
	}
	return s
}

// specStatement is the statement that commits the judged spec: the one that
// the run embeds, else the earliest.
func (q *Question) specStatement(run *InputRun) *StatementRef {
	var found []Evidence
	for _, e := range of(q.Evidence, "spec") {
		if !e.Statement.About(q.SpecDigest) {
			continue
		}
		if run != nil && e.Digest == run.Bundle {
			ref := e.ref()
			if ref.Time == nil { // the run holds its digest, so it was signed by then
				ref.Time = &Moment{At: run.Started.At}
			}
			return &ref
		}
		found = append(found, e)
	}
	if len(found) == 0 {
		return nil
	}
	ref := slices.MinFunc(found, later).ref()
	return &ref
}

func (q *Question) lineage(run *InputRun) (*InputLineage, error) {
	var found []Evidence
	for _, e := range of(q.Evidence, "lineage") {
		var p struct {
			Run string `json:"run"`
		}
		if err := json.Unmarshal(e.Statement.Predicate, &p); err != nil {
			return nil, fmt.Errorf("lineage %s: %w", artifact.Short(e.Digest), err)
		}
		if covers(e, q.fileDigests()) && (run == nil || p.Run == run.ID) {
			found = append(found, e)
		}
	}
	e, ok := latest(found)
	if !ok {
		return nil, nil
	}
	return &InputLineage{Statement: e.ref(), Document: e.Statement.Predicate}, nil
}

type predictionsPredicate struct {
	Files []struct {
		Digest string `json:"digest"`
	} `json:"files"`
	Data struct {
		Digest string `json:"digest"`
	} `json:"data"`
	Predictions struct {
		Digest string `json:"digest"`
	} `json:"predictions"`
}

// predictions finds what was said of the predictions that were evaluated. The
// latest statement about this model on this data is the one that binds; if it
// names other predictions, that is a contradiction, whatever came before.
func (q *Question) predictions() (*InputPredictions, error) {
	if q.Predictions == "" {
		return nil, nil
	}
	out := &InputPredictions{Digest: q.Predictions, Contrary: []Contrary{}}
	said := of(q.Evidence, "predictions")
	slices.SortFunc(said, later)
	var others []Contrary
	for _, e := range said {
		var p predictionsPredicate
		if err := json.Unmarshal(e.Statement.Predicate, &p); err != nil {
			return nil, fmt.Errorf("predictions statement %s: %w", artifact.Short(e.Digest), err)
		}
		model := q.sameFiles(p)
		data := p.Data.Digest == q.Spec.Test.Digest
		file := p.Predictions.Digest == q.Predictions
		contrary := Contrary{Statement: e.ref(), Predictions: p.Predictions.Digest, Files: []string{}}
		for _, f := range p.Files {
			contrary.Files = append(contrary.Files, f.Digest)
		}
		switch {
		case model && data && file:
			out.Bound = &BoundPredictions{Statement: e.ref(), Document: e.Statement.Predicate}
			out.Contrary = []Contrary{}
		case model && data:
			contrary.Kind = "other_predictions"
			out.Bound, out.Contrary = nil, []Contrary{contrary}
		case data && file:
			contrary.Kind = "other_model"
			others = append(others, contrary)
		case model && file:
			contrary.Kind = "other_data"
			others = append(others, contrary)
		}
	}
	if out.Bound == nil {
		out.Contrary = append(out.Contrary, others...)
	}
	return out, nil
}

func (q *Question) sameFiles(p predictionsPredicate) bool {
	var theirs []string
	for _, f := range p.Files {
		theirs = append(theirs, f.Digest)
	}
	ours := q.fileDigests()
	slices.Sort(theirs)
	return slices.Equal(slices.Compact(theirs), ours)
}

// fileDigests are the model files' digests, sorted, each once.
func (q *Question) fileDigests() []string {
	var digests []string
	for _, f := range q.Model.Files {
		digests = append(digests, f.Digest)
	}
	slices.Sort(digests)
	return slices.Compact(digests)
}

// current selects, of the evaluator's statements of one kind about this image
// under this spec, the latest. An image may be published under several
// versions: those made for the judged one come first. Two of the same moment
// that differ in more than the version are a contradiction under trusted keys.
func (q *Question) current(name string) (*Evidence, error) {
	var found, versioned []Evidence
	for _, e := range of(q.Evidence, name) {
		var p struct {
			Spec  string `json:"spec"`
			Model struct {
				Version string `json:"version"`
			} `json:"model"`
		}
		if err := json.Unmarshal(e.Statement.Predicate, &p); err != nil {
			return nil, fmt.Errorf("%s %s: %w", name, artifact.Short(e.Digest), err)
		}
		if !e.Statement.About(q.Model.Digest) || p.Spec != q.SpecDigest {
			continue
		}
		found = append(found, e)
		if q.Version != "" && p.Model.Version == q.Version {
			versioned = append(versioned, e)
		}
	}
	if len(versioned) > 0 {
		found = versioned
	}
	e, ok := latest(found)
	if !ok {
		return nil, nil
	}
	for _, other := range found {
		if !other.Time.Equal(e.Time) {
			continue
		}
		same, err := sameButVersion(other.Statement.Predicate, e.Statement.Predicate)
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", name, artifact.Short(other.Digest), err)
		}
		if !same {
			return nil, fmt.Errorf("%w: two %s statements of the same moment disagree: %s and %s", ErrIntegrity, name, artifact.Short(e.Digest), artifact.Short(other.Digest))
		}
	}
	return &e, nil
}

// sameButVersion compares two predicates about one image, apart from the
// version that it was to have when each was made.
func sameButVersion(a, b json.RawMessage) (bool, error) {
	if bytes.Equal(a, b) {
		return true, nil
	}
	var texts [2][]byte
	for i, predicate := range []json.RawMessage{a, b} {
		var p map[string]any
		d := json.NewDecoder(bytes.NewReader(predicate))
		d.UseNumber()
		if err := d.Decode(&p); err != nil {
			return false, err
		}
		if model, ok := p["model"].(map[string]any); ok {
			delete(model, "version")
		}
		var err error
		if texts[i], err = json.Marshal(p); err != nil {
			return false, err
		}
	}
	return bytes.Equal(texts[0], texts[1]), nil
}

func (q *Question) data() (*InputData, *evaluate.Datacheck, error) {
	e, err := q.current("datacheck")
	if e == nil || err != nil {
		return nil, nil, err
	}
	var d evaluate.Datacheck
	if err := json.Unmarshal(e.Statement.Predicate, &d); err != nil {
		return nil, nil, fmt.Errorf("datacheck %s: %w", artifact.Short(e.Digest), err)
	}
	return &InputData{Statement: e.ref(), Document: e.Statement.Predicate}, &d, nil
}

func (q *Question) evaluation() (*InputEvaluation, error) {
	e, err := q.current("evaluation")
	if e == nil || err != nil {
		return nil, err
	}
	var p struct {
		Grade string `json:"grade"`
		Spec  string `json:"spec"`
		Data  struct {
			Digest string `json:"digest"`
			Rows   int64  `json:"rows"`
		} `json:"data"`
		Predictions struct {
			Scores json.RawMessage `json:"scores"`
		} `json:"predictions"`
		Join         json.RawMessage   `json:"join"`
		Champion     json.RawMessage   `json:"champion"`
		Rescored     json.RawMessage   `json:"rescored"`
		Explanations json.RawMessage   `json:"explanations"`
		Results      []json.RawMessage `json:"results"`
		Search       json.RawMessage   `json:"search"`
	}
	if err := json.Unmarshal(e.Statement.Predicate, &p); err != nil {
		return nil, fmt.Errorf("evaluation %s: %w", artifact.Short(e.Digest), err)
	}
	results, err := byItem(p.Results)
	if err != nil {
		return nil, fmt.Errorf("evaluation %s: %w", artifact.Short(e.Digest), err)
	}
	return &InputEvaluation{
		Statement: e.ref(), Grade: p.Grade, Spec: p.Spec, Data: p.Data.Digest, Rows: p.Data.Rows,
		Scores: p.Predictions.Scores, Join: p.Join, Champion: p.Champion, Explanations: p.Explanations, Rescored: p.Rescored, Results: results, Search: p.Search,
	}, nil
}

func (q *Question) drift() (*InputDrift, error) {
	e, err := q.current("drift")
	if e == nil || err != nil {
		return nil, err
	}
	var p struct {
		Spec      string            `json:"spec"`
		Method    json.RawMessage   `json:"method"`
		Reference json.RawMessage   `json:"reference"`
		Current   json.RawMessage   `json:"current"`
		Results   []json.RawMessage `json:"results"`
	}
	if err := json.Unmarshal(e.Statement.Predicate, &p); err != nil {
		return nil, fmt.Errorf("drift %s: %w", artifact.Short(e.Digest), err)
	}
	results, err := byItem(p.Results)
	if err != nil {
		return nil, fmt.Errorf("drift %s: %w", artifact.Short(e.Digest), err)
	}
	return &InputDrift{Statement: e.ref(), Spec: p.Spec, Method: p.Method, Reference: p.Reference, Current: p.Current, Results: results}, nil
}

func byItem(results []json.RawMessage) (map[string]json.RawMessage, error) {
	out := map[string]json.RawMessage{}
	for _, r := range results {
		var id struct {
			Item string `json:"item"`
		}
		if err := json.Unmarshal(r, &id); err != nil {
			return nil, err
		}
		if _, twice := out[id.Item]; twice || id.Item == "" {
			return nil, fmt.Errorf("%w: result %q stands twice or has no name", ErrIntegrity, id.Item)
		}
		out[id.Item] = r
	}
	return out, nil
}
