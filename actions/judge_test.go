package actions

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func gateInputs(changes ...string) map[string]string {
	in := map[string]string{"IN_MODE": "project", "IN_LEVEL": "", "IN_VERIFIER": "", "IN_REPOSITORY": "", "IN_ID_KEY": ""}
	for i := 0; i < len(changes); i += 2 {
		in[changes[i]] = changes[i+1]
	}
	return in
}

// TestJudge runs the real program on what a change can be.
func TestJudge(t *testing.T) {
	type change = func(name, text string) string
	cases := []struct {
		name     string
		changes  []change
		inputs   map[string]string
		status   int
		verdict  string
		log, sum string
	}{
		{"a good model", nil, gateInputs(), 0, "allow", "::notice file=", "ALLOWED"},
		{"a model that misses a limit", []change{strict}, gateInputs(), 3, "deny", "::error file=", "recall{region=north}"},
		{"too few rows", []change{undecidable}, gateInputs(), 4, "undecided", "::error file=", "UNDECIDED"},
		{"a refusal that is only observed", []change{strict, observed}, gateInputs(), 0, "deny", "::error file=", "would be DENIED"},
		{"a refusal, where observing is not accepted", []change{strict, observed}, gateInputs("IN_MODE", "enforce"), 3, "deny", "this workflow enforces", "would be DENIED"},
		{"undecided, where observing is not accepted", []change{undecidable, observed}, gateInputs("IN_MODE", "enforce"), 4, "undecided", "this workflow enforces", ""},
		{"a good model that is only observed", []change{observed}, gateInputs("IN_MODE", "enforce"), 0, "allow", "::notice file=", "ALLOWED"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := newRunner(t)
			r.model("models/small", c.changes...)
			check(t, r.bash(c.inputs, script(t, "judge.sh"), "gate", "models/small"), c.status, c.log)
			if !strings.Contains(r.read("summary"), c.sum) {
				t.Errorf("got summary %q; want it to say %q", r.read("summary"), c.sum)
			}
			out := r.outputs()
			if out["verdict"] != c.verdict || !regexp.MustCompile(`^sha256:[0-9a-f]{64}$`).MatchString(out["digest"]) {
				t.Errorf("got verdict %q of %q; want %q", out["verdict"], out["digest"], c.verdict)
			}
			for _, form := range []string{"json", "sarif", "junit", "markdown", "html"} {
				if info, err := os.Stat(out[form]); err != nil || info.Size() == 0 || filepath.Dir(out[form]) != out["reports"] {
					t.Errorf("output %s is %q, of reports %q: %v", form, out[form], out["reports"], err)
				}
			}
		})
	}
}

// A report as weighlock writes it, cut short.
const report = `cat >"$json" <<'END'
{
  "model": {
    "name": "small",
    "digest": "sha256:dae14e80830e5245f045c7295f45a9c2205529a9c9bbf913c45405e46d39a70b"
  },
  "outcome": "OUTCOME",
  "level": "start",
  "mode": "enforce",
  "checks": []
}
END
for f in github=github.txt x=summary.md x=weighlock.sarif x=weighlock.xml x=weighlock.md x=weighlock.html; do echo x >"${json%/*}/${f#*=}"; done
`

// TestJudgeFailsClosed gives a program that does not do its part: each run
// ends as failed, and says nothing that a later step could take for a verdict.
func TestJudgeFailsClosed(t *testing.T) {
	find := `for w in "$@"; do case "$w" in json=*) json=${w#json=} ;; esac; done` + "\n"
	allow, deny := strings.Replace(report, "OUTCOME", "allow", 1), strings.Replace(report, "OUTCOME", "deny", 1)
	cases := []struct {
		name, program string
		inputs        map[string]string
		target        string
		status        int
		want          string
	}{
		{"success without a report", "exit 0\n", gateInputs(), ".", 1, "ended with status 1 and no verdict"},
		{"success with an empty report", find + `: >"$json"`, gateInputs(), ".", 1, "no verdict"},
		{"success, and a report that denies", find + deny, gateInputs(), ".", 1, "and deny verdict"},
		{"a denial, and a report that allows", find + allow + "exit 3\n", gateInputs(), ".", 3, "and allow verdict"},
		{"broken after the report", find + allow + "exit 1\n", gateInputs(), ".", 1, "and allow verdict"},
		{"a verdict that is none", find + strings.Replace(report, "OUTCOME", "maybe", 1), gateInputs(), ".", 1, "and maybe verdict"},
		{"another report missing", find + allow + `rm "${json%/*}/weighlock.sarif"`, gateInputs(), ".", 1, "weighlock.sarif was not written"},
		{"a verdict on nothing", find + strings.Replace(allow, "sha256:dae1", "sha256:zzzz", 1), gateInputs(), ".", 1, "names no model digest"},
		{"killed", "kill -9 $$\n", gateInputs(), ".", 137, "no verdict"},
		{"the network", "exit 5\n", gateInputs(), ".", 5, "no verdict"},
		{"integrity", "exit 6\n", gateInputs(), ".", 6, "no verdict"},
		{"an unknown mode", "exit 0\n", gateInputs("IN_MODE", "observe"), ".", 2, "input mode is \"observe\""},
		{"an unknown level", "exit 0\n", gateInputs("IN_LEVEL", "none"), ".", 2, "input level is \"none\""},
		{"an empty target", "exit 0\n", gateInputs(), "", 2, "nothing to gate"},
		{"a target of two lines", "exit 0\n", gateInputs(), ".\nverdict=allow", 2, "holds a line break"},
		{"a verifier of two lines", "exit 0\n", gateInputs("IN_VERIFIER", "a\nb"), ".", 2, "input VERIFIER holds a line break"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := newRunner(t)
			r.bare()
			r.tool("weighlock", c.program)
			check(t, r.bash(c.inputs, script(t, "judge.sh"), "gate", c.target), c.status, "::error title=Weighlock::", c.want)
			if out := r.read("output"); out != "" {
				t.Errorf("got outputs %q; want none without a verdict", out)
			}
		})
	}
	t.Run("no weighlock at all", func(t *testing.T) {
		r := newRunner(t)
		r.bare()
		check(t, r.bash(gateInputs(), script(t, "judge.sh"), "gate", "."), 1, "there is no weighlock on the PATH%0Ahint: put weighlock/weighlock/actions/setup")
	})
}

// TestJudgeIsHeardAlone shows that what the program prints cannot speak to the
// runner, and that its arguments arrive whole.
func TestJudgeIsHeardAlone(t *testing.T) {
	r := newRunner(t)
	r.bare()
	r.tool("weighlock", "echo '::add-mask::x'; printf '<%s>\\n' \"$@\"; exit 3\n")
	got := r.bash(gateInputs("IN_VERIFIER", "$(touch pwned) x"), script(t, "judge.sh"), "gate", "--help; touch pwned")
	check(t, got, 3, "<--verifier>\n<$(touch pwned) x>\n", "<-->\n<--help; touch pwned>\n")
	lines := strings.Split(got.log, "\n")
	word, ok := strings.CutPrefix(lines[0], "::stop-commands::")
	if !ok || len(word) != 32 {
		t.Fatalf("the log begins with %q; want stop-commands", lines[0])
	}
	inside, after, ok := strings.Cut(got.log, "\n::"+word+"::\n")
	if !ok || !strings.Contains(inside, "::add-mask::x") || strings.Contains(after, "add-mask") {
		t.Errorf("got log %q; want the program's words before %s", got.log, word)
	}
	if _, err := os.Stat(r.at("work/pwned")); err == nil {
		t.Error("an input was run")
	}
}

// TestPublishKeepsItsKeys shows that keys are files for nobody else, named to
// the program, in no variable, and gone afterwards.
func TestPublishKeepsItsKeys(t *testing.T) {
	r := newRunner(t)
	r.bare()
	r.tool("weighlock", `env | grep -e SECRET -e IN_KEY
while [ $# -gt 0 ]; do
	case "$1" in --key | --id-key) echo "$1 $(stat -c %a "$2" 2>/dev/null || stat -f %Lp "$2") $(cat "$2")" ;; esac
	shift
done
exit 3
`)
	in := gateInputs("IN_KEY", "SECRET one\nSECRET two", "IN_ID_KEY", "SECRET id", "IN_PASSWORD", "SECRET pass", "IN_FOLDER", ".", "IN_TSA", "")
	got := r.bash(in, script(t, "judge.sh"), "publish", "oci:models/small:1.0.0")
	check(t, got, 3, "--key 600 SECRET one\nSECRET two\n", "--id-key 600 SECRET id\n", "WEIGHLOCK_PASSWORD=SECRET pass\n")
	if strings.Contains(got.log, "IN_KEY") || strings.Contains(got.log, "IN_PASSWORD") {
		t.Errorf("the program's environment holds a key:\n%s", got.log)
	}
	left, err := filepath.Glob(r.at("temp/weighlock-keys-*"))
	if err != nil || len(left) != 0 {
		t.Errorf("got %v, %v; want no key left behind", left, err)
	}
}

// TestPublish publishes with the real program into a folder on disk.
func TestPublish(t *testing.T) {
	r := newRunner(t)
	r.model("small")
	r.env["WEIGHLOCK_CONFIG"] = r.at("config")
	r.env["WEIGHLOCK_PASSWORD"] = "correct horse"
	check(t, r.shell("weighlock", nil, "keygen", "--claimed-time", "--level", "start"), 0)
	key, id := r.read("config/weighlock.key"), r.read("config/id.key")
	verifier := r.at("config/verifier.yaml")
	delete(r.env, "WEIGHLOCK_CONFIG")
	delete(r.env, "WEIGHLOCK_PASSWORD")
	in := gateInputs("IN_KEY", key, "IN_ID_KEY", id, "IN_PASSWORD", "correct horse", "IN_FOLDER", "small", "IN_VERIFIER", verifier, "IN_TSA", "")
	check(t, r.bash(in, script(t, "judge.sh"), "publish", "oci:models/small:1.0.0"), 0, "published oci:models/small:1.0.0")
	out := r.outputs()
	if want := "oci:models/small@" + out["digest"]; out["image"] != want {
		t.Errorf("got image %q; want %q", out["image"], want)
	}
	if out["verdict"] != "allow" {
		t.Errorf("got verdict %q; want allow", out["verdict"])
	}
	check(t, r.shell("weighlock", nil, "verify", "--verifier", verifier, out["image"]), 0)
}
