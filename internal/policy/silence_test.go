package policy

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/weighlock/weighlock/internal/verdict"
)

// one is a check of item a, with some fields in their place; item b passes.
func one(fields string) string {
	return "checks contains {" + fields + "}\n\n" + `checks contains {"item": "b", "status": "pass", "message": "fine"}` + "\n"
}

func TestWhatSilenceMeans(t *testing.T) {
	const fine = "pass: fine"
	for name, tc := range map[string]struct {
		body string
		want map[string]string
	}{
		"one check per item": {tinyPass, map[string]string{"a": fine, "b": fine}},
		"nothing":            {"checks contains {} if false\n", map[string]string{"a": "error: the rule said nothing about this item", "b": "error: the rule said nothing about this item"}},
		"nothing about one item": {`checks contains {"item": "b", "status": "pass", "message": "fine"}` + "\n",
			map[string]string{"a": "error: the rule said nothing about this item", "b": fine}},
		"two things about one item": {tinyPass + "\n" + `checks contains {"item": "a", "status": "pass", "message": "fine too"}` + "\n",
			map[string]string{"a": "error: the rule said 2 different things about this item", "b": fine}},
		"an item that nobody asked about": {tinyPass + "\n" + `checks contains {"item": "c", "status": "fail", "message": "bad"}` + "\n",
			map[string]string{"a": fine, "b": fine, `"c"`: "error: the rule spoke about an item that input.model.files does not name"}},
		"an item without a name": {tinyPass + "\n" + `checks contains {"status": "fail", "message": "bad"}` + "\n",
			map[string]string{"a": fine, "b": fine, `""`: "error: the rule spoke about an item that input.model.files does not name"}},
		"an unknown status": {one(`"item": "a", "status": "passed", "message": "fine"`), map[string]string{"a": `error: the rule could not decide: it said "passed", which is no status`, "b": fine}},
		"no status":         {one(`"item": "a", "message": "fine"`), map[string]string{"a": `error: the rule could not decide: it said "", which is no status`, "b": fine}},
		"not applicable":    {one(`"item": "a", "status": "not_applicable", "message": "fine"`), map[string]string{"a": "error: the rule could not decide: it said not_applicable, which is not for a rule to grant", "b": fine}},
		"waived":            {one(`"item": "a", "status": "waived", "message": "fine"`), map[string]string{"a": "error: the rule could not decide: it said waived, which is not for a rule to grant", "b": fine}},
		"no message":        {one(`"item": "a", "status": "pass"`), map[string]string{"a": "error: the rule could not decide: it said pass without a message", "b": fine}},
		"points of its own": {one(`"item": "a", "status": "pass", "message": "fine", "points": 7`), map[string]string{"a": "error: the rule could not decide: it gave 7 points, not 0, 0.5 or 1", "b": fine}},
		"evidence by another name": {one(`"item": "a", "status": "pass", "message": "fine", "evidence": ["latest"]`),
			map[string]string{"a": `error: the rule could not decide: it named evidence "latest", which is no digest`, "b": fine}},
		"sets by item": {`checks[file.id] contains {"item": file.id, "status": "pass", "message": "fine"} if some file in input.model.files` + "\n",
			map[string]string{"a": "error: the rule could not decide: checks is not a set", "b": "error: the rule could not decide: checks is not a set"}},
		"a warning":     {one(`"item": "a", "status": "warn", "message": "look"`), map[string]string{"a": "warn: look", "b": fine}},
		"its own error": {one(`"item": "a", "status": "error", "message": "broken"`), map[string]string{"a": "error: broken", "b": fine}},
		"a failure":     {one(`"item": "a", "status": "fail", "message": "bad"`), map[string]string{"a": "fail: bad", "b": fine}},
		"undecided":     {one(`"item": "a", "status": "undecided", "message": "who knows"`), map[string]string{"a": "undecided: who knows", "b": fine}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, evaluate(t, tinyTree(tc.body), tinyInput(""))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestACheckMayBringItsOwnAdvice(t *testing.T) {
	for name, tc := range map[string]struct{ fields, solution, place string }{
		"of its own":          {`"item": "a", "status": "fail", "message": "bad", "solution": " Do this. ", "place": "data.test"`, "Do this.", "data.test"},
		"none":                {`"item": "a", "status": "fail", "message": "bad"`, "Say something.", ""},
		"blank":               {`"item": "a", "status": "warn", "message": "look", "solution": " "`, "Say something.", ""},
		"nothing is to do":    {`"item": "a", "status": "pass", "message": "fine", "solution": "Do this."`, "", ""},
		"nobody could decide": {`"item": "a", "status": "fine", "message": "fine", "solution": "Do this.", "place": "data"`, "Say something.", ""},
	} {
		t.Run(name, func(t *testing.T) {
			checks, err := mustLoad(t, tinyTree(one(tc.fields))).Evaluate(t.Context(), tinyInput(""), Options{Level: "release"})
			if err != nil {
				t.Fatal(err)
			}
			if c := checks[0]; c.Item != "a" || c.Solution != tc.solution || c.Place != tc.place {
				t.Errorf("got %s, %q, %q; want a, %q, %q", c.Item, c.Solution, c.Place, tc.solution, tc.place)
			}
		})
	}
}

func TestARuleThatBreaksIsAnError(t *testing.T) {
	for name, tc := range map[string]struct{ body, want string }{
		"a field that no check has": {one(`"item": "a", "status": "pass", "message": "fine", "mesage": "x"`), `unknown field "mesage"`},
		"a check that is a text":    {`checks contains "fine"` + "\n", "has not the form of one"},
		"a status that is a number": {one(`"item": "a", "status": 1, "message": "fine"`), "has not the form of one"},
		"a built-in that fails":     {one(`"item": "a", "status": "pass", "message": sprintf("%v", [time.parse_rfc3339_ns("soon")])`), "time.parse_rfc3339_ns"},
	} {
		t.Run(name, func(t *testing.T) {
			for item, got := range evaluate(t, tinyTree(tc.body), tinyInput("")) {
				if !strings.HasPrefix(got, "error: the rule could not decide") || !strings.Contains(got, tc.want) {
					t.Errorf("%s: got %q; want an error with %q", item, got, tc.want)
				}
			}
		})
	}
}

func TestEnumeration(t *testing.T) {
	items := func(path, evidence string) fstest.MapFS {
		header := strings.NewReplacer("items: input.model.files", "items: "+path, "[input.evaluation]", "["+evidence+"]").Replace(tinyHeader)
		return with(tinyTree(""), map[string]string{tinyFile: header + `checks contains {"item": item, "status": "pass", "message": "fine"} if some item in ["a", "m", "test"]` + "\n"})
	}
	for name, tc := range map[string]struct {
		tree  fstest.MapFS
		input string
		want  map[string]string
	}{
		"a single text":            {items("input.model.name", "input.model"), "", map[string]string{"m": "pass: fine", `"a"`: spoke("input.model.name"), `"test"`: spoke("input.model.name")}},
		"keys of an object":        {items("input.champion", "input.model"), `, "champion": {"a": 1, "m": 2, "test": 3}`, map[string]string{"a": "pass: fine", "m": "pass: fine", "test": "pass: fine"}},
		"an empty list":            {items("input.signatures", "input.model"), `, "signatures": []`, map[string]string{"m": "error: level release asks for this, but input.signatures names nothing to judge"}},
		"a section left out":       {items("input.signatures\n#   declared: input.spec.document.slices", "input.model"), `, "signatures": []`, map[string]string{"m": "error: level release asks for this, and the project file has no spec.slices"}},
		"an empty object":          {items("input.champion", "input.model"), `, "champion": {}`, map[string]string{"m": "error: level release asks for this, but input.champion names nothing to judge"}},
		"absent":                   {items("input.signatures", "input.model"), "", map[string]string{"m": "error: what must be judged is not known: input.signatures is absent"}},
		"absent with evidence":     {items("input.data.items.sets", "input.data"), "", map[string]string{"m": "undecided: data is missing, so nobody knows what must be judged"}},
		"evidence that is null":    {items("input.data.items.sets", "input.data"), `, "data": null`, map[string]string{"m": "undecided: data is missing, so nobody knows what must be judged"}},
		"evidence of another form": {items("input.data.items.sets", "input.data"), `, "data": 7`, map[string]string{"m": "error: what must be judged is not known: input.data.items.sets is absent"}},
		"a number":                 {items("input.run.exit", "input.model"), `, "run": {"exit": 1}`, map[string]string{"m": "error: what must be judged is not known: input.run.exit enumerates nothing: it is json.Number"}},
		"a list of numbers":        {items("input.signatures", "input.model"), `, "signatures": [1]`, map[string]string{"m": "error: what must be judged is not known: input.signatures[0] is neither a text nor an object with an id"}},
		"an item twice":            {items("input.signatures", "input.model"), `, "signatures": ["a", "a"]`, map[string]string{"m": `error: what must be judged is not known: input.signatures names item "a" twice, or without a name`}},
		"an item without id":       {items("input.signatures", "input.model"), `, "signatures": [{}]`, map[string]string{"m": "error: what must be judged is not known: input.signatures[0] is neither a text nor an object with an id"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, evaluate(t, tc.tree, tinyInput(tc.input))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func spoke(path string) string {
	return "error: the rule spoke about an item that " + path + " does not name"
}

func TestAPassNeedsItsEvidence(t *testing.T) {
	warn := strings.ReplaceAll(tinyPass, `"pass"`, `"warn"`)
	fail := strings.ReplaceAll(tinyPass, `"pass"`, `"fail"`)
	for name, tc := range map[string]struct{ body, from, to, want string }{
		"absent":              {tinyPass, `"evaluation": {"grade": "computed"},`, ``, "undecided: evaluation is missing, so this cannot be decided (the rule said: fine)"},
		"null":                {tinyPass, `{"grade": "computed"}`, `null`, "undecided: evaluation is missing, so this cannot be decided (the rule said: fine)"},
		"empty":               {tinyPass, `{"grade": "computed"}`, `{}`, "undecided: evaluation is missing, so this cannot be decided (the rule said: fine)"},
		"absent with warning": {warn, `"evaluation": {"grade": "computed"},`, ``, "undecided: evaluation is missing, so this cannot be decided (the rule said: fine)"},
		"absent with failure": {fail, `"evaluation": {"grade": "computed"},`, ``, "fail: fine"},
		"claimed":             {tinyPass, `"computed"`, `"claimed"`, "undecided: its evidence is claimed, and at least computed is asked for (the rule said: fine)"},
		"of an unknown grade": {tinyPass, `"computed"`, `"sworn"`, `error: its evidence has grade "sworn", which is none of claimed, computed, rescored`},
		"rescored":            {tinyPass, `"computed"`, `"rescored"`, "pass: fine"},
		"not graded":          {tinyPass, `{"grade": "computed"}`, `{"rows": 1}`, `error: its evidence has grade "none", which is none of claimed, computed, rescored`},
		"graded by a number":  {tinyPass, `"computed"`, `3`, `error: its evidence has grade "none", which is none of claimed, computed, rescored`},
	} {
		t.Run(name, func(t *testing.T) {
			input := strings.Replace(string(tinyInput("")), tc.from, tc.to, 1)
			if got := evaluate(t, tinyTree(tc.body), []byte(input))["a"]; got != tc.want {
				t.Errorf("got %q; want %q", got, tc.want)
			}
		})
	}
}

func TestWhereAGradeStands(t *testing.T) {
	for name, tc := range map[string]struct{ evidence, more, want string }{
		"in a document":          {"input.lineage", `, "lineage": {"document": {"grade": "claimed"}}`, "undecided: its evidence is claimed, and at least computed is asked for (the rule said: fine)"},
		"above the evidence":     {"input.evaluation.results", `, "evaluation": {"grade": "claimed", "results": {"a": 1}}`, "undecided: its evidence is claimed, and at least computed is asked for (the rule said: fine)"},
		"the least of two":       {"input.lineage, input.evaluation", `, "lineage": {"document": {"grade": "claimed"}}`, "undecided: its evidence is claimed, and at least computed is asked for (the rule said: fine)"},
		"nowhere":                {"input.signatures", `, "signatures": []`, "pass: fine"},
		"nowhere though it must": {"input.lineage", `, "lineage": {"statement": 1}`, `error: its evidence has grade "none", which is none of claimed, computed, rescored`},
	} {
		t.Run(name, func(t *testing.T) {
			header := strings.Replace(tinyHeader, "[input.evaluation]", "["+tc.evidence+"]", 1)
			input := string(tinyInput(tc.more))
			if strings.Contains(tc.more, `"evaluation"`) {
				input = strings.Replace(input, `"evaluation": {"grade": "computed"},`, "", 1)
			}
			if got := evaluate(t, with(tinyTree(""), map[string]string{tinyFile: header + tinyPass}), []byte(input))["a"]; got != tc.want {
				t.Errorf("got %q; want %q", got, tc.want)
			}
		})
	}
}

func TestALevelMayAskForAnotherGrade(t *testing.T) {
	input := []byte(strings.Replace(string(tinyInput("")), `"computed"`, `"claimed"`, 1))
	tree := with(tinyTree(tinyPass), map[string]string{"levels/release.yaml": strings.Replace(tinyLevel, "when: required", "when: required, grade: claimed", 1)})
	if got := evaluate(t, tree, input)["a"]; got != "pass: fine" {
		t.Errorf("got %q; want a pass", got)
	}
}

func TestWhenALevelAsks(t *testing.T) {
	declared := func(path string) fstest.MapFS {
		header := strings.Replace(tinyHeader, "#   grade:", "#   declared: "+path+"\n#   grade:", 1)
		header = strings.Replace(header, "parameters: []", "parameters: [least]", 1)
		return with(tinyTree(""), map[string]string{
			tinyFile:              header + tinyPass,
			"parameters.yaml":     "least: {value: {}, type: '{...}', since: 2026-11-01, reason: so}\n",
			"levels/release.yaml": strings.Replace(tinyLevel, "required", "declared", 1),
		})
	}
	published := with(tinyTree(tinyPass), map[string]string{"levels/release.yaml": strings.Replace(tinyLevel, "required", "published", 1)})
	skipped := func(what string) map[string]string {
		return map[string]string{"m": "not_applicable: level release asks for this " + what}
	}
	asked := map[string]string{"a": "pass: fine", "b": "pass: fine"}
	for name, tc := range map[string]struct {
		tree     fstest.MapFS
		from, to string
		values   map[string]any
		want     map[string]string
	}{
		"declared":                    {declared("input.drift"), `"waivers": [],`, `"drift": {"x": 1},`, nil, asked},
		"declared though empty":       {declared("input.drift"), `"waivers": [],`, `"drift": {},`, nil, asked},
		"not declared":                {declared("input.drift"), "", "", nil, skipped("where the project file has drift, and it does not")},
		"declared by a parameter":     {declared("parameters.least"), "", "", map[string]any{"least": map[string]any{"x": 1}}, asked},
		"not declared by a parameter": {declared("parameters.least"), "", "", nil, skipped("where the verifier file sets parameters.least, and it does not")},
		"published":                   {published, `"published": false`, `"published": true`, nil, asked},
		"not published":               {published, "", "", nil, skipped("of a model in a registry, and this verdict was given before it lay there")},
		"nobody says whether":         {published, `"published": false, `, ``, nil, asked},
	} {
		t.Run(name, func(t *testing.T) {
			input := strings.Replace(string(tinyInput("")), tc.from, tc.to, 1)
			checks, err := mustLoad(t, tc.tree).Evaluate(t.Context(), []byte(input), Options{Level: "release", Parameters: tc.values})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, told(checks)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestPoints(t *testing.T) {
	for name, tc := range map[string]struct {
		body, from, to string
		want           float64
	}{
		"a whole point":           {tinyPass, "", "", 1},
		"of one signer":           {tinyPass, "separate", "single-signer", 0.5},
		"unsigned":                {tinyPass, "separate", "unsigned", 0.5},
		"claimed":                 {tinyPass, "computed", "claimed", 0.5},
		"none given":              {strings.Replace(tinyPass, `, "points": 1`, "", 1), "", "", 0},
		"none for a failure":      {strings.Replace(tinyPass, `"pass"`, `"fail"`, 1), "", "", 0},
		"none where it is waived": {strings.Replace(tinyPass, `"pass"`, `"fail"`, 1), `"waivers": []`, `"waivers": [` + tinyWaiver + `]`, 0},
		"none without evidence":   {tinyPass, `"evaluation": {"grade": "computed"},`, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			tree := with(tinyTree(tc.body), map[string]string{"levels/release.yaml": strings.Replace(tinyLevel, "when: required", "when: required, grade: claimed", 1)})
			input := strings.Replace(string(tinyInput("")), tc.from, tc.to, 1)
			checks, err := mustLoad(t, tree).Evaluate(t.Context(), []byte(input), Options{Level: "release"})
			if err != nil {
				t.Fatal(err)
			}
			if checks[0].Points == nil || *checks[0].Points != tc.want {
				t.Errorf("got %v; want %v points", checks[0].Points, tc.want)
			}
		})
	}
}

func TestPointsNeedATest(t *testing.T) {
	header := strings.Replace(tinyHeader, "Model 6", "none", 1)
	got := evaluate(t, with(tinyTree(""), map[string]string{tinyFile: header + tinyPass}), tinyInput(""))["a"]
	if want := "error: the rule could not decide: it gave points, but its METADATA names no ML Test Score test"; got != want {
		t.Errorf("got %q; want %q", got, want)
	}
}

func TestAWholeCheck(t *testing.T) {
	body := one(`"item": "a", "status": "fail", "message": "bad", "observed": {"value": 0.4, "n": 7}, "expected": {"min": 0.5, "judge": "bound"}, "evidence": ["` + tinyDigest + `"]`)
	checks, err := mustLoad(t, tinyTree(body)).Evaluate(t.Context(), tinyInput(""), Options{Level: "release"})
	if err != nil {
		t.Fatal(err)
	}
	value, least, n, none := 0.4, 0.5, int64(7), 0.0
	want := []verdict.Check{
		{
			Rule: "model/judged", Item: "a", Status: verdict.Fail, Message: "bad", Title: "The model is judged", Solution: "Say something.",
			Observed: &verdict.Observed{Value: &value, N: &n}, Expected: &verdict.Expected{Min: &least, Judge: "bound"},
			Evidence: []string{tinyDigest}, Grade: "computed", Points: &none,
		},
		{Rule: "model/judged", Item: "b", Status: verdict.Pass, Message: "fine", Title: "The model is judged", Grade: "computed", Points: &none},
	}
	if diff := cmp.Diff(want, checks); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
