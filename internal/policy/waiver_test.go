package policy

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/weighlock/weighlock/internal/verdict"
)

const tinyWaiver = `{"statement": {"digest": "` + tinyDigest + `", "roles": ["waiver"]},
 "model": {"name": "m", "digest": "` + tinyDigest + `"}, "rule": "model/judged", "item": "a",
 "owner": "risk@acme.example", "reason": "known, repaired in the next version", "expires": "2026-12-01T00:00:00Z"}`

func TestWaiver(t *testing.T) {
	fails := strings.Replace(tinyPass, `"pass"`, `"fail"`, 1)
	const fail, waived = "fail: fine", "waived: fine"
	for name, tc := range map[string]struct{ body, from, to, want string }{
		"a failure":             {fails, "", "", waived},
		"undecided":             {strings.Replace(tinyPass, `"pass"`, `"undecided"`, 1), "", "", waived},
		"a pass":                {tinyPass, "", "", "pass: fine"},
		"a warning":             {strings.Replace(tinyPass, `"pass"`, `"warn"`, 1), "", "", "warn: fine"},
		"an error":              {strings.Replace(tinyPass, `"pass"`, `"error"`, 1), "", "", "error: fine"},
		"silence":               {"checks contains {} if false\n", "", "", "error: the rule said nothing about this item"},
		"another rule":          {fails, "model/judged", "model/other", fail},
		"another item":          {fails, `"item": "a"`, `"item": "b"`, fail},
		"every item":            {fails, `"item": "a"`, `"item": "*"`, fail},
		"another model":         {fails, `"name": "m"`, `"name": "n"`, fail},
		"another digest of it":  {fails, `"digest": "sha256:1111111111111111111111111111111111111111111111111111111111111111"}, "rule"`, `"digest": "sha256:2222222222222222222222222222222222222222222222222222222222222222"}, "rule"`, fail},
		"no digest of it":       {fails, `, "digest": "` + tinyDigest + `"}, "rule"`, `}, "rule"`, fail},
		"expired this second":   {fails, "2026-12-01T00:00:00Z", "2026-11-10T08:00:00Z", fail},
		"a second left":         {fails, "2026-12-01T00:00:00Z", "2026-11-10T08:00:01Z", waived},
		"no expiry":             {fails, "2026-12-01T00:00:00Z", "", fail},
		"no owner":              {fails, "risk@acme.example", "", fail},
		"no reason":             {fails, "known, repaired in the next version", "", fail},
		"signed by the builder": {fails, `["waiver"]`, `["waiver", "builder"]`, fail},
		"signed by another":     {fails, `["waiver"]`, `["gate"]`, fail},
		"not signed":            {fails, `"roles": ["waiver"]`, `"roles": []`, fail},
		"of another form":       {fails, tinyWaiver, `"all"`, fail},
		"of a wrong type":       {fails, `"rule": "model/judged"`, `"rule": ["model/judged"]`, fail},
	} {
		t.Run(name, func(t *testing.T) {
			waiver := strings.Replace(tinyWaiver, tc.from, tc.to, 1)
			input := strings.Replace(string(tinyInput("")), `"waivers": []`, `"waivers": [`+waiver+`]`, 1)
			if got := evaluate(t, tinyTree(tc.body), []byte(input))["a"]; got != tc.want {
				t.Errorf("got %q; want %q", got, tc.want)
			}
		})
	}
}

func TestWaivedSaysWhoAndWhy(t *testing.T) {
	input := strings.Replace(string(tinyInput("")), `"waivers": []`, `"waivers": [`+tinyWaiver+`]`, 1)
	checks, err := mustLoad(t, tinyTree(strings.Replace(tinyPass, `"pass"`, `"fail"`, 1))).Evaluate(t.Context(), []byte(input), Options{Level: "release"})
	if err != nil {
		t.Fatal(err)
	}
	want := &verdict.Waiver{Owner: "risk@acme.example", Reason: "known, repaired in the next version", Expires: "2026-12-01T00:00:00Z", Digest: tinyDigest, Was: verdict.Fail}
	if diff := cmp.Diff(want, checks[0].Waiver); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestTrustAndEvidenceCannotBeWaived(t *testing.T) {
	for _, category := range []string{"trust", "evidence"} {
		r := strings.NewReplacer("model/judged", category+"/judged", "model.judged", category+".judged", "category: model", "category: "+category)
		tree := fstest.MapFS{}
		for name, f := range tinyTree(strings.Replace(tinyPass, `"pass"`, `"fail"`, 1)) {
			tree[r.Replace(name)] = &fstest.MapFile{Data: []byte(r.Replace(string(f.Data)))}
		}
		input := strings.Replace(string(tinyInput("")), `"waivers": []`, `"waivers": [`+r.Replace(tinyWaiver)+`]`, 1)
		if got := evaluate(t, tree, []byte(input))["a"]; got != "fail: fine" {
			t.Errorf("%s: got %q; want a failure", category, got)
		}
	}
}

func TestWhatIsNotEnumeratedCannotBeWaived(t *testing.T) {
	tree := with(tinyTree(""), map[string]string{tinyFile: strings.NewReplacer("input.model.files", "input.data.items.sets", "[input.evaluation]", "[input.data]").Replace(tinyHeader + tinyPass)})
	waiver := strings.Replace(tinyWaiver, `"item": "a"`, `"item": "m"`, 1)
	input := strings.Replace(string(tinyInput("")), `"waivers": []`, `"waivers": [`+waiver+`]`, 1)
	if got := evaluate(t, tree, []byte(input))["m"]; got != "undecided: data is missing, so nobody knows what must be judged" {
		t.Errorf("got %q; want undecided", got)
	}
}
