package report

import (
	"testing"

	"github.com/weighlock/weighlock/internal/verdict"
)

// FuzzNames puts a text everywhere that a report takes one from outside, and
// reads every form back.
func FuzzNames(f *testing.F) {
	for _, text := range nasty {
		f.Add(text, uint8(len(text)))
	}
	f.Fuzz(func(t *testing.T, text string, status uint8) {
		c := failing()
		c.Status = verdict.Statuses()[int(status)%len(verdict.Statuses())]
		c.Rule, c.Item, c.Message, c.Title, c.Solution = text, text, text, text, text
		c.Location = &verdict.Location{File: text, Line: int(status)}
		c.Expected.Text, c.Observed.Method = text, text
		c.Waiver = &verdict.Waiver{Owner: text, Reason: text, Expires: text, Was: verdict.Fail}
		r := base(c, failing(), waivedCheck())
		r.Model = verdict.Model{Name: text, Version: text, Digest: text}
		r.Level, r.Now, r.Signing = text, text, text
		r.Ignored[0].Reason, r.Sources[0].Signer = text, text
		for form, fixture := range conformance {
			out := write(t, form, r, Options{Width: int(status)})
			tidy(t, out)
			fixture.read(t, out, r)
		}
	})
}
