package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/weighlock/weighlock/internal/attest"
	"github.com/weighlock/weighlock/internal/gate"
	"github.com/weighlock/weighlock/internal/ledger"
	"github.com/weighlock/weighlock/internal/pack"
	"github.com/weighlock/weighlock/internal/policy"
	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/sign"
	"github.com/weighlock/weighlock/internal/starter"
)

// TestGuards brings about errors that no command line can: what is asked of
// the gate and the starter is complete by then. They are said all the same,
// should that ever change.
func TestGuards(t *testing.T) {
	digest := "sha256:" + strings.Repeat("ab", 32)
	whole := gate.Question{
		Model: gate.Model{Name: "m", Digest: digest, Files: []gate.ModelFile{{ID: "f"}}},
		Spec:  &project.Spec{}, SpecDigest: digest, Policy: &policy.Bundle{}, Now: time.Unix(0, 0),
	}
	decide := func(spoil func(*gate.Question)) func() error {
		return func() error {
			q := whole
			spoil(&q)
			_, err := gate.Decide(t.Context(), q)
			return err
		}
	}
	tests := map[string]struct {
		do   func() error
		want string
	}{
		"no digest": {decide(func(q *gate.Question) { q.Model.Digest = "" }), "no model to judge: name or digest is missing"},
		"no files":  {decide(func(q *gate.Question) { q.Model.Files = nil }), "no model to judge: it has no files"},
		"no spec":   {decide(func(q *gate.Question) { q.Spec = nil }), "no spec to judge by"},
		"no policy": {decide(func(q *gate.Question) { q.Policy = nil }), "no policy to judge with"},
		"no moment": {decide(func(q *gate.Question) { q.Now = time.Time{} }), "no moment to judge at"},
		"no predictions": {func() error {
			w := gate.Workspace{Project: &project.Project{Path: "weighlock.yaml"}}
			_, err := w.Measure(t.Context(), digest, "", nil, nil)
			return err
		}, "usage: weighlock.yaml names no predictions\nhint: add predictions with file and column"},
		"a file that was rewritten": {func() error {
			w := gate.Workspace{Files: []gate.ModelFile{{ID: "model.json", Digest: digest}}}
			return w.Holds(&pack.Image{Files: []pack.FileInfo{{Path: "model.json", Digest: "sha256:" + strings.Repeat("cd", 32)}}})
		}, "integrity: model.json changed while it was read\nhint: run again when nothing writes the model"},
		"an entry that is no attempt": {func() error {
			_, err := gate.ReadAttempt(ledger.Entry{Sequence: 3, Verified: &sign.Verified{Statement: &attest.Statement{PredicateType: "https://example.com/other"}}})
			return err
		}, "integrity: entry 3 of the attempts is not an attempt"},
		"no digest of the predictions": {func() error {
			_, err := starter.Infer(starter.Options{Model: "m", Predictions: "p.csv", SHA256: "abc"}, nil)
			return err
		}, `p.csv: "abc" is no SHA-256 in hexadecimal`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if err := tt.do(); err == nil || err.Error() != tt.want {
				t.Errorf("got %v; want %s", err, tt.want)
			}
		})
	}
}

// TestAnswersThatDoNotCome shows what a person who says nothing is told.
func TestAnswersThatDoNotCome(t *testing.T) {
	for answers, want := range map[string]string{
		"":       "usage: no answer, and nothing was written\nhint: weighlock init MODEL PREDICTIONS asks nothing",
		"\n\n\n": "usage: no answer to \"Model file\", and nothing was written\nhint: weighlock init MODEL PREDICTIONS asks nothing",
	} {
		var said strings.Builder
		q := &asker{in: bufio.NewReader(strings.NewReader(answers)), out: &said}
		if err := q.must(t.Context(), "Model file", "", func(string) error { return nil }); err == nil || err.Error() != want {
			t.Errorf("%q: got %v; want %s", answers, err, want)
		}
		if again := strings.Count(said.String(), "this cannot be left out\nhint: Ctrl-C ends the questions\n"); again != max(0, len(answers)-1) {
			t.Errorf("%q: was asked again %d times:\n%s", answers, again, said.String())
		}
	}
}

// TestInterruptedQuestion shows that who is told to stop while nobody types
// stops at once, though the reading of a terminal cannot be broken off.
func TestInterruptedQuestion(t *testing.T) {
	in, hold := io.Pipe()
	defer hold.Close()
	ctx, stop := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, stop)
	var said strings.Builder
	q := &asker{in: bufio.NewReader(in), out: &said}
	if answer, err := q.ask(ctx, "Model file", ""); !errors.Is(err, context.Canceled) || answer != "" {
		t.Errorf("got %q, %v; want what ended the context", answer, err)
	}
	if _, err := q.ask(ctx, "Model file", ""); !errors.Is(err, context.Canceled) {
		t.Errorf("asked once more: %v", err)
	}
}

// TestHookThatGetsNoList shows a hook whose runner leaves standard input open
// and writes nothing.
func TestHookThatGetsNoList(t *testing.T) {
	in, hold := io.Pipe()
	defer hold.Close()
	var out, said bytes.Buffer
	env := Env{In: in, Out: &out, Err: &said, Now: time.Now, Getenv: func(string) string { return "" }}
	status := Run(t.Context(), env, []string{"hook", "run", "pre-push", "--deadline", "10ms"})
	if want := "git's list of refs did not come on standard input"; status == 0 || !strings.Contains(said.String(), want) || !strings.Contains(said.String(), "\nhint: ") {
		t.Errorf("ended with %d: %s; want %s, with a hint", status, said.String(), want)
	}
}

// TestOnATerminalNothingMovesTheCursor shows a registry's text with an escape
// sequence in it, as --jq prints it.
func TestOnATerminalNothingMovesTheCursor(t *testing.T) {
	for terminal, want := range map[bool]string{true: "a·[2Jb\n", false: "a\x1b[2Jb\n"} {
		var out bytes.Buffer
		a := &app{env: Env{Out: &out, Terminal: terminal}}
		ask := &asking{known: []string{"name"}, asked: true}
		ask.o.JQ = ".name"
		c := a.versionCommand()
		askFlags(c, ask.known)
		q, err := ask.query(c)
		if err != nil {
			t.Fatal(err)
		}
		if err := a.answer(t.Context(), q, json.RawMessage(`{"name":"a\u001b[2Jb"}`)); err != nil {
			t.Fatal(err)
		}
		if out.String() != want {
			t.Errorf("terminal %v: got %q; want %q", terminal, out.String(), want)
		}
	}
}
