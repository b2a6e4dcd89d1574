package cli

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/modelfile"
	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/tree"
)

func (a *app) pinCommand() *cobra.Command {
	return &cobra.Command{
		Use: "pin [FOLDER]", Short: "Write the digests of data files that were meant to change into the project file",
		Long: `Hash data.test and data.train again, where the project file pins them by sha256, and write what
is new over the old digest. Nothing else in the file changes.

The spec changes with it. What was allowed, or signed, on the old data says nothing about the new:
from level release on the model is trained again under the new spec. A file that was not meant to
change is brought back instead.`,
		Example: `  weighlock pin
  weighlock pin models/churn`,
		Args: args(0, 1, "one folder"),
		RunE: func(c *cobra.Command, given []string) error {
			return a.pin(c.Context(), first(given, "."))
		},
	}
}

func (a *app) pin(ctx context.Context, folder string) error {
	p, err := project.Load(folder)
	if err != nil {
		return err
	}
	pins, err := p.Pins(func(file string) (string, int64, error) { return digestOf(p, file) }, func(file string) (string, error) { return pointer(p, file) })
	if err != nil {
		return usagef("%w", err)
	}
	if len(pins) == 0 {
		at := p.Location("data.test")
		return usagef("%s:%d: the project file pins no data\nhint: add sha256 under data.test, %s", at.File, at.Line, firstPin(p))
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := p.Repin(pins); err != nil {
		return err
	}
	changed := false
	for _, pin := range pins {
		if pin.Was == pin.Is {
			fmt.Fprintf(a.env.Out, "%s:%d: %s is as pinned: %s\n", pin.Location.File, pin.Location.Line, pin.File, pin.Is)
			continue
		}
		changed = true
		fmt.Fprintf(a.env.Out, "%s:%d: %s pins %s anew\n  was %s\n  is  %s\n", pin.Location.File, pin.Location.Line, pin.Path, pin.File, pin.Was, pin.Is)
	}
	if changed {
		fmt.Fprintln(a.env.Err, "the spec is another one now, and no earlier verdict or signature is about it"+map[bool]string{
			true: "\nnext: weighlock gate", false: "\nnext: train again under it, with `weighlock run -- COMMAND`",
		}[p.Level == "start"])
	}
	return nil
}

// firstPin is the value to write where nothing is pinned yet.
func firstPin(p *project.Project) string {
	file := p.Data.Test.File
	if tree.IsPattern(file) {
		if digest, _, err := digestOf(p, file); err == nil {
			return "with the value " + artifact.Hex(digest)
		}
	}
	return "with the value of: sha256sum " + shell(file)
}

// pointer says of a name in the project file under which there is a pointer of
// Git LFS or DVC that there is one, and of others nothing.
func pointer(p *project.Project, file string) (string, error) {
	files, err := tree.Named(p.Dir, file)
	if err != nil {
		return "", err
	}
	for _, f := range files {
		said, err := pointing(f.Abs)
		if err != nil || said != "" {
			return said, err
		}
	}
	return "", nil
}

func pointing(path string) (string, error) {
	f, err := tree.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	return modelfile.Pointer(f, info.Size())
}

// repin is what doctor says to do about data that is not what is pinned. Git
// brings back only what it keeps.
func (d *doctor) repin(ctx context.Context, file string) string {
	fix := "weighlock pin " + shell(d.dir) + "   # where the data was meant to change"
	if !d.git {
		return fix
	}
	if _, err := d.gitSays(ctx, "ls-files", "--error-unmatch", "--", file); err != nil {
		return fix
	}
	return fix + "\ngit checkout -- " + shell(filepath.Join(d.dir, file)) + "   # where it was not: this throws the new file away"
}
