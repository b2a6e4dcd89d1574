// Package policies is Weighlock's rule library, as people read it and as the
// binary carries it: one folder per rule, the Rego that rules share, the
// levels that ask for rules, and the parameters that rules read. It holds no
// code; internal/policy judges by it.
package policies

import "embed"

// FS holds rules/**, lib/**, levels/*.yaml and parameters.yaml.
//
//go:embed rules lib levels parameters.yaml
var FS embed.FS
