package prepush

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// ErrProtocol says that what came on standard input is not what git hands to
// a pre-push hook.
var ErrProtocol = errors.New("not what git tells a pre-push hook")

// Update is one ref that a push changes at the remote.
type Update struct {
	LocalRef string // as it was given: a ref, HEAD~1, an object name; (delete) for a deletion
	Local    string // object name; zeros for a deletion
	Ref      string // at the remote
	Remote   string // object name that the remote has there; zeros where the ref is new
}

// Deletes says whether the push removes the ref.
func (u Update) Deletes() bool { return zero(u.Local) }

// objectName is a SHA-1 or SHA-256 name, written out.
var objectName = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)

func zero(name string) bool { return strings.Trim(name, "0") == "" }

// maxInput bounds what git may say, in bytes: some hundred thousand refs.
const maxInput = 64 << 20

// ParseUpdates reads git's lines for a pre-push hook (githooks(5)):
//
//	<local ref> SP <local object name> SP <remote ref> SP <remote object name> LF
//
// There may be none, and the last may lack its end. A local ref may hold
// spaces, as in main@{1 day ago}. What is anything else is ErrProtocol.
func ParseUpdates(r io.Reader) ([]Update, error) {
	limited := &io.LimitedReader{R: r, N: maxInput + 1}
	lines := bufio.NewScanner(limited)
	lines.Buffer(nil, 1<<20)
	var updates []Update
	for n := 1; lines.Scan(); n++ {
		if lines.Text() == "" {
			continue
		}
		u, err := parseUpdate(lines.Text())
		if err != nil {
			return nil, fmt.Errorf("line %d on standard input is %w: %w", n, ErrProtocol, err)
		}
		updates = append(updates, u)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("reading git's list of refs: %w", err)
	}
	if limited.N == 0 {
		return nil, fmt.Errorf("%w: it is longer than %d bytes", ErrProtocol, maxInput)
	}
	return updates, nil
}

func parseUpdate(line string) (u Update, err error) {
	rest := line
	for _, field := range []*string{&u.Remote, &u.Ref, &u.Local} {
		i := strings.LastIndexByte(rest, ' ')
		if i < 0 {
			return u, errors.New("it has fewer than four fields")
		}
		*field, rest = rest[i+1:], rest[:i]
	}
	u.LocalRef = rest
	switch {
	case u.LocalRef == "" || u.Ref == "":
		return u, errors.New("a ref has no name")
	case !objectName.MatchString(u.Local) || !objectName.MatchString(u.Remote):
		return u, errors.New("an object name is neither SHA-1 nor SHA-256")
	case len(u.Local) != len(u.Remote):
		return u, errors.New("its two object names are of different kinds")
	}
	return u, nil
}
