package gate

import (
	"encoding/json"
	"slices"

	"github.com/weighlock/weighlock/internal/evaluate"
	"github.com/weighlock/weighlock/internal/evidence"
	"github.com/weighlock/weighlock/internal/project"
)

// Input is the document that rules read; schema/input/v1 describes it. A nil
// field is absent from the JSON, and absent is never good.
type Input struct {
	Model       InputModel              `json:"model"`
	Image       *InputImage             `json:"image,omitempty"`
	Spec        InputSpec               `json:"spec"`
	Run         *InputRun               `json:"run,omitempty"`
	Lineage     *InputLineage           `json:"lineage,omitempty"`
	Claim       *InputClaim             `json:"claim,omitempty"`
	Predictions *InputPredictions       `json:"predictions,omitempty"`
	Data        *InputData              `json:"data,omitempty"`
	Evaluation  *InputEvaluation        `json:"evaluation,omitempty"`
	Drift       *InputDrift             `json:"drift,omitempty"`
	Signatures  []StatementRef          `json:"signatures"`
	Approvals   []json.RawMessage       `json:"approvals"`
	Waivers     []json.RawMessage       `json:"waivers"`
	Champion    map[string]ChampionHead `json:"champion"`
	Attempts    Attempts                `json:"attempts"`
	Missing     []Missing               `json:"missing"`
	Now         string                  `json:"now"`
	Context     Context                 `json:"context"`
}

// InputModel is what is judged.
type InputModel struct {
	Name   string      `json:"name"`
	Task   string      `json:"task"`
	Digest string      `json:"digest"`
	Files  []ModelFile `json:"files"`
}

// ModelFile is one of the model's own files, with what its format check found.
type ModelFile struct {
	ID       string   `json:"id"`
	Digest   string   `json:"digest"`
	Size     int64    `json:"size"`
	Role     string   `json:"role,omitempty"`
	Format   string   `json:"format"`
	Status   string   `json:"status"`
	Findings []string `json:"findings"`
	Lacks    []string `json:"lacks"`
}

// InputImage is the image in a registry or layout.
type InputImage struct {
	Digest     string `json:"digest"`
	Repository string `json:"repository"`
}

// StatementRef names a statement and who signed it when.
type StatementRef struct {
	Digest string   `json:"digest"`
	Type   string   `json:"type"`
	Signer string   `json:"signer,omitempty"`
	Roles  []string `json:"roles"`
	Time   *Moment  `json:"time,omitempty"`
}

// Moment is a time and whether anybody but the signer vouches for it.
type Moment struct {
	At      string `json:"at"`
	Trusted bool   `json:"trusted"`
}

// InputSpec is what the team committed to.
type InputSpec struct {
	Digest    string        `json:"digest"`
	Document  *project.Spec `json:"document"`
	Statement *StatementRef `json:"statement,omitempty"`
	Items     SpecItems     `json:"items"`
}

// SpecItems enumerates what the spec alone asks for.
type SpecItems struct {
	Metrics  []evaluate.Item `json:"metrics"`
	Baseline []evaluate.Item `json:"baseline"`
	Champion []evaluate.Item `json:"champion"`
	// Explanations are absent from inputs that are older than the question.
	Explanations []evaluate.Item `json:"explanations"`
	// Sensitivity is absent where there is none, so that inputs of before there
	// was any are rebuilt byte for byte.
	Sensitivity []evaluate.Item `json:"sensitivity,omitempty"`
}

// InputRun is the training run that made these model files.
type InputRun struct {
	Statement StatementRef     `json:"statement"`
	ID        string           `json:"id"`
	Spec      string           `json:"spec"`
	Bundle    string           `json:"bundle"`
	Started   Moment           `json:"started"`
	Ended     Moment           `json:"ended"`
	Exit      int              `json:"exit"`
	Changes   []project.Change `json:"changes"`
}

// InputLineage is where these model files came from.
type InputLineage struct {
	Statement StatementRef    `json:"statement"`
	Document  json.RawMessage `json:"document"`
}

// InputClaim is what an experiment tracker says of the run that made these
// model files. Nobody signed it, and it satisfies nothing.
type InputClaim struct {
	Digest  string         `json:"digest"` // of the claim's text
	Source  string         `json:"source"`
	Run     string         `json:"run"`
	Missing []evidence.Gap `json:"missing"`
}

// InputPredictions is what is known about the predictions that were evaluated.
type InputPredictions struct {
	Digest   string            `json:"digest"`
	Bound    *BoundPredictions `json:"bound,omitempty"`
	Contrary []Contrary        `json:"contrary"`
}

// BoundPredictions is the statement that names these very model files, data
// and predictions.
type BoundPredictions struct {
	Statement StatementRef    `json:"statement"`
	Document  json.RawMessage `json:"document"`
}

// Contrary is a statement that says otherwise.
type Contrary struct {
	Statement   StatementRef `json:"statement"`
	Kind        string       `json:"kind"` // other_predictions, other_model or other_data
	Predictions string       `json:"predictions"`
	Files       []string     `json:"files"`
}

// InputData is what was found in the pinned data.
type InputData struct {
	Statement StatementRef    `json:"statement"`
	Document  json.RawMessage `json:"document"`
	Items     DataItems       `json:"items"`
}

// DataItems enumerates what spec and pinned data ask for together.
type DataItems struct {
	Sets     []evaluate.Item `json:"sets"`
	Slices   []evaluate.Item `json:"slices"`
	Fairness []evaluate.Item `json:"fairness"`
	Drift    []evaluate.Item `json:"drift"`
}

// InputEvaluation holds the measures by item.
type InputEvaluation struct {
	Statement    StatementRef               `json:"statement"`
	Grade        string                     `json:"grade"`
	Spec         string                     `json:"spec"`
	Data         string                     `json:"data"`
	Rows         int64                      `json:"rows"`
	Scores       json.RawMessage            `json:"scores,omitempty"`
	Join         json.RawMessage            `json:"join"`
	Champion     json.RawMessage            `json:"champion,omitempty"`
	Explanations json.RawMessage            `json:"explanations,omitempty"`
	Rescored     json.RawMessage            `json:"rescored,omitempty"`
	Results      map[string]json.RawMessage `json:"results"`
	Search       json.RawMessage            `json:"search,omitempty"`
}

// InputDrift holds the distances by column.
type InputDrift struct {
	Statement StatementRef               `json:"statement"`
	Spec      string                     `json:"spec"`
	Method    json.RawMessage            `json:"method"`
	Reference json.RawMessage            `json:"reference"`
	Current   json.RawMessage            `json:"current"`
	Results   map[string]json.RawMessage `json:"results"`
}

// ChampionHead is what a channel is known to hold.
type ChampionHead struct {
	Digest string `json:"digest"` // or none
	Source string `json:"source"` // verifier or ledger
}

// Attempts counts earlier entries of the repository's chain.
type Attempts struct {
	Counted bool   `json:"counted"` // false where no chain could be read and believed
	Count   int    `json:"count"`
	Denials int    `json:"denials"`
	Specs   int    `json:"specs"`
	Looks   int    `json:"looks"`
	Head    string `json:"head,omitempty"`
}

// Missing is a piece that an earlier verdict named and that is gone.
type Missing struct {
	Type   string `json:"type"`
	Digest string `json:"digest"`
}

// Context says how the question was put.
type Context struct {
	Command     string `json:"command"`
	Published   bool   `json:"published"`
	Level       string `json:"level"`
	Standing    string `json:"standing"`
	Signing     string `json:"signing"`
	ClaimedTime bool   `json:"claimed_time"`
}

func (q *Question) input(level string) (*Input, error) {
	in := &Input{
		Model:      InputModel{Name: q.Model.Name, Task: q.Model.Task, Digest: q.Model.Digest, Files: q.Model.Files},
		Signatures: []StatementRef{},
		Approvals:  []json.RawMessage{},
		Waivers:    []json.RawMessage{},
		Champion:   q.champions(),
		Attempts:   q.Attempts,
		Missing:    append([]Missing{}, q.Missing...),
		Now:        stamp(q.Now),
		Context: Context{
			Command: q.Command, Published: q.Published, Level: level,
			Standing: q.standing(), Signing: signing(q.Evidence),
			ClaimedTime: q.Verifier != nil && q.Verifier.ClaimedTime,
		},
	}
	if q.Repository != "" {
		in.Image = &InputImage{Digest: q.Model.Digest, Repository: q.Repository}
	}
	for _, e := range of(q.Evidence, "sign") {
		if e.Statement.About(q.Model.Digest) {
			in.Signatures = append(in.Signatures, e.ref())
		}
	}
	data, document, err := q.data()
	if err != nil {
		return nil, err
	}
	in.Data = data
	items := evaluate.Items(q.Spec, document)
	in.Spec = InputSpec{
		Digest: q.SpecDigest, Document: q.Spec,
		Items: SpecItems{Metrics: list(items.Metrics), Baseline: list(items.Baseline), Champion: list(items.Champion), Explanations: list(items.Explanations), Sensitivity: items.Sensitivity},
	}
	if in.Data != nil {
		in.Data.Items = DataItems{Sets: list(items.Sets), Slices: list(items.Slices), Fairness: list(items.Fairness), Drift: list(items.Drift)}
	}
	if in.Run, err = q.run(); err != nil {
		return nil, err
	}
	in.Spec.Statement = q.specStatement(in.Run)
	if in.Lineage, err = q.lineage(in.Run); err != nil {
		return nil, err
	}
	in.Claim = q.Claim.input()
	if in.Predictions, err = q.predictions(); err != nil {
		return nil, err
	}
	if in.Evaluation, err = q.evaluation(); err != nil {
		return nil, err
	}
	in.Drift, err = q.drift()
	return in, err
}

// paths maps each item to where its limit stands in the project file.
func (in *Input) paths() map[string]string {
	paths := map[string]string{}
	groups := [][]evaluate.Item{in.Spec.Items.Metrics, in.Spec.Items.Baseline, in.Spec.Items.Champion, in.Spec.Items.Explanations, in.Spec.Items.Sensitivity}
	if in.Data != nil {
		groups = append(groups, in.Data.Items.Sets, in.Data.Items.Slices, in.Data.Items.Fairness, in.Data.Items.Drift)
	}
	for _, group := range groups {
		for _, item := range group {
			paths[item.ID] = item.Path
		}
	}
	for _, f := range in.Model.Files {
		paths[f.ID] = "file"
	}
	return paths
}

// champions is what the verifier file says of the channel that the spec
// names; silence leaves the map without it.
func (q *Question) champions() map[string]ChampionHead {
	heads := map[string]ChampionHead{}
	if q.Verifier == nil || q.Spec.Champion == nil {
		return heads
	}
	if c, ok := q.Verifier.Channels[q.Spec.Champion.Channel]; ok {
		heads[q.Spec.Champion.Channel] = ChampionHead{Digest: c.Champion, Source: "verifier"}
	}
	return heads
}

// signing says whether those who built the model are others than those who
// measured it and decided on it. Keys that signed nothing, or more keys on one
// side, do not part the two.
func signing(evidence []Evidence) string {
	builders, judges := map[string]bool{}, map[string]bool{}
	for _, e := range evidence {
		if e.Signer == "" {
			continue
		}
		switch e.Name {
		case "spec", "run", "lineage", "predictions":
			builders[e.Signer] = true
		case "evaluation", "profile", "datacheck", "skew", "drift", "sign":
			judges[e.Signer] = true
		}
	}
	switch {
	case len(builders)+len(judges) == 0:
		return "unsigned"
	case len(builders) == 0 || len(judges) == 0:
		return "single-signer"
	}
	for signer := range builders {
		if judges[signer] {
			return "single-signer"
		}
	}
	return "separate"
}

func (e Evidence) ref() StatementRef {
	r := StatementRef{Digest: e.Digest, Type: e.Name, Signer: e.Signer, Roles: append([]string{}, e.Roles...)}
	slices.Sort(r.Roles)
	if !e.Time.IsZero() {
		r.Time = &Moment{At: stamp(e.Time), Trusted: e.Trusted}
	}
	return r
}

// list keeps an empty enumeration an empty list, so that rules can count it.
func list[T any](in []T) []T {
	if in == nil {
		return []T{}
	}
	return in
}
