package verdict

// Mode says whether a denial stops the pipeline.
const (
	ModeEnforce = "enforce"
	ModeObserve = "observe"
)

// Standing says whose rules a verdict rests on.
const (
	// StandingTrusted: trust, level and policy came from a verifier file.
	StandingTrusted = "trusted"
	// StandingSelfDeclared: nothing but the project's own; satisfies no rollout.
	StandingSelfDeclared = "self-declared"
)

// Model names what a report is about.
type Model struct {
	Name    string `json:"name"`
	Digest  string `json:"digest"`
	Version string `json:"version,omitempty"`
}

// Source is one signed (or, at level start, unsigned) statement that a
// verdict rests on.
type Source struct {
	Type    string   `json:"type"`             // short predicate name
	Digest  string   `json:"digest"`           // of the bundle's bytes, or of the statement's where unsigned
	Signer  string   `json:"signer,omitempty"` // key or identity name in the verifier file
	Roles   []string `json:"roles,omitempty"`
	Time    string   `json:"time,omitempty"`    // RFC 3339, whole seconds
	Trusted bool     `json:"trusted,omitempty"` // the time comes from a timestamp authority
}

// Ignored is a statement that was found and does not count, and why.
type Ignored struct {
	Digest string `json:"digest"`
	Type   string `json:"type,omitempty"`
	Reason string `json:"reason"`
}

// Attempts is the state of the attempts chain when the verdict was given.
type Attempts struct {
	Count   int    `json:"count"`
	Denials int    `json:"denials"`
	Head    string `json:"head,omitempty"` // digest of the last entry's manifest
}

// Engine names the program that decided.
type Engine struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Report is a verdict and all that it rests on. It is also the predicate
// https://weighlock.dev/verdict/v1 (see schema/predicate/verdict/v1), so its
// JSON form is a contract.
type Report struct {
	Model      Model     `json:"model"`
	Outcome    Outcome   `json:"outcome"`
	Level      string    `json:"level"`
	Mode       string    `json:"mode"`
	Standing   string    `json:"standing"`
	Signing    string    `json:"signing"` // unsigned, single-signer or separate
	Now        string    `json:"now"`
	Expires    string    `json:"expires,omitempty"` // set where Outcome is allow
	Spec       string    `json:"spec"`              // digest of its canonical JSON
	Input      string    `json:"input"`             // digests of what the rules were given
	Policy     string    `json:"policy"`
	Parameters string    `json:"parameters"`
	Verifier   string    `json:"verifier,omitempty"`
	Checks     []Check   `json:"checks"`
	Sources    []Source  `json:"sources"`
	Ignored    []Ignored `json:"ignored"`
	Attempts   Attempts  `json:"attempts"`
	Engine     Engine    `json:"engine"`
}

// ExitCode is the process's exit status for the report: that of its outcome,
// except that in mode observe a denial and an undecided verdict exit 0.
func (r *Report) ExitCode() int {
	code := r.Outcome.ExitCode()
	if r.Mode == ModeObserve && (code == ExitDenied || code == ExitUndecided) {
		return ExitOK
	}
	return code
}
