package cli

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/weighlock/weighlock/internal/query"
	"github.com/weighlock/weighlock/internal/report"
)

// asking are the flags by which a reading command answers for machines: which
// fields, and what jq or a template makes of them.
type asking struct {
	known []string
	asked bool
	o     query.Options
}

// askFlags adds --json, --jq and --template to a command whose value has the
// known fields.
func askFlags(c *cobra.Command, known []string) *asking {
	q := &asking{known: known}
	f := c.Flags()
	f.Var((*fieldsFlag)(q), "json", "as JSON: these fields, separated by commas, or all; alone it lists them")
	f.StringVarP(&q.o.JQ, "jq", "q", "", "what a jq expression makes of the JSON")
	f.StringVarP(&q.o.Template, "template", "t", "", "what a Go template makes of the JSON; see weighlock help formats")
	err := c.RegisterFlagCompletionFunc("json", func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		return complete(known, typed), cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
	})
	if err != nil {
		panic(err) // the flag has just been added
	}
	return q
}

// complete offers, after the last comma, the fields that are not yet named.
func complete(known []string, typed string) []string {
	at := strings.LastIndex(typed, ",") + 1
	named := strings.Split(typed[:at], ",")
	var offers []string
	for _, field := range known {
		used := false
		for _, n := range named {
			used = used || n == field
		}
		if !used && strings.HasPrefix(field, typed[at:]) {
			offers = append(offers, typed[:at]+field)
		}
	}
	return offers
}

// fieldsFlag is the value of --json. It refuses an unknown field where it
// stands, before the arguments that follow are looked at.
type fieldsFlag asking

func (f *fieldsFlag) String() string { return strings.Join(f.o.Fields, ",") }
func (f *fieldsFlag) Type() string   { return "fields" }

func (f *fieldsFlag) Set(text string) error {
	fields := slices.Concat(f.o.Fields, strings.Split(text, ","))
	if _, err := query.New(f.known, query.Options{Fields: fields}); err != nil {
		return err
	}
	f.o.Fields, f.asked = fields, true
	return nil
}

// query is what was asked; nil where a person is to read the answer.
func (q *asking) query(c *cobra.Command) (*query.Query, error) {
	for _, name := range []string{"jq", "template"} {
		if f := c.Flags().Lookup(name); f.Changed && f.Value.String() == "" {
			return nil, usagef("--%s is given, and empty\nhint: give it a value, or leave it out", name)
		}
	}
	if !q.asked && q.o.JQ == "" && q.o.Template == "" {
		return nil, nil
	}
	return query.New(q.known, q.o)
}

// answer writes what a query makes of a value. On a terminal a text from
// elsewhere moves no cursor.
func (a *app) answer(ctx context.Context, q *query.Query, v any) error {
	if !a.env.Terminal {
		return q.Write(ctx, a.env.Out, v)
	}
	var out bytes.Buffer
	if err := q.Write(ctx, &out, v); err != nil {
		return err
	}
	lines := strings.Split(out.String(), "\n")
	for i, line := range lines {
		lines[i] = report.Plain(line)
	}
	_, err := a.env.Out.Write([]byte(strings.Join(lines, "\n")))
	return err
}

// flagError is what is wrong with a flag, in this program's words; --json
// alone lists the fields.
func flagError(c *cobra.Command, err error) error {
	if errors.Is(err, query.ErrQuestion) {
		var bad *pflag.InvalidValueError
		if errors.As(err, &bad) {
			return bad.Unwrap()
		}
		return err
	}
	var bare *pflag.ValueRequiredError
	if errors.As(err, &bare) {
		if q, ok := bare.GetFlag().Value.(*fieldsFlag); ok {
			return query.Listing(q.known)
		}
	}
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) && unknown.GetSpecifiedName() == "json" && c.Flags().Lookup("output") != nil {
		return usagef("%v\nhint: --output json, or --output json=FILE", err)
	}
	var bad *pflag.InvalidValueError
	if errors.As(err, &bad) && strings.Contains(bad.Unwrap().Error(), "\nhint: ") {
		return usagef("--%s: %w", bad.GetFlag().Name, bad.Unwrap())
	}
	return usagef("%v\nhint: %s --help", err, c.CommandPath())
}
