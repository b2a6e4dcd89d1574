package evidence

import "regexp"

var bare = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|-?Infinity|NaN`)

// nanAsText quotes the NaN and Infinity that Python's json module writes and
// JSON does not have; text in quotes stays as it is.
func nanAsText(text []byte) []byte {
	return bare.ReplaceAllFunc(text, func(m []byte) []byte {
		if m[0] == '"' {
			return m
		}
		return []byte(`"` + string(m) + `"`)
	})
}
