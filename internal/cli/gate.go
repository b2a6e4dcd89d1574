package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weighlock/weighlock/internal/gate"
	"github.com/weighlock/weighlock/internal/oci"
	"github.com/weighlock/weighlock/internal/report"
	"github.com/weighlock/weighlock/internal/verdict"
)

type gateFlags struct {
	outputs    []string
	all        bool
	replay     bool
	repository string
	rescore    string
	scorer     *gate.Scorer // nil: the project's scorer is not run
}

func (a *app) gateCommand() *cobra.Command {
	f := &gateFlags{}
	c := &cobra.Command{
		Use:   "gate [FOLDER|REF]",
		Short: "Judge a model: a folder before it is published, or an image in its repository",
		Long: `Judge a model, and say why.

gate FOLDER (this folder unless given) judges the image that pack would make of it, by
measures computed now from the pinned files. gate REF judges an image by what is attached
to it in its repository: what is not there is missing. gate --replay REF decides the latest
verdict again from its recorded input, policy and verifier file; it must come out the same,
byte for byte.`,
		Args: args(0, 1, "one folder or reference"),
		RunE: func(c *cobra.Command, given []string) error {
			target := "."
			if len(given) == 1 {
				target = given[0]
			}
			return a.gate(c.Context(), target, f)
		},
	}
	a.verifierFlag(c)
	a.levelFlag(c)
	a.idKeyFlag(c)
	outputFlags(c, &f.outputs, &f.all)
	c.Flags().BoolVar(&f.replay, "replay", false, "decide the latest verdict again, and compare")
	rescoreFlag(c, &f.rescore)
	c.Flags().StringVar(&f.repository, "repository", "", "where a folder's model is published: its earlier attempts and its champion")
	return c
}

func (a *app) gate(ctx context.Context, target string, f *gateFlags) error {
	outputs, err := parseOutputs(f.outputs)
	if err != nil {
		return err
	}
	scorer := a.scorer()
	f.scorer = &scorer
	var d *gate.Decision
	switch {
	case f.rescore != "" && !isFolder(target):
		return usagef("--rescore runs a folder's scorer, and %s is a reference\nhint: rescore before publishing: weighlock publish --rescore %s REF", target, f.rescore)
	case f.replay && isFolder(target):
		return usagef("--replay takes a reference, not a folder\nhint: weighlock gate --replay oci:models/card:1.0.0")
	case isFolder(target):
		d, err = a.gateFolder(ctx, target, f)
	default:
		d, err = a.gateReference(ctx, target, f.replay)
	}
	if err != nil {
		return err
	}
	if f.replay {
		fmt.Fprintln(a.env.Err, "replayed: same input, same rules, the same verdict byte for byte")
	}
	a.tellLevel(d)
	return a.render(d.Report, outputs, f.all, target)
}

// tellLevel says who asks for more than the project does.
func (a *app) tellLevel(d *gate.Decision) {
	var input struct {
		Spec struct {
			Document struct {
				Level string `json:"level"`
			} `json:"document"`
		} `json:"spec"`
	}
	if json.Unmarshal(d.Input, &input) != nil || input.Spec.Document.Level == d.Report.Level || a.flags.level == d.Report.Level {
		return
	}
	name := "the verifier file"
	if v, err := a.loadVerifier(); err == nil && v != nil {
		name += " " + v.Path
	}
	fmt.Fprintf(a.env.Err, "judged at level %s, as %s asks; the project asks for %s\nhint: a verifier file that asks for less can be made by weighlock keygen --level start --out FOLDER, and named with --verifier\n",
		d.Report.Level, name, cmp.Or(input.Spec.Document.Level, "none"))
}

func (a *app) gateFolder(ctx context.Context, dir string, f *gateFlags) (*gate.Decision, error) {
	rules, err := a.beliefs()
	if err != nil {
		return nil, err
	}
	if rules.Rescore, err = parseRescore(f.rescore); err != nil {
		return nil, err
	}
	policy := readPolicy()
	idKey, err := a.loadIDKey()
	if err != nil {
		return nil, err
	}
	var repo *oci.Repository
	if f.repository != "" {
		if repo, _, err = a.open(f.repository); err != nil {
			return nil, err
		}
	}
	return gate.JudgeFolder(ctx, gate.Folder{
		Dir: dir, Rules: rules, IDKey: idKey, Repo: repo, Getenv: a.env.Getenv, Policy: policy, Scorer: f.scorer,
		Open: func(ref string) (*oci.Repository, error) {
			repo, _, err := a.open(ref)
			return repo, err
		},
	})
}

func (a *app) gateReference(ctx context.Context, ref string, replay bool) (*gate.Decision, error) {
	if info, err := os.Stat(ref); err == nil && !info.IsDir() {
		return nil, usagef("%s is a file\nhint: give the folder that holds it, or a reference", ref)
	}
	if !strings.Contains(ref, ":") && !strings.Contains(ref, "/") {
		return nil, usagef("%s is not a folder, and not a reference either\nhint: a reference is like ghcr.io/acme/%s:1.0.0 or oci:models/%s:1.0.0", ref, ref, ref)
	}
	rules, err := a.rules()
	if err != nil {
		return nil, err
	}
	p, err := a.openPublished(ctx, ref, rules)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	if replay {
		return p.Replay(ctx)
	}
	return p.Judge(ctx)
}

// output is one form of a report and where it goes; no path is stdout.
type output struct{ form, path string }

func outputFlags(c *cobra.Command, outputs *[]string, all *bool) {
	c.Flags().StringArrayVar(outputs, "output", nil, "FORM or FORM=FILE, again for each: "+strings.Join(report.Names(), ", "))
	c.Flags().BoolVar(all, "all", false, "show every check in full, also those that passed")
}

func parseOutputs(given []string) ([]output, error) {
	if len(given) == 0 {
		return []output{{form: "terminal"}}, nil
	}
	var list []output
	stdout := 0
	for _, g := range given {
		form, path, file := strings.Cut(g, "=")
		if _, err := report.For(form); err != nil {
			return nil, usagef("%v", err)
		}
		if file && path == "" {
			return nil, usagef("--output %s names no file\nhint: --output %s=FILE, or --output %s for standard output", g, form, form)
		}
		if !file {
			stdout++
		}
		list = append(list, output{form, path})
	}
	if stdout > 1 {
		return nil, usagef("two reports cannot both go to standard output\nhint: --output json=gate.json")
	}
	return list, nil
}

// render writes the report in every form that was asked for, and sets the
// exit status that it stands for. Forms that point into a repository get the
// project file's place there, where target is a folder.
func (a *app) render(r *verdict.Report, outputs []output, all bool, target string) error {
	file := placeInRepository(target)
	for _, o := range outputs {
		write, err := report.For(o.form)
		if err != nil {
			return err
		}
		switch {
		case o.path == "" && o.form == "terminal":
			err = write(a.env.Out, r, report.Options{Color: a.color(), Plain: a.plain(), All: all, Width: a.env.Width})
		case o.path == "":
			err = write(a.env.Out, r, report.Options{All: all, File: file})
		default:
			err = toFile(o.path, func(w io.Writer) error { return write(w, r, report.Options{All: all, File: file}) })
		}
		if err != nil {
			return fmt.Errorf("writing the %s report: %w", o.form, err)
		}
	}
	a.exit = r.ExitCode()
	return nil
}

// toFile puts a report in place of what was there, whole or not at all. What
// is no regular file, such as a pipe, is written to as it is.
func toFile(path string, write func(io.Writer) error) error {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		return errors.Join(write(f), f.Close())
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	err = errors.Join(write(f), f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

func (a *app) color() bool {
	return a.env.Terminal && a.env.Getenv("NO_COLOR") == "" && a.env.Getenv("TERM") != "dumb"
}
