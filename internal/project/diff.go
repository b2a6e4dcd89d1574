package project

import (
	"encoding/json"
	"maps"
	"slices"
)

// Absent is what Diff says of a field that one of the specs does not have.
const Absent = "absent"

// Change is one field in which two specs differ; Was and Is are JSON without
// the quotes of text, or Absent.
type Change struct {
	Path string `json:"path"`
	Was  string `json:"was"`
	Is   string `json:"is"`
}

// Diff lists the fields in which two specs differ, by path; lists are
// compared whole. It is never nil.
func Diff(was, is *Spec) []Change {
	before, after := leaves(was), leaves(is)
	paths := maps.Clone(before)
	maps.Copy(paths, after)
	changes := []Change{}
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		if w, i := value(before, path), value(after, path); w != i {
			changes = append(changes, Change{path, w, i})
		}
	}
	return changes
}

func value(leaves map[string]string, path string) string {
	if v, ok := leaves[path]; ok {
		return v
	}
	return Absent
}

// leaves maps the path of each scalar and list of a spec to its text.
func leaves(s *Spec) map[string]string {
	text, err := s.Canonical()
	if err != nil {
		// A number that is not finite: it differs from everything.
		return map[string]string{"": err.Error()}
	}
	all := map[string]string{}
	collect(all, "", text)
	return all
}

func collect(all map[string]string, path string, text json.RawMessage) {
	var fields map[string]json.RawMessage
	if text[0] == '{' && json.Unmarshal(text, &fields) == nil {
		if len(fields) == 0 && path != "" {
			all[path] = "{}"
		}
		for key, field := range fields {
			if path != "" {
				key = path + "." + key
			}
			collect(all, key, field)
		}
		return
	}
	var s string
	if json.Unmarshal(text, &s) == nil {
		all[path] = s
		return
	}
	all[path] = string(text)
}
