package cli

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/weighlock/weighlock/internal/policy"
	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/policies"
)

// What explain shows is copied into project files, so together it must be one.
func TestExamplesMakeAProjectFile(t *testing.T) {
	b, err := policy.Load(policies.FS)
	if err != nil {
		t.Fatal(err)
	}
	text, sections := "name: card\ntask: binary\nfile: m.json\n", map[string]string{}
	for _, rule := range slices.Sorted(maps.Keys(examples)) {
		if _, ok := b.Rule(rule); !ok {
			t.Errorf("there is no rule %s", rule)
		}
		example, _, _ := strings.Cut(examples[rule], "\n\n")
		section, body, _ := strings.Cut(example, "\n")
		sections[section] += body + "\n"
	}
	for _, section := range slices.Sorted(maps.Keys(sections)) {
		text += section + "\n" + sections[section]
	}
	text = strings.Replace(text, `"…"`, `"`+strings.Repeat("0", 64)+`"`, 1)
	path := filepath.Join(t.TempDir(), "weighlock.yaml")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	p, err := project.Load(path)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if _, err := p.Spec("sha256:" + strings.Repeat("0", 64)); err != nil {
		t.Fatal(err)
	}
}
