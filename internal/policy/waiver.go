package policy

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/verdict"
)

// waiver is one accepted statement that lets a check go. A field that is
// missing makes it let nothing go.
type waiver struct {
	Statement struct {
		Digest string   `json:"digest"`
		Roles  []string `json:"roles"`
	} `json:"statement"`
	Model struct {
		Name   string `json:"name"`
		Digest string `json:"digest"`
	} `json:"model"`
	Rule    string `json:"rule"`
	Item    string `json:"item"`
	Owner   string `json:"owner"`
	Reason  string `json:"reason"`
	Expires string `json:"expires"`
}

// unwaivable are the categories of integrity and trust.
var unwaivable = []string{"trust", "evidence"}

// waive turns a failed or undecided check into a waived one, where a waiver
// names exactly this rule, item and model and has not expired.
func (d *document) waive(c *verdict.Check, r Rule) {
	if c.Status != verdict.Fail && c.Status != verdict.Undecided || slices.Contains(unwaivable, r.Category) {
		return
	}
	for _, w := range d.waivers() {
		if !w.lets(c, d) {
			continue
		}
		c.Waiver = &verdict.Waiver{Owner: w.Owner, Reason: w.Reason, Expires: w.Expires, Digest: w.Statement.Digest, Was: c.Status}
		c.Status = verdict.Waived
		return
	}
}

// waivers are the input's, without those that have not the form of one.
func (d *document) waivers() []waiver {
	list, _ := lookup[[]any](d, "input.waivers")
	var out []waiver
	for _, v := range list {
		text, err := json.Marshal(v)
		if err != nil {
			continue
		}
		var w waiver
		if json.Unmarshal(text, &w) == nil {
			out = append(out, w)
		}
	}
	return out
}

// lets says whether a waiver covers a check. It must be signed by one who may
// waive and who built nothing.
func (w waiver) lets(c *verdict.Check, d *document) bool {
	expires, err := time.Parse(time.RFC3339, w.Expires)
	switch {
	case err != nil || !d.now.Before(expires):
		return false
	case w.Rule != c.Rule || w.Item != c.Item:
		return false
	case w.Model.Name != d.name || w.Model.Digest != d.digest:
		return false
	case w.Owner == "" || w.Reason == "" || !artifact.ValidDigest(w.Statement.Digest):
		return false
	}
	return slices.Contains(w.Statement.Roles, "waiver") && !slices.Contains(w.Statement.Roles, "builder")
}
