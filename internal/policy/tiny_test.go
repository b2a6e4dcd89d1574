package policy

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/weighlock/weighlock/internal/verdict"
)

// tinyMetadata is a whole METADATA block, one line per key.
const tinyMetadata = `# METADATA
# scope: package
# title: The model is judged
# description: Something must be said about every file.
# custom:
#   id: model/judged
#   category: model
#   solution: Say something.
#   collections: [core]
#   mltest: Model 6
#   parameters: []
#   evidence: [input.evaluation]
#   grade: computed
#   items: input.model.files
`

const tinyHeader = tinyMetadata + "package weighlock.rules.model.judged\n\n"

const tinyPass = `checks contains {"item": file.id, "status": "pass", "message": "fine", "points": 1} if some file in input.model.files
`

const tinyLevel = `name: release
title: A level for tests
rules:
  model/judged: {when: required}
`

const tinyFile = "rules/model/judged/judged.rego"

// tinyTree is a bundle of one rule with a body.
func tinyTree(body string) fstest.MapFS {
	return files(map[string]string{tinyFile: tinyHeader + body, "levels/release.yaml": tinyLevel})
}

func files(text map[string]string) fstest.MapFS {
	out := fstest.MapFS{}
	for name, t := range text {
		out[name] = &fstest.MapFile{Data: []byte(t)}
	}
	return out
}

func with(base fstest.MapFS, more map[string]string) fstest.MapFS {
	out := maps.Clone(base)
	maps.Copy(out, files(more))
	return out
}

func without(text, line string) string {
	var out []string
	for _, l := range strings.Split(text, "\n") {
		if !strings.HasPrefix(l, line) {
			out = append(out, l)
		}
	}
	return strings.Join(out, "\n")
}

func mustLoad(t *testing.T, tree fstest.MapFS) *Bundle {
	t.Helper()
	b, err := Load(tree)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

const tinyDigest = "sha256:1111111111111111111111111111111111111111111111111111111111111111"

// tinyInput has two files and an evaluation, with some keys put in their
// place.
func tinyInput(more string) []byte {
	return []byte(fmt.Sprintf(`{
 "model": {"name": "m", "digest": %q, "files": [{"id": "a"}, {"id": "b"}]},
 "evaluation": {"grade": "computed"},
 "waivers": [],
 "now": "2026-11-10T08:00:00Z",
 "context": {"level": "release", "published": false, "signing": "separate"}%s
}`, tinyDigest, more))
}

// evaluate is status and message by item, of a one-rule bundle.
func evaluate(t *testing.T, tree fstest.MapFS, input []byte) map[string]string {
	t.Helper()
	checks, err := mustLoad(t, tree).Evaluate(t.Context(), input, Options{Level: "release"})
	if err != nil {
		t.Fatal(err)
	}
	return told(checks)
}

func told(checks []verdict.Check) map[string]string {
	out := map[string]string{}
	for _, c := range checks {
		out[c.Item] += string(c.Status) + ": " + c.Message
	}
	return out
}
