package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weighlock/weighlock/internal/gate"
	"github.com/weighlock/weighlock/internal/pack"
)

func (a *app) pullCommand() *cobra.Command {
	var dir string
	c := &cobra.Command{
		Use: "pull REF [FILE...]", Short: "Fetch a model's files, or some of them, checked against the image's digest",
		Long: `Fetch the files of a model image into a folder: all of them, or those that are named. Every
byte is held against the digest that REF leads to, and only what is asked for is fetched. A
file that is there already is not fetched again if it is the same, and not overwritten if it
is not. Nothing is judged, and no signature checked: gate and verify do that.`,
		Args: args(1, 1000, "one reference, and files of the model"),
		RunE: func(c *cobra.Command, given []string) error {
			return a.pull(c.Context(), given[0], given[1:], dir)
		},
	}
	c.Flags().StringVar(&dir, "dir", ".", "the folder to write to")
	return c
}

func (a *app) pull(ctx context.Context, ref string, wanted []string, dir string) error {
	repo, r, err := a.open(ref)
	if err != nil {
		return err
	}
	image, err := gate.Resolve(ctx, repo, r)
	if err != nil {
		return err
	}
	content, err := pack.Open(ctx, repo, image.Digest)
	if err != nil {
		return err
	}
	defer content.Close()
	files, err := choose(content.Files, wanted)
	if err != nil {
		return err
	}
	seen := a.fetching(files)
	for _, f := range files {
		name, err := content.Extract(ctx, f.Path, dir, seen)
		if err != nil {
			return err
		}
		fmt.Fprintln(a.env.Out, name)
	}
	fmt.Fprintf(a.env.Err, "fetched from %s@%s; nothing was judged, and no signature checked\n", repo, image.Digest)
	return nil
}

// choose is the files that were asked for; all of them, where none was.
func choose(files []pack.FileInfo, wanted []string) ([]pack.FileInfo, error) {
	if len(wanted) == 0 {
		return files, nil
	}
	var chosen []pack.FileInfo
	for _, w := range wanted {
		i := slices.IndexFunc(files, func(f pack.FileInfo) bool { return f.Path == w })
		if i < 0 {
			var names []string
			for _, f := range files[:min(len(files), 20)] {
				names = append(names, f.Path)
			}
			return nil, usagef("the model has no file %q\nhint: it has %s", w, strings.Join(names, ", "))
		}
		chosen = append(chosen, files[i])
	}
	return chosen, nil
}

// fetching starts the progress of files on their way here.
func (a *app) fetching(files []pack.FileInfo) func(int64) {
	p := a.progress()
	if p == nil {
		return func(int64) {}
	}
	var total int64
	for _, f := range files {
		total += f.Size
	}
	p.Start("fetching", total)
	return p.Add
}
