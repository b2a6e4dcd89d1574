package capture

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/oci"
	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/sign"
)

// commit signs the spec of a stage's project, as a run would.
func (s *stage) commit(t *testing.T) *Commitment {
	t.Helper()
	p, err := project.Load(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	d := s.deps
	if d.Local, err = OpenLocal(s.dir); err != nil {
		t.Fatal(err)
	}
	c, err := CommitSpec(t.Context(), d, p, artifact.Digest([]byte(s.read(t, "test.csv"))))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// otherKey is a second signer.
func otherKey(t *testing.T) *sign.Key {
	t.Helper()
	private, _, err := sign.Generate(nil)
	if err != nil {
		t.Fatal(err)
	}
	key, err := sign.ParseKey(private, func() ([]byte, error) { return nil, nil })
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestWhenASignedSpecIsUsedAgain(t *testing.T) {
	for name, c := range map[string]struct {
		meanwhile func(t *testing.T, s *stage)
		reused    bool
		same      bool // the spec itself
	}{
		"nothing changed": {func(t *testing.T, s *stage) { s.now = s.now.Add(time.Hour) }, true, true},
		"a limit was edited": {func(t *testing.T, s *stage) {
			s.write(t, "weighlock.yaml", strings.Replace(projectFile, "0.7", "0.6", 1))
		}, false, false},
		"a comment was added":                               {func(t *testing.T, s *stage) { s.write(t, "weighlock.yaml", "# note\n"+projectFile) }, true, true},
		"the test set is another":                           {func(t *testing.T, s *stage) { s.write(t, "test.csv", "account,defaulted\n1,1\n") }, false, false},
		"another key signs now, and nobody else is trusted": {func(t *testing.T, s *stage) { s.deps.Key = otherKey(t) }, false, true},
		"another key signs now, and the first is trusted": {func(t *testing.T, s *stage) {
			s.deps.Key, s.deps.Trust = otherKey(t), s.trust
		}, true, true},
		"the clock went back": {func(t *testing.T, s *stage) { s.now = s.now.Add(-time.Hour) }, false, true},
		"the bundle was damaged": {func(t *testing.T, s *stage) {
			for _, v := range s.statements(t)["spec"] {
				p := filepath.Join(s.dir, ".weighlock/blobs/sha256", artifact.Hex(v.Digest))
				if err := os.WriteFile(p, []byte("{}"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			first := s.commit(t)
			if first.Reused {
				t.Fatal("the first one was reused")
			}
			c.meanwhile(t, s)
			second := s.commit(t)
			if second.Reused != c.reused || (second.Digest == first.Digest) != c.same || (second.Bundle == first.Bundle) != c.reused {
				t.Errorf("got %+v after %+v", second, first)
			}
		})
	}
}

func TestASpecWithoutTimeIsSignedAgainOnceThereIsAnAuthority(t *testing.T) {
	s := newStage(t)
	authority := s.deps.TSA
	s.deps.TSA = nil
	first := s.commit(t)
	s.deps.TSA = authority
	second := s.commit(t)
	if second.Reused || second.Bundle == first.Bundle {
		t.Errorf("got %+v after %+v", second, first)
	}
	local, err := OpenLocal(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	all, err := Statements(t.Context(), local)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, b := range all {
		found[b.Digest] = true
	}
	if len(all) != 2 || !found[first.Bundle] || !found[second.Bundle] {
		t.Errorf("%d statements; want both", len(all))
	}
}

func TestStatementsOfNoLayoutAndOfADamagedOne(t *testing.T) {
	s := newStage(t)
	local, err := OpenLocal(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	if all, err := Statements(t.Context(), local); err != nil || len(all) != 0 {
		t.Errorf("no layout: %v, %v", all, err)
	}
	if _, err := os.Stat(filepath.Join(s.dir, ".weighlock")); err == nil {
		t.Error("reading made a folder")
	}
	c := s.commit(t)
	if err := os.Remove(filepath.Join(s.dir, ".weighlock/blobs/sha256", artifact.Hex(c.Bundle))); err != nil {
		t.Fatal(err)
	}
	if all, err := Statements(t.Context(), local); err == nil {
		t.Errorf("a bundle is gone: %v", all)
	}
}

func TestAForeignArtifactUnderAStatementsTagIsRefused(t *testing.T) {
	s := newStage(t)
	local, err := OpenLocal(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	for name, layers := range map[string][]oci.Layer{
		"no bundle":   {{MediaType: artifact.MediaTypeJSON, Bytes: []byte("{}")}},
		"two bundles": {{MediaType: artifact.MediaTypeBundle, Bytes: []byte("a")}, {MediaType: artifact.MediaTypeBundle, Bytes: []byte("b")}},
	} {
		if err := storeAs(t.Context(), local, oci.Artifact{Type: artifact.MediaTypeBundle, Layers: layers}, "run-"+strings.Repeat("0", 32)); err != nil {
			t.Fatal(err)
		}
		if _, err := Statements(t.Context(), local); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
