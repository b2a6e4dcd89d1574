package policy

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/weighlock/weighlock/policies"
)

func TestLoadRefuses(t *testing.T) {
	good := tinyTree(tinyPass)
	rule := func(text string) fstest.MapFS { return with(good, map[string]string{tinyFile: text}) }
	for name, tc := range map[string]struct {
		tree fstest.MapFS
		want string
	}{
		"nothing at all":                 {files(nil), ErrEmpty.Error()},
		"levels without rules":           {files(map[string]string{"levels/release.yaml": tinyLevel}), ErrEmpty.Error()},
		"tests without rules":            {files(map[string]string{"rules/model/judged/judged_test.rego": tinyHeader + tinyPass}), ErrEmpty.Error()},
		"Rego outside rules and lib":     {with(good, map[string]string{"more/x.rego": "package x\n"}), "stands outside rules/ and lib/"},
		"a rule in another place":        {with(good, map[string]string{"lib/judged.rego": "package weighlock.rules.model.other\n\nx := 1\n"}), "a rule stands in rules/<category>/<name>/<name>.rego"},
		"a second file beside a rule":    {with(good, map[string]string{"rules/model/judged/more.rego": "package weighlock.rules.model.judged\n\nx := 1\n"}), "nothing else stands under rules"},
		"no METADATA":                    {rule("package weighlock.rules.model.judged\n\n" + tinyPass), tinyFile + ": no METADATA block with scope: package\nhint: every rule says what it is for; copy the block of another rule"},
		"METADATA twice":                 {rule(tinyMetadata + "\n" + tinyHeader + tinyPass), tinyFile + ": two METADATA blocks for the package\nhint: keep one with scope: package"},
		"METADATA of a rule only":        {rule("package weighlock.rules.model.judged\n\n" + strings.Replace(tinyMetadata, "scope: package", "scope: rule", 1) + tinyPass), "no METADATA block"},
		"no checks":                      {rule(tinyHeader + "check := true\n"), tinyFile + ": the package yields no checks\nhint: write checks contains check if { … }"},
		"checks that are no set":         {rule(tinyHeader + "checks := []\n"), "yields no checks"},
		"an id of another folder":        {rule(strings.Replace(tinyHeader, "id: model/judged", "id: model/other", 1) + tinyPass), `custom.id is "model/other", but its folder says "model/judged"`},
		"a package of another name":      {rule(strings.Replace(tinyHeader, "package weighlock.rules.model.judged", "package weighlock.rules.model.other", 1) + tinyPass), "the package is weighlock.rules.model.other"},
		"a category of another name":     {rule(strings.Replace(tinyHeader, "category: model", "category: data", 1) + tinyPass), `custom.category is "data"`},
		"a misspelt key":                 {rule(strings.Replace(tinyHeader, "#   grade:", "#   declered: input.model\n#   grade:", 1) + tinyPass), "custom.declered is unknown; did you mean declared?"},
		"an unknown grade":               {rule(strings.Replace(tinyHeader, "grade: computed", "grade: good", 1) + tinyPass), `custom.grade "good"`},
		"an unknown ML Test Score test":  {rule(strings.Replace(tinyHeader, "Model 6", "Model 8", 1) + tinyPass), `custom.mltest "Model 8"`},
		"evidence that is empty":         {rule(strings.Replace(tinyHeader, "[input.evaluation]", "[]", 1) + tinyPass), "custom.evidence is empty"},
		"evidence that is no path":       {rule(strings.Replace(tinyHeader, "[input.evaluation]", "[evaluation]", 1) + tinyPass), `"evaluation" is not an input path`},
		"a list that is a text":          {rule(strings.Replace(tinyHeader, "[core]", "core", 1) + tinyPass), "custom.collections is not a list"},
		"a misspelt path of evidence":    {rule(strings.Replace(tinyHeader, "[input.evaluation]", "[input.evalation]", 1) + tinyPass), "input has no field evalation; did you mean evaluation?"},
		"a misspelt path of items":       {rule(strings.Replace(tinyHeader, "items: input.model.files", "items: input.model.file", 1) + tinyPass), "input.model has no field file; did you mean files?"},
		"a misspelt field in Rego":       {rule(tinyHeader + strings.Replace(tinyPass, "input.model.files", "input.model.fils", 1)), "undefined ref: input.model.fils"},
		"a misspelt field in a library":  {with(good, map[string]string{"lib/x.rego": "package x\n\ny := input.modle.name\n"}), "undefined ref: input.modle"},
		"text that is no Rego":           {rule(tinyHeader + "checks contains"), "rego_parse_error"},
		"an empty file":                  {with(good, map[string]string{"lib/x.rego": ""}), "lib/x.rego"},
		"a file that is too large":       {with(good, map[string]string{"lib/x.rego": strings.Repeat("#", maxFile+1)}), "larger than"},
		"a parameter that is not listed": {rule(tinyHeader + tinyPass + "\ny := data.parameters.x\n"), tinyFile + ": reads data.parameters.x, which METADATA custom.parameters does not list\nhint: add the parameter there"},
		"all parameters":                 {rule(tinyHeader + tinyPass + "\ny := data.parameters\n"), "reads data.parameters, which"},
		"a parameter that is not there":  {rule(strings.Replace(tinyHeader, "parameters: []", "parameters: [x]", 1) + tinyPass), "parameter x is not in parameters.yaml"},
		"a negated call that may vanish": {rule(tinyHeader + strings.Replace(tinyPass, "if some file in input.model.files", `if { some file in input.model.files; not startswith(file.format, "p") }`, 1)), "judged.rego:17: the negated call is silent"},
		"a negated nested call":          {rule(tinyHeader + "f(x) := x.y\n\n" + strings.Replace(tinyPass, "if some file in input.model.files", `if { some file in input.model.files; not f(file).z == 1 }`, 1)), "the negated call is silent"},
		"a negated call of a rule":       {rule(tinyHeader + "r := input.now\n\n" + strings.Replace(tinyPass, "if some file in input.model.files", `if { some file in input.model.files; not is_string(r) }`, 1)), "the negated call is silent"},
		"a library that adds checks":     {with(good, map[string]string{"lib/x.rego": "package weighlock\n\nrules.model.judged.checks contains {} if true\n"}), "lib/x.rego: data.weighlock.rules.model.judged.checks reaches into package weighlock.rules, whose rules it could change\nhint: give the package a name of its own"},
		"no level":                       {with(files(map[string]string{tinyFile: tinyHeader + tinyPass}), nil), "the policy has no level"},
		"a level without rules":          {with(good, map[string]string{"levels/release.yaml": "name: release\ntitle: x\nrules: {}\n"}), "levels/release.yaml: level release names no rule, so it could decide nothing\nhint: list some under rules, such as model/judged: {when: required}"},
		"a level of another name":        {with(good, map[string]string{"levels/release.yaml": strings.Replace(tinyLevel, "name: release", "name: start", 1)}), `name is "start", but the file says "release"`},
		"a level with an unknown rule":   {with(good, map[string]string{"levels/release.yaml": strings.Replace(tinyLevel, "model/judged", "model/juged", 1)}), "names rule model/juged, which is not there; did you mean model/judged?"},
		"a level with an unknown when":   {with(good, map[string]string{"levels/release.yaml": strings.Replace(tinyLevel, "required", "sometimes", 1)}), `levels/release.yaml: model/judged: when is "sometimes", not one of required, declared, published`},
		"a level with an unknown grade":  {with(good, map[string]string{"levels/release.yaml": strings.Replace(tinyLevel, "when: required", "when: required, grade: good", 1)}), `grade "good"`},
		"a level with an unknown key":    {with(good, map[string]string{"levels/release.yaml": tinyLevel + "ruls: {}\n"}), "field ruls not found"},
		"a level with a key twice":       {with(good, map[string]string{"levels/release.yaml": tinyLevel + "  model/judged: {when: declared}\n"}), "already defined"},
		"a level in two documents":       {with(good, map[string]string{"levels/release.yaml": tinyLevel + "---\nname: x\n"}), "levels/release.yaml: a second document follows the first\nhint: keep one, without ---"},
		"a broken second document":       {with(good, map[string]string{"levels/release.yaml": tinyLevel + "---\n["}), "levels/release.yaml: a second document follows the first"},
		"declared without a declaration": {with(good, map[string]string{"levels/release.yaml": strings.Replace(tinyLevel, "required", "declared", 1)}), "level release asks for model/judged when declared, but its METADATA has no custom.declared\nhint: ask for it when required, or write there what declares it"},
		"a parameter without a reason":   {with(good, map[string]string{"parameters.yaml": "x: {value: 1, type: int, since: 2026-11-01}\n"}), "x needs a type and a reason"},
		"a parameter without a date":     {with(good, map[string]string{"parameters.yaml": "x: {value: 1, type: int, since: lately, reason: so}\n"}), "parameters.yaml: x: since is \"lately\", not a date as in 2026-11-01"},
		"a parameter of a wrong type":    {with(good, map[string]string{"parameters.yaml": "x: {value: a, type: int, since: 2026-11-01, reason: so}\n"}), `parameter x is "a", but must be int`},
		"a parameter of no type":         {with(good, map[string]string{"parameters.yaml": "x: {value: a, type: integr, since: 2026-11-01, reason: so}\n"}), "its type integr"},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := Load(tc.tree)
			if err == nil {
				t.Fatalf("got %d rules; want an error with %q", len(b.Rules()), tc.want)
			}
			if !strings.Contains(err.Error(), tc.want) || strings.HasPrefix(err.Error(), "0/") {
				t.Errorf("got %q; want an error with %q", err, tc.want)
			}
		})
	}
}

func TestLoadRefusesEveryMissingKey(t *testing.T) {
	for _, key := range []string{"title", "description", "  id", "  category", "  solution", "  collections", "  mltest", "  parameters", "  evidence", "  grade", "  items"} {
		t.Run(key, func(t *testing.T) {
			_, err := Load(with(tinyTree(""), map[string]string{tinyFile: without(tinyHeader, "# "+key+":") + tinyPass}))
			if err == nil || !strings.Contains(err.Error(), strings.TrimSpace(key)+" is missing") {
				t.Errorf("got %v; want an error that says %s is missing", err, strings.TrimSpace(key))
			}
		})
	}
}

func TestLoadRefusesWhatReachesOutside(t *testing.T) {
	for _, call := range []string{
		`http.send({"method": "get", "url": "http://x"})`, `net.lookup_ip_addr("x")`, `net.cidr_is_valid("x")`, `opa.runtime()`, `rand.intn("x", 2)`,
		`time.now_ns()`, `time.clock(1)`, `uuid.rfc4122("x")`, `trace("x")`, `print("x")`, `rego.metadata.chain()`, `rego.metadata.rule()`,
		`rego.parse_module("x", "y")`, `io.jwt.decode("x")`, `crypto.x509.parse_certificates("x")`,
	} {
		t.Run(call, func(t *testing.T) {
			_, err := Load(tinyTree(tinyPass + "\nx if " + call + "\n"))
			if err == nil || !strings.Contains(err.Error(), "undefined function") {
				t.Errorf("got %v; want an undefined function", err)
			}
		})
	}
}

func TestLoadRefusesPrint(t *testing.T) {
	_, err := Load(tinyTree(tinyPass + "\nx if print(\"x\")\n"))
	if want := tinyFile + ":19: undefined function print: a rule says what it has to say in its message"; err == nil || err.Error() != want {
		t.Errorf("got %v; want %s", err, want)
	}
}

func TestLoadAllowsTimesOfTheInput(t *testing.T) {
	mustLoad(t, tinyTree(tinyPass+"\nx if time.parse_rfc3339_ns(input.now) > 0\n"))
}

func TestALaterTreeMayOnlyAddAndTighten(t *testing.T) {
	base := with(tinyTree(tinyPass), map[string]string{"levels/start.yaml": "name: start\ntitle: x\nrules:\n  model/judged: {when: published, grade: claimed}\n"})
	more := strings.NewReplacer("model/judged", "model/more", "model.judged", "model.more").Replace(tinyHeader + tinyPass)
	for name, tc := range map[string]struct {
		tree fstest.MapFS
		want string // empty: it loads
	}{
		"a further rule":             {files(map[string]string{"rules/model/more/more.rego": more, "levels/release.yaml": "name: release\ntitle: x\nrules:\n  model/more: {when: required}\n"}), ""},
		"required for published":     {files(map[string]string{"levels/start.yaml": "name: start\ntitle: x\nrules:\n  model/judged: {when: required, grade: rescored}\n"}), ""},
		"published for required":     {files(map[string]string{"levels/release.yaml": "name: release\ntitle: x\nrules:\n  model/judged: {when: published}\n"}), "level release: model/judged is required and cannot become published: a later policy may only tighten\nhint: keep when: required, or give the level a name of its own"},
		"a lower grade":              {files(map[string]string{"levels/release.yaml": "name: release\ntitle: x\nrules:\n  model/judged: {when: required, grade: claimed}\n"}), "level release: model/judged asks for grade computed and cannot ask for claimed: a later policy may only tighten\nhint: keep grade: computed, or give the level a name of its own"},
		"the same rule":              {files(map[string]string{tinyFile: tinyHeader + tinyPass}), "rules/model/judged/judged.rego: rule model/judged is already in rules/model/judged/judged.rego\nhint: give this one an id and a folder of its own"},
		"checks for another's rule":  {files(map[string]string{"lib/x.rego": "package weighlock.rules.model\n\njudged.checks contains {} if true\n"}), "nothing else stands under rules"},
		"the same parameter":         {files(map[string]string{"parameters.yaml": "x: {value: 2, type: int, since: 2026-11-01, reason: so}\n"}), "parameter x is in two trees"},
		"rules in another's library": {files(map[string]string{"lib/y.rego": "package shared\n\nx if true\n"}), "reaches into package shared"},
	} {
		t.Run(name, func(t *testing.T) {
			first := with(base, map[string]string{
				"parameters.yaml": "x: {value: 1, type: int, since: 2026-11-01, reason: so}\n",
				"lib/x.rego":      "package shared\n\ny := 1\n",
			})
			_, err := Load(first, tc.tree)
			if tc.want == "" && err != nil {
				t.Error(err)
			}
			if tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("got %v; want an error with %q", err, tc.want)
			}
		})
	}
}

func TestEmptyBundleIsKnown(t *testing.T) {
	want := "the policy holds no rule, so it could decide nothing\nhint: a rule stands in rules/<category>/<name>/<name>.rego"
	if _, err := Load(); !errors.Is(err, ErrEmpty) || err.Error() != want {
		t.Errorf("got %v; want %s", err, want)
	}
}

func TestExplain(t *testing.T) {
	b := library(t)
	e, err := b.Explain("evaluation/slices")
	if err != nil {
		t.Fatal(err)
	}
	if e.Rule.MLTest != "Model 6" || e.Levels["start"].When != Declared || e.Levels["release"].When != Required || !strings.Contains(e.Source, "package weighlock.rules.evaluation.slices") {
		t.Errorf("got %+v; want the rule, its levels and its source", e)
	}
	if _, err := b.Explain("evaluation/slice"); err == nil || !strings.Contains(err.Error(), "did you mean evaluation/slices?") {
		t.Errorf("got %v; want the nearest rule", err)
	}
}

func TestEveryRuleIsAskedForByRelease(t *testing.T) {
	b, err := Load(policies.FS)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"release", "regulated"} {
		level, err := b.Level(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range b.Rules() {
			if _, ok := level.Rules[r.ID]; !ok {
				t.Errorf("level %s does not ask for %s", name, r.ID)
			}
		}
	}
}
