package policy

import "github.com/weighlock/weighlock/schema"

// didYouMean is a question that names the known word nearest to a misspelt
// one, or nothing where none is near.
func didYouMean(word string, known []string) string {
	if near := schema.Nearest(word, known); near != "" {
		return "; did you mean " + near + "?"
	}
	return ""
}
