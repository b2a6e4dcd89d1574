package starter

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Notes are the guesses as sentences, in the order of the project file, for a
// person who has just asked for them.
func (g *Guess) Notes() []string {
	var out []string
	for _, f := range []struct {
		name string
		Choice
	}{{"name", g.Name}, {"task", g.Task}, {"id", g.ID}, {"label", g.Label}, {"positive", g.Positive}, {"score", g.Score}} {
		if f.Why == "" {
			continue
		}
		value := "none"
		if f.Value != "" {
			value = say(f.Value)
		}
		out = append(out, fmt.Sprintf("%s: %s (%s)", f.name, value, f.Why))
	}
	return out
}

// YAML is the project file: complete, at level start, with one limit.
func (g *Guess) YAML() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# Written by weighlock init from %s and the %s of %s.\n",
		say(g.Model), rowCount(g.Rows), say(g.Predictions))
	for _, line := range g.Origin {
		fmt.Fprintf(&b, "# %s\n", oneLine(line))
	}
	for _, w := range g.Warnings {
		fmt.Fprintf(&b, "# Look at this: %s.\n", w)
	}
	b.WriteString("\n")
	field(&b, "", "name", g.Name)
	field(&b, "", "task", g.Task)
	fmt.Fprintf(&b, "file: %s\n", quote(g.Model))
	b.WriteString("# Judges local files, without key, lineage or registry; release asks for these.\nlevel: start\n\n")

	b.WriteString("# What the model is judged on, pinned by sha256; `weighlock pin` pins it anew.\ndata:\n")
	g.train(&b)
	b.WriteString("  test:\n")
	fmt.Fprintf(&b, "    file: %s\n", quote(g.Predictions))
	if g.ID.Value == "" {
		fmt.Fprintf(&b, "    # %s\n", reason(g.ID, "rows are matched by their order, as you said", "name a unique column as id: if there is one"))
	} else {
		field(&b, "    ", "id", g.ID)
	}
	field(&b, "    ", "label", g.Label)
	if g.Positive.Value != "" {
		field(&b, "    ", "positive", g.Positive)
	}
	fmt.Fprintf(&b, "    sha256: %q\n\n", g.SHA256)

	fmt.Fprintf(&b, "predictions:\n  file: %s\n", quote(g.Predictions))
	field(&b, "  ", "column", g.Score)
	g.limits(&b)
	return b.Bytes()
}

// train offers, as a comment, the table that a tracker says the run has read:
// whether the model was trained on it, and which columns it has, a person says.
func (g *Guess) train(b *bytes.Buffer) {
	if g.Train == "" {
		return
	}
	id := ""
	if g.ID.Value != "" {
		id = ", id: " + quote(g.ID.Value)
	}
	fmt.Fprintf(b, "  # The run has read this file. If the model was trained on it, take the # away, and\n"+
		"  # test rows that it was trained on are found.\n"+
		"  # train: {file: %s%s, label: %s}\n", quote(g.Train), id, quote(g.Label.Value))
}

// oneLine keeps a comment a comment, whatever a tracker's names hold.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r == '\ufeff' || r == utf8.RuneError {
			return ' '
		}
		return r
	}, text)
}

// limits writes one limit, met by every model that is better than guessing.
func (g *Guess) limits(b *bytes.Buffer) {
	if g.Task.Value == "binary" {
		fmt.Fprintf(b, "  # guessed: the usual one; recall, precision and other metrics of decisions use it, roc_auc does not; change it if wrong\n"+
			"  threshold: %g\n\n", Threshold)
		b.WriteString("spec:\n  metrics:\n" +
			"    # Better than guessing: to give every row the same score makes 0.5. The lower\n" +
			"    # end of the 95 % interval must reach it. Raise it to what the model's use needs.\n" +
			"    roc_auc: {min: 0.5}\n" +
			"    # recall: {min: 0.7}              # a share, 0.7 and not 70\n" +
			more +
			"  # baseline: {metric: roc_auc, gain: 0.02}\n" +
			"  # slices: {by: [region, \"age:25,40,60\"], recall: {min: 0.5, max_gap: 0.1}, min_rows: 100}\n" +
			"  # fairness: {by: [sex], tpr_difference: {max: 0.1}}\n")
		return
	}
	b.WriteString("\nspec:\n  metrics:\n" +
		"    # Better than guessing: to predict the mean label for every row makes 0. The lower\n" +
		"    # end of the 95 % interval must reach it. Raise it to what the model's use needs.\n" +
		"    r2: {min: 0}\n" +
		"    # rmse: {max: 10}                 # in the label's unit; also mae, mape, bias, median_ae\n" +
		more +
		"  # baseline: {kind: constant, metric: rmse, gain: 0.5}\n" +
		"  # slices: {by: [region, \"age:25,40,60\"], rmse: {max: 15}, min_rows: 100}\n")
}

// more stands above further sections, which wait for whoever knows the use.
const more = "  # What else can be asked for, with columns and limits of your own;\n" +
	"  # `weighlock explain evaluation/slices` says more about one.\n"

// field writes a key, under the reason for its value.
func field(b *bytes.Buffer, indent, key string, c Choice) {
	if !c.Said {
		fmt.Fprintf(b, "%s# %s\n", indent, reason(c, "", "change it if wrong"))
	}
	fmt.Fprintf(b, "%s%s: %s\n", indent, key, scalar(key, c.Value))
}

func reason(c Choice, said, otherwise string) string {
	if c.Said {
		return said
	}
	return fmt.Sprintf("guessed: %s; %s", c.Why, otherwise)
}

var (
	harmless = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_./-]*( [A-Za-z0-9_./-]+)*$`)
	whole    = regexp.MustCompile(`^(0|-?[1-9][0-9]{0,14})$`)
)

// reserved are words that YAML reads as something else than text.
var reserved = map[string]bool{
	"true": true, "false": true, "yes": true, "no": true, "on": true, "off": true, "y": true, "n": true, "null": true, "nan": true,
}

// scalar is a value as YAML: a whole number for positive: 1, else text.
func scalar(key, value string) string {
	if key == "positive" && whole.MatchString(value) {
		return value
	}
	return quote(value)
}

// quote is text as YAML writes it, on one line whatever it holds. Go's quoting
// uses only escapes that YAML knows too.
func quote(text string) string {
	if harmless.MatchString(text) && !reserved[strings.ToLower(text)] {
		return text
	}
	return strconv.Quote(text)
}

var oneWord = regexp.MustCompile(`^[\pL\pN_./+-]+$`)

// say is a name or value inside a sentence, on one line whatever it holds.
func say(text string) string {
	if oneWord.MatchString(text) {
		return text
	}
	return strconv.Quote(text)
}
