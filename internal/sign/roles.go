package sign

import (
	"slices"

	"github.com/weighlock/weighlock/internal/artifact"
)

// roles are all that a verifier file can give.
var roles = [...]string{"builder", "evaluator", "gate", "approver", "waiver", "policy", "rollout", "monitor"}

// RoleFor lists the roles that may sign a predicate type, given by its short
// name; nobody may sign a type that is not known.
func RoleFor(predicateName string) []string {
	switch predicateName {
	case "spec", "run", "lineage", "predictions":
		return []string{"builder"}
	case "evaluation", "datacheck":
		return []string{"evaluator"}
	case "profile", "skew", "drift":
		return []string{"evaluator", "monitor"}
	case "verdict", "vsa", "sign", "attempt":
		return []string{"gate"}
	case "withdrawal":
		return []string{"approver", "gate"}
	case "approval":
		return []string{"approver"}
	case "waiver":
		return []string{"waiver"}
	case "incident":
		return []string{"monitor"}
	case "rollout":
		return []string{"rollout"}
	case "record", "acknowledgement":
		return slices.Clone(roles[:])
	}
	return nil
}

// May says whether the statement is of the predicate type named (by short name
// or by URI) and its signer held a role that may sign that type.
func (v *Verified) May(predicate string) bool {
	if name, ok := artifact.PredicateName(predicate); ok {
		predicate = name
	}
	if v.Statement.Name() != predicate {
		return false
	}
	return slices.ContainsFunc(RoleFor(predicate), func(role string) bool { return slices.Contains(v.Roles, role) })
}
