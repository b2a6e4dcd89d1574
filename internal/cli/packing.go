package cli

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/weighlock/weighlock/internal/gate"
	"github.com/weighlock/weighlock/internal/oci"
	"github.com/weighlock/weighlock/internal/pack"
	"github.com/weighlock/weighlock/internal/project"
)

func (a *app) packCommand() *cobra.Command {
	var files bool
	c := &cobra.Command{
		Use: "pack [FOLDER]", Short: "Print the digest of the image that a folder's model makes, writing nothing",
		Args: args(0, 1, "one folder"),
		RunE: func(c *cobra.Command, given []string) error {
			w, err := a.workspace(c.Context(), first(given, "."))
			if err != nil {
				return err
			}
			image, err := w.Image(c.Context())
			if err != nil {
				return err
			}
			if files {
				return a.listFiles(image)
			}
			fmt.Fprintln(a.env.Out, image.Descriptor.Digest)
			return nil
		},
	}
	a.verifierFlag(c)
	c.Flags().BoolVar(&files, "files", false, "print the model's files with their digests, as JSON")
	return c
}

func (a *app) pushCommand() *cobra.Command {
	var dir string
	c := &cobra.Command{
		Use: "push REPOSITORY", Short: "Pack a folder's model and push it by digest, unsigned, without a version",
		Long: `Pack the model in a folder and push it by digest. No version is given, nothing is judged
and nothing signed: only publish does that. The digest is printed.`,
		Args: args(1, 1, "one repository"),
		RunE: func(c *cobra.Command, given []string) error {
			repo, ref, err := a.open(given[0])
			if err != nil {
				return err
			}
			if ref.Tag != "" || ref.Digest != "" {
				return usagef("push gives no version\nhint: `weighlock publish %s` does, after judging", given[0])
			}
			rules, err := a.beliefs()
			if err != nil {
				return err
			}
			w, err := gate.Opening{Dir: dir, Rules: rules, Getenv: a.env.Getenv, Progress: a.progress(), Stage: func(p *project.Project) (*oci.Repository, error) {
				if repo.Name() != p.Name {
					return nil, usagef("the model is called %q, the repository %q\nhint: push to a repository that ends in /%s, or set name: %s in the project file", p.Name, repo.Name(), p.Name, repo.Name())
				}
				return repo, nil
			}}.Open(c.Context())
			if err != nil {
				return err
			}
			image, err := w.Image(c.Context())
			if err != nil {
				return err
			}
			fmt.Fprintf(a.env.Out, "%s@%s\n", repo, image.Descriptor.Digest)
			return nil
		},
	}
	c.Flags().StringVar(&dir, "dir", ".", "the model's folder")
	a.verifierFlag(c)
	return c
}

func (a *app) workspace(ctx context.Context, dir string) (*gate.Workspace, error) {
	rules, err := a.beliefs()
	if err != nil {
		return nil, err
	}
	return gate.OpenWorkspace(ctx, dir, rules, a.env.Getenv)
}

func (a *app) listFiles(image *pack.Image) error {
	enc := json.NewEncoder(a.env.Out)
	enc.SetIndent("", "  ")
	return enc.Encode(image.Files)
}

func first(given []string, otherwise string) string {
	if len(given) > 0 {
		return given[0]
	}
	return otherwise
}
