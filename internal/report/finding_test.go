package report

import (
	"testing"

	"github.com/weighlock/weighlock/internal/verdict"
)

// A fingerprint names the check, not what was measured or where it stands.
func TestFingerprintsAreStable(t *testing.T) {
	was, is := failing(), failing()
	is.Observed.Value, is.Message, is.Location.Line, is.Status = num(0.41), "other words", 90, verdict.Undecided
	before, after := base(was), base(is, waivedCheck(), warning())
	after.Model.Version, after.Model.Digest = "1.2.0", digest("ef")
	a, b := findings(before, Options{}), findings(after, Options{File: "elsewhere/weighlock.yaml"})
	if a[0].Print != b[0].Print || a[1].Print != b[1].Print {
		t.Errorf("got %s, %s; want %s, %s", b[0].Print, b[1].Print, a[0].Print, a[1].Print)
	}
	const want = "87f32561b75556e16c0ea7ea69784153"
	if a[1].Print != want {
		t.Errorf("got %s; want %s: alerts of every user would open again", a[1].Print, want)
	}
	if other := findings(base(waivedCheck()), Options{})[0].Print; other == a[1].Print {
		t.Error("two items have one fingerprint")
	}
}
