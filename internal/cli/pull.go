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
	var only []string
	c := &cobra.Command{
		Use: "pull REF", Short: "Fetch a model's files, or some of them, checked against the image's digest",
		Long: `Fetch the files of a model image into a folder: all of them, or only those of a role (model,
config, tokenizer, code or doc), of a folder, or of a name. Every byte is held against the
digest that REF leads to, and only what is asked for is fetched. A file that is there already
is not fetched again if it is the same, and not overwritten if it is not. Nothing is judged,
and no signature checked: gate and verify do that.`,
		Args: args(1, 1, "one reference"),
		RunE: func(c *cobra.Command, given []string) error {
			return a.pull(c.Context(), given[0], only, dir)
		},
	}
	c.Flags().StringVar(&dir, "dir", ".", "the folder to write to")
	c.Flags().StringArrayVar(&only, "only", nil, "fetch this file, what is in this folder, or what has this role; may be given again")
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

// choose is the files that were asked for by path, folder or role, in the
// model's order; all of them, where none was. A name is a path before it is a
// role.
func choose(files []pack.FileInfo, wanted []string) ([]pack.FileInfo, error) {
	if len(wanted) == 0 {
		return files, nil
	}
	chosen := map[string]bool{}
	for _, w := range wanted {
		found := matching(files, w)
		if len(found) == 0 {
			return nil, usagef("the model has no file, folder or role %q\nhint: %s", w, has(files))
		}
		for _, f := range found {
			chosen[f.Path] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(files), func(f pack.FileInfo) bool { return !chosen[f.Path] }), nil
}

func matching(files []pack.FileInfo, name string) []pack.FileInfo {
	for _, is := range []func(pack.FileInfo) bool{
		func(f pack.FileInfo) bool { return f.Path == name },
		func(f pack.FileInfo) bool { return strings.HasPrefix(f.Path, strings.TrimSuffix(name, "/")+"/") },
		func(f pack.FileInfo) bool { return f.Role == name },
	} {
		found := slices.DeleteFunc(slices.Clone(files), func(f pack.FileInfo) bool { return !is(f) })
		if len(found) > 0 {
			return found
		}
	}
	return nil
}

// has names the files there are, with their roles, and not more than can be read.
func has(files []pack.FileInfo) string {
	const most = 20
	var names []string
	for _, f := range files[:min(len(files), most)] {
		names = append(names, fmt.Sprintf("%s (%s)", f.Path, f.Role))
	}
	text := "it has " + strings.Join(names, ", ")
	if more := len(files) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
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
