package starter

import (
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// common are file names that say nothing about the model.
var common = map[string]bool{
	"model": true, "models": true, "best-model": true, "final-model": true, "best": true, "final": true,
	"clf": true, "classifier": true, "regressor": true, "estimator": true, "pipeline": true,
	"saved-model": true, "weights": true, "checkpoint": true, "output": true, "artifact": true, "artifacts": true,
}

// name is the model file's, or the folder's where the file's says nothing.
func (o Options) name() Choice {
	if o.Name != "" {
		return Choice{Value: o.Name, Said: true}
	}
	base := path.Base(o.Model)
	if name := fit(strings.TrimSuffix(base, path.Ext(base))); name != "" && !common[name] {
		return Choice{Value: name, Why: "the model file's name"}
	}
	if name := fit(filepath.Base(o.Folder)); name != "" {
		return Choice{Value: name, Why: "the folder's name"}
	}
	return Choice{Value: "model", Why: "neither the model file nor its folder has a telling name"}
}

var unfit = regexp.MustCompile(`[^a-z0-9]+`)

// fit makes text a model's name: lower case, and single dashes between.
func fit(text string) string {
	return strings.Trim(unfit.ReplaceAllString(strings.ToLower(text), "-"), "-")
}

// words cuts a column's name at capitals and at all but letters and digits:
// yTrue and y_true are both y, true.
func words(name string) []string {
	var spaced strings.Builder
	var last rune
	for _, r := range name {
		if unicode.IsUpper(r) && unicode.IsLower(last) {
			spaced.WriteByte(' ')
		}
		spaced.WriteRune(unicode.ToLower(r))
		last = r
	}
	return strings.FieldsFunc(spaced.String(), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// scoring are the words by which people name a model's output, and how
// strongly each speaks for one.
var scoring = map[string]int{
	"p": 3, "prob": 3, "probs": 3, "proba": 3, "probability": 3,
	"score": 2, "scores": 2,
	"pred": 1, "preds": 1, "predicted": 1, "prediction": 1, "predictions": 1, "yhat": 1, "hat": 1,
	"forecast": 1, "estimate": 1, "estimated": 1, "output": 1,
}

// strength is how strongly the name speaks for a score; 0 is not at all.
func (c *column) strength() int {
	most := 0
	for _, w := range c.words {
		most = max(most, scoring[w])
	}
	return most
}

// stem is what a score's name says that it is the score of: malignant for
// p_malignant.
func (c *column) stem() string {
	rest := slices.DeleteFunc(slices.Clone(c.words), func(w string) bool { return scoring[w] > 0 })
	return strings.Join(rest, "_")
}

// akin says whether the column may be what a score of that stem is the score
// of: is_fraud of fraud, defaulted of default.
func (c *column) akin(stem string) bool {
	rest := slices.DeleteFunc(slices.Clone(c.words), func(w string) bool { return w == "is" || w == "has" || w == "was" })
	name := strings.Join(rest, "_")
	if stem == "" || name == stem {
		return stem != ""
	}
	short, long := stem, name
	if len(short) > len(long) {
		short, long = long, short
	}
	ending, ok := strings.CutPrefix(long, short)
	return ok && len(short) >= 4 && len(ending) <= 3 && !strings.ContainsAny(ending, "_0123456789")
}

// plain is a name without regard to case and punctuation.
func (c *column) plain() string { return strings.Join(c.words, "_") }

var truths = []string{
	"label", "labels", "target", "targets", "truth", "actual", "actuals", "outcome", "outcomes", "observed", "gt",
	"y", "y_true", "ytrue", "true", "y_test", "class", "response",
}

// truth says whether the name is one that people give to labels.
func (c *column) truth() bool {
	if c.strength() > 0 {
		return false
	}
	if slices.Contains(truths, c.plain()) {
		return true
	}
	for _, w := range c.words {
		if slices.Contains([]string{"label", "target", "truth", "actual", "outcome"}, w) {
			return true
		}
	}
	return false
}

// identifies says whether the name is one that people give to row ids.
func (c *column) identifies() bool {
	if c.plain() == "unnamed_0" || c.plain() == "index" {
		return true
	}
	for _, w := range c.words {
		if slices.Contains([]string{"id", "ids", "uid", "uuid", "guid", "key", "rowid"}, w) {
			return true
		}
	}
	return false
}
