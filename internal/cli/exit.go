package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/capture"
	"github.com/weighlock/weighlock/internal/evaluate"
	"github.com/weighlock/weighlock/internal/gate"
	"github.com/weighlock/weighlock/internal/ledger"
	"github.com/weighlock/weighlock/internal/oci"
	"github.com/weighlock/weighlock/internal/pack"
	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/query"
	"github.com/weighlock/weighlock/internal/sign"
	"github.com/weighlock/weighlock/internal/transfer"
	"github.com/weighlock/weighlock/internal/verdict"
	"github.com/weighlock/weighlock/schema"
)

var errUsage = gate.ErrUsage

func usagef(format string, v ...any) error {
	return fmt.Errorf("%w: %w", errUsage, fmt.Errorf(format, v...))
}

// statuses maps errors to exit statuses, the most telling first; what is not
// listed is broken.
var statuses = []struct {
	err  error
	exit int
}{
	{gate.ErrIntegrity, verdict.ExitIntegrity},
	{evaluate.ErrPinned, verdict.ExitIntegrity},
	{project.ErrPinned, verdict.ExitIntegrity},
	{capture.ErrChanged, verdict.ExitIntegrity},
	{artifact.ErrChanged, verdict.ExitIntegrity},
	{pack.ErrChanged, verdict.ExitIntegrity},
	{oci.ErrIntegrity, verdict.ExitIntegrity},
	{sign.ErrSignature, verdict.ExitIntegrity},
	{sign.ErrUntrusted, verdict.ExitIntegrity},
	{sign.ErrPassword, verdict.ExitIntegrity},
	{ledger.ErrGap, verdict.ExitIntegrity},
	{ledger.ErrFork, verdict.ExitIntegrity},
	{ledger.ErrEntry, verdict.ExitIntegrity},
	{oci.ErrNetwork, verdict.ExitNetwork},
	{oci.ErrDenied, verdict.ExitNetwork},
	{sign.ErrTSA, verdict.ExitNetwork},
	{ledger.ErrRaced, verdict.ExitNetwork},
	{context.DeadlineExceeded, verdict.ExitNetwork},
	{gate.ErrUsage, verdict.ExitUsage},
	{evaluate.ErrUsage, verdict.ExitUsage},
	{transfer.ErrUsage, verdict.ExitUsage},
	{query.ErrQuestion, verdict.ExitUsage},
	{sign.ErrNoPassword, verdict.ExitUsage},
	{capture.ErrUsage, verdict.ExitUsage},
	{oci.ErrReference, verdict.ExitUsage},
	{oci.ErrCredentials, verdict.ExitUsage},
	{project.ErrNone, verdict.ExitUsage},
	{project.ErrTwo, verdict.ExitUsage},
	{project.ErrByHand, verdict.ExitUsage},
	{oci.ErrNotFound, verdict.ExitBroken},
	{context.Canceled, verdict.ExitInterrupt},
}

func exitStatus(err error) int {
	for _, s := range statuses {
		if errors.Is(err, s.err) {
			return s.exit
		}
	}
	var bad schema.Errors
	if errors.As(err, &bad) {
		return verdict.ExitUsage
	}
	return verdict.ExitBroken
}
