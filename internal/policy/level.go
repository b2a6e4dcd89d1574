package policy

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// When says whether a level asks a rule always, only where the spec declares
// what it judges, or only where the model lies in a registry.
type When string

// When a level asks a rule.
const (
	Required  When = "required"
	Declared  When = "declared"
	Published When = "published"
)

// strictness orders When: a later tree may only go up.
var strictness = map[When]int{Declared: 1, Published: 1, Required: 2}

// Level is a named set of rules.
type Level struct {
	Name  string           `yaml:"name"`
	Title string           `yaml:"title"`
	Rules map[string]Asked `yaml:"rules"`
}

// Asked is what a level asks of one rule. Grade, where given, replaces the
// rule's own least grade.
type Asked struct {
	When  When   `yaml:"when"`
	Grade string `yaml:"grade,omitempty"`
}

func readLevels(t tree) ([]Level, error) {
	var levels []Level
	for _, file := range t.names() {
		if path.Dir(file) != "levels" {
			continue
		}
		l, err := parseLevel(file, t[file])
		if err != nil {
			return nil, err
		}
		levels = append(levels, l)
	}
	return levels, nil
}

func parseLevel(file string, text []byte) (Level, error) {
	var l Level
	if err := strictYAML(text, &l); err != nil {
		return Level{}, fmt.Errorf("%s: %w", file, err)
	}
	if want := strings.TrimSuffix(path.Base(file), ".yaml"); l.Name != want {
		return Level{}, fmt.Errorf("%s: name is %q, but the file says %q", file, l.Name, want)
	}
	if len(l.Rules) == 0 {
		return Level{}, fmt.Errorf("%s: level %s names no rule, so it could decide nothing\nhint: list some under rules, such as model/judged: {when: required}", file, l.Name)
	}
	for _, id := range slices.Sorted(maps.Keys(l.Rules)) {
		asked := l.Rules[id]
		if strictness[asked.When] == 0 {
			return Level{}, fmt.Errorf("%s: %s: when is %q, not one of required, declared, published", file, id, asked.When)
		}
		if asked.Grade != "" && gradeRank[asked.Grade] == 0 {
			return Level{}, fmt.Errorf("%s: %s: grade %q is none of claimed, computed, rescored", file, id, asked.Grade)
		}
	}
	return l, nil
}

// strictYAML reads one YAML document; unknown fields, duplicate keys and a
// second document are refused.
func strictYAML(text []byte, v any) error {
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(v); err != nil {
		return err
	}
	var more any
	if err := dec.Decode(&more); !errors.Is(err, io.EOF) {
		return errors.New("a second document follows the first\nhint: keep one, without ---")
	}
	return nil
}

// tighten adds what a later tree asks at a level of the same name. It may
// name further rules and ask more of a rule, never less.
func (l Level) tighten(with Level, rules map[string]Rule) (Level, error) {
	out := Level{Name: l.Name, Title: l.Title, Rules: maps.Clone(l.Rules)}
	for _, id := range slices.Sorted(maps.Keys(with.Rules)) {
		was, is := l.Rules[id], with.Rules[id]
		if was.When == "" {
			out.Rules[id] = is
			continue
		}
		if is.When != was.When && strictness[is.When] <= strictness[was.When] {
			return Level{}, fmt.Errorf("level %s: %s is %s and cannot become %s: a later policy may only tighten\nhint: keep when: %s, or give the level a name of its own", l.Name, id, was.When, is.When, was.When)
		}
		least := cmp.Or(was.Grade, rules[id].Grade)
		if is.Grade == "" {
			is.Grade = was.Grade
		} else if gradeRank[is.Grade] < gradeRank[least] {
			return Level{}, fmt.Errorf("level %s: %s asks for grade %s and cannot ask for %s: a later policy may only tighten\nhint: keep grade: %s, or give the level a name of its own", l.Name, id, least, is.Grade, least)
		}
		out.Rules[id] = is
	}
	return out, nil
}

// checkRules refuses a level that names a rule which is not there, or asks
// when declared of a rule that says nothing about what declares it.
func (l Level) checkRules(rules map[string]Rule) error {
	for _, id := range slices.Sorted(maps.Keys(l.Rules)) {
		r, ok := rules[id]
		if !ok {
			return fmt.Errorf("level %s names rule %s, which is not there%s", l.Name, id, didYouMean(id, slices.Sorted(maps.Keys(rules))))
		}
		if l.Rules[id].When == Declared && r.Declared == "" {
			return fmt.Errorf("level %s asks for %s when declared, but its METADATA has no custom.declared\nhint: ask for it when required, or write there what declares it", l.Name, id)
		}
	}
	return nil
}
