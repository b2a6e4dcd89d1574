package policy

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/canonical"
)

// document is the input, as Go reads it and as Rego does.
type document struct {
	root      map[string]any
	value     ast.Value
	name      string // of the model
	digest    string // of the model
	now       time.Time
	level     string
	signing   string
	published bool // true also where the input does not say
}

func readDocument(text []byte) (*document, error) {
	if err := canonical.Check(text); err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	d := &document{}
	if err := dec.Decode(&d.root); err != nil {
		return nil, err
	}
	value, err := ast.InterfaceToValue(d.root)
	if err != nil {
		return nil, err
	}
	d.value = value
	d.name, _ = lookup[string](d, "input.model.name")
	d.digest, _ = lookup[string](d, "input.model.digest")
	d.level, _ = lookup[string](d, "input.context.level")
	d.signing, _ = lookup[string](d, "input.context.signing")
	published, ok := lookup[bool](d, "input.context.published")
	d.published = published || !ok
	if d.name == "" || !artifact.ValidDigest(d.digest) {
		return nil, errors.New("it does not say which model, by name and digest, is to be judged")
	}
	at, _ := lookup[string](d, "input.now")
	if d.now, err = time.Parse(time.RFC3339, at); err != nil {
		return nil, fmt.Errorf("now is no time: %w", err)
	}
	return d, nil
}

// segments are the parts of an input path behind input, or of nothing.
func segments(path string) []string {
	rest, ok := strings.CutPrefix(path, "input.")
	if !ok {
		return []string{}
	}
	return strings.Split(rest, ".")
}

// at is what stands at an input path.
func (d *document) at(path string) (any, bool) {
	var v any = d.root
	for _, s := range segments(path) {
		m, ok := v.(map[string]any)
		if !ok {
			return nil, false
		}
		if v, ok = m[s]; !ok {
			return nil, false
		}
	}
	return v, true
}

func lookup[T any](d *document, path string) (T, bool) {
	v, _ := d.at(path)
	t, ok := v.(T)
	return t, ok
}

// present says whether there is something at an input path: null, an empty
// text and an object without fields are nothing.
func (d *document) present(path string) bool {
	v, ok := d.at(path)
	if !ok {
		return false
	}
	switch v := v.(type) {
	case nil:
		return false
	case string:
		return v != ""
	case map[string]any:
		return len(v) > 0
	}
	return true
}

// missing is the first of the paths at which there is nothing.
func (d *document) missing(paths []string) string {
	for _, p := range paths {
		if !d.present(p) {
			return p
		}
	}
	return ""
}

// grade is the least grade of the rule's evidence, and computed where none of
// it is graded: what Weighlock itself reads from pinned bytes. A grade that
// should be there and is not, or is unknown, ranks below all.
func (d *document) grade(r Rule) string {
	least := ""
	for _, at := range r.graded {
		if !d.present(at.evidence) {
			continue // no pass survives that
		}
		g, _ := lookup[string](d, at.grade)
		if least == "" || gradeRank[g] < gradeRank[least] {
			least = cmp.Or(g, "none")
		}
	}
	return cmp.Or(least, GradeComputed)
}

// items enumerates what a rule must judge: the texts or ids of a list, the
// keys of an object, or a single text.
func (d *document) items(path string) ([]string, error) {
	v, ok := d.at(path)
	if !ok {
		return nil, fmt.Errorf("%s is absent", path)
	}
	var items []string
	switch v := v.(type) {
	case string:
		items = []string{v}
	case map[string]any:
		items = slices.Sorted(maps.Keys(v))
	case []any:
		for i, e := range v {
			id, ok := itemID(e)
			if !ok {
				return nil, fmt.Errorf("%s[%d] is neither a text nor an object with an id", path, i)
			}
			items = append(items, id)
		}
	default:
		return nil, fmt.Errorf("%s enumerates nothing: it is %T", path, v)
	}
	for i, id := range items {
		if id == "" || slices.Contains(items[:i], id) {
			return nil, fmt.Errorf("%s names item %q twice, or without a name", path, id)
		}
	}
	return items, nil
}

func itemID(v any) (string, bool) {
	if m, ok := v.(map[string]any); ok {
		v = m["id"]
	}
	id, ok := v.(string)
	return id, ok
}
