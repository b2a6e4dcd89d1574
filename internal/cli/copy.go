package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/weighlock/weighlock/internal/transfer"
)

func (a *app) copyCommand() *cobra.Command {
	return &cobra.Command{
		Use: "copy SOURCE DESTINATION", Short: "Take a model with all that is known of it to another registry or layout",
		Long: `Take a model to another registry or layout, as across an air gap: the image, every
statement and evidence file that is attached to it, the specs, and the whole chains of
attempts and rollouts. The same verdict comes out there, byte for byte.

SOURCE is a repository for all its versions, REPOSITORY:VERSION for one, or
REPOSITORY@sha256:… for a model that was refused. DESTINATION is a repository that ends in
the model's name. What is there already is not sent again; a copy that was cut off is
finished by doing it again. Digests are checked on the way, signatures are not: that is
what weighlock verify and gate do, at the destination.`,
		Example: `  weighlock copy ghcr.io/acme/card:1.4.0 oci:/media/usb/card
  weighlock copy oci:/media/usb/card registry.inside.example/card`,
		Args: args(2, 2, "a source and a destination"),
		RunE: func(c *cobra.Command, given []string) error { return a.copy(c.Context(), given[0], given[1]) },
	}
}

func (a *app) copy(ctx context.Context, source, destination string) error {
	from, ref, err := a.open(source)
	if err != nil {
		return err
	}
	to, toRef, err := a.open(destination)
	if err != nil {
		return err
	}
	if toRef.Digest != "" || toRef.Tag != "" && toRef.Tag != ref.Tag {
		return usagef("%s: a model keeps its version where it is copied to\nhint: weighlock copy %s %s", destination, source, to)
	}
	r, err := transfer.Copy(ctx, transfer.Options{From: from, Ref: ref, To: to, Progress: a.progress()})
	if err != nil {
		return err
	}
	a.tellCopy(to.String(), r)
	return nil
}

func (a *app) tellCopy(to string, r *transfer.Result) {
	for _, i := range r.Images {
		if i.Tag == "" {
			fmt.Fprintf(a.env.Out, "%s@%s\n", to, i.Digest)
		} else {
			fmt.Fprintf(a.env.Out, "%s:%s@%s\n", to, i.Tag, i.Digest)
		}
	}
	w := a.env.Err
	fmt.Fprintf(w, "with %s, %s, %s, %s of the history", counted(r.Statements, "statement"), counted(r.Files, "evidence file"), counted(r.Specs, "spec"), counted(r.Entries, "entry"))
	if r.Others > 0 {
		fmt.Fprintf(w, ", %s by other tools", counted(r.Others, "artifact"))
	}
	fmt.Fprintf(w, "\n%s sent (%s), %d were there, %d taken over inside the registry\n", counted(r.Sent, "blob"), megabytes(r.Bytes), r.Present, r.Mounted)
	for _, l := range r.Left {
		fmt.Fprintf(w, "left: %s: %s\n", l.What, l.Why)
	}
	fmt.Fprintf(w, "signatures were not checked; `weighlock verify %s` does\n", reference(to, r.Images[0]))
}

func reference(repo string, i transfer.Image) string {
	if i.Tag == "" {
		return repo + "@" + i.Digest
	}
	return repo + ":" + i.Tag
}

func counted(n int, what string) string {
	switch {
	case n == 1:
		return "1 " + what
	case what == "entry":
		return fmt.Sprintf("%d entries", n)
	}
	return fmt.Sprintf("%d %ss", n, what)
}
