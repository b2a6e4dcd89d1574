package cli

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// manCommand writes the manual for whoever packages the program.
func (a *app) manCommand() *cobra.Command {
	return &cobra.Command{
		Use: "man FOLDER", Short: "Write the manual pages of every command and help topic", Hidden: true,
		Long: `Write a manual page for every command (section 1) and every help topic (section 7) into a
folder. The pages carry the date of SOURCE_DATE_EPOCH, else today's.`,
		Args: args(1, 1, "one folder"),
		RunE: func(c *cobra.Command, given []string) error {
			n, err := a.man(c.Root(), given[0])
			if err != nil {
				return err
			}
			fmt.Fprintf(a.env.Out, "wrote %d pages to %s\n", n, given[0])
			return nil
		},
	}
}

func (a *app) man(root *cobra.Command, dir string) (pages int, err error) {
	if !isFolder(dir) {
		return 0, usagef("%s is not a folder\nhint: mkdir -p %s", dir, shell(dir))
	}
	date, err := a.date()
	if err != nil {
		return 0, err
	}
	root.DisableAutoGenTag = true
	var write func(c *cobra.Command) error
	write = func(c *cobra.Command) error {
		if !c.IsAvailableCommand() || c.Name() == "help" {
			return nil
		}
		if err := page(dir, c, date); err != nil {
			return err
		}
		pages++
		for _, below := range c.Commands() {
			if err := write(below); err != nil {
				return err
			}
		}
		return nil
	}
	if err := write(root); err != nil {
		return pages, err
	}
	for _, t := range topics() {
		if err := topicPage(dir, t, date); err != nil {
			return pages, err
		}
		pages++
	}
	return pages, nil
}

// date is the pages': SOURCE_DATE_EPOCH's where it is set.
func (a *app) date() (time.Time, error) {
	epoch := a.env.Getenv("SOURCE_DATE_EPOCH")
	if epoch == "" {
		return a.env.Now().UTC(), nil
	}
	seconds, err := strconv.ParseInt(epoch, 10, 64)
	if err != nil || seconds < 0 {
		return time.Time{}, usagef("SOURCE_DATE_EPOCH is %q, not a number of seconds\nhint: SOURCE_DATE_EPOCH=$(git log -1 --format=%%ct)", epoch)
	}
	return time.Unix(seconds, 0).UTC(), nil
}

func page(dir string, c *cobra.Command, date time.Time) error {
	name := strings.ReplaceAll(c.CommandPath(), " ", "-")
	var out bytes.Buffer
	err := doc.GenMan(c, &doc.GenManHeader{
		Title: strings.ToUpper(name), Section: "1", Date: &date, Source: "weighlock " + Version(), Manual: "Weighlock",
	}, &out)
	if err != nil {
		return fmt.Errorf("writing the page of %s: %w", c.CommandPath(), err)
	}
	return manFile(filepath.Join(dir, name+".1"), out.Bytes())
}

// topicPage is a help topic as it stands, in the manual's own form.
func topicPage(dir string, t topic, date time.Time) error {
	text, err := t.text()
	if err != nil {
		return err
	}
	var out bytes.Buffer
	name := "weighlock-" + t.name
	fmt.Fprintf(&out, ".TH %q \"7\" %q %q \"Weighlock\"\n", strings.ToUpper(name), date.Format("Jan 2006"), "weighlock "+Version())
	fmt.Fprintf(&out, ".SH NAME\n%s \\- %s\n.SH DESCRIPTION\n.nf\n", roff(name), roff(t.short))
	for line := range strings.Lines(text) {
		out.WriteString(roff(line))
	}
	out.WriteString(".fi\n.SH SEE ALSO\n\\fBweighlock\\fP(1)\n")
	return manFile(filepath.Join(dir, name+".7"), out.Bytes())
}

// roff keeps a line from being read as anything but text.
func roff(line string) string {
	line = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", `\(ga`).Replace(line)
	if strings.HasPrefix(line, ".") {
		line = `\&` + line
	}
	return line
}

func manFile(path string, text []byte) error {
	if err := os.WriteFile(path, text, 0o644); err != nil {
		return fmt.Errorf("writing the manual: %w\nhint: name a folder that you may write to", err)
	}
	return nil
}
