package capture

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/weighlock/weighlock/internal/attest"
	"github.com/weighlock/weighlock/internal/project"
)

// TestAModelOfTooManyFilesIsNotSigned shows a model of more files than a
// statement can be about; the training is not lost, but nothing is signed.
func TestAModelOfTooManyFilesIsNotSigned(t *testing.T) {
	s := newStage(t)
	s.write(t, "weighlock.yaml", strings.Replace(projectFile, "file: model.txt", "file: model", 1))
	n := attest.MaxSubjects + 1
	s.write(t, "train.sh", fmt.Sprintf("mkdir model; cd model; seq %d | xargs touch; echo > ../log.txt", n))
	_, err := s.run(t.Context(), "sh", "train.sh")
	want := fmt.Sprintf("signing the run: %d files, more than the %d that a statement can be about\nhint: put small files into one archive", n, attest.MaxSubjects)
	if err == nil || err.Error() != want {
		t.Errorf("got %v; want %s", err, want)
	}
	if all := s.statements(t); len(all["run"])+len(all["lineage"]) > 0 {
		t.Errorf("got %d runs and %d lineages; want none", len(all["run"]), len(all["lineage"]))
	}
}

// TestAClockFarBehindTheAuthoritysIsRefused shows a machine whose own clock
// lags that of the timestamp authority, by less and by more than is borne.
func TestAClockFarBehindTheAuthoritysIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		lag  time.Duration
		want string
	}{
		"by a little": {maxSkew, ""},
		"by too much": {maxSkew + time.Minute, "this machine's clock lags the timestamp authority's by 6m0s\nhint: set the clock, then run again"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.deps.Trust = s.trust
			s.deps.Now = func() time.Time { return s.now.Add(-c.lag) }
			result, err := s.run(t.Context(), "sh", "train.sh")
			if c.want == "" {
				if err != nil || result.Lineage.Started != stamp(s.now) {
					t.Errorf("got %+v, %v; want a run that starts at the authority's time", result, err)
				}
				return
			}
			if err == nil || err.Error() != c.want {
				t.Errorf("got %v; want %s", err, c.want)
			}
			if _, err := os.Stat(filepath.Join(s.dir, "model.txt")); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the command ran all the same: %v", err)
			}
		})
	}
}

// TestToolsThatAnswerOddly says why their answer is not taken; the lineage
// then holds unknown.
func TestToolsThatAnswerOddly(t *testing.T) {
	for name, c := range map[string]struct {
		tool, script string
		ask          func(*run) error
		want         string
	}{
		"pip names no version": {
			"python3", `echo '[{"name":"numpy","version":""}]'`,
			func(r *run) error { _, err := r.pythonPackages(t.Context(), "make"); return err },
			"a package without name or version",
		},
		"conda names no package": {
			"conda", `echo '[{"name":" ","version":"1"}]'`,
			func(r *run) error { _, err := r.condaPackages(t.Context(), "conda"); return err },
			"a package without name or version",
		},
		"R says something else": {
			"Rscript", "echo 'Loading required package: stats'",
			func(r *run) error { _, err := r.rPackages(t.Context(), "Rscript"); return err },
			"a line that is not name and version",
		},
		"a tool that says too much": {
			"go", "yes | head -c 40000000; exit 0",
			func(r *run) error { _, err := r.goModules(t.Context(), "go"); return err },
			"more than 33554432 bytes of output",
		},
		"a tool that is not there": {
			"other", "",
			func(r *run) error { _, err := r.goModules(t.Context(), "go"); return err },
			"cannot run: go: command not found\nhint: install it, or give its path",
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := bin(t, map[string]string{c.tool: c.script})
			r := &run{d: Deps{Environ: []string{"PATH=" + path + ":/usr/bin:/bin"}}, project: &project.Project{Dir: t.TempDir()}}
			if c.tool == "other" {
				r.d.Environ = []string{"PATH=" + path}
			}
			if err := c.ask(r); err == nil || err.Error() != c.want {
				t.Errorf("got %v; want %s", err, c.want)
			}
		})
	}
}
