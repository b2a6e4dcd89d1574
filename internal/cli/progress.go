package cli

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/weighlock/weighlock/internal/pack"
)

// progress shows on a terminal how far packing is, and nothing elsewhere.
func (a *app) progress() pack.Progress {
	if !a.env.ErrTerminal {
		return nil
	}
	return &bar{w: a.env.Err, now: a.env.Now}
}

// bar is one line that is written over: phase, bytes and share.
type bar struct {
	mu          sync.Mutex
	w           io.Writer
	now         func() time.Time
	what        string
	done, total int64
	drawn       time.Time
}

// every is how long a line stands at least, so that drawing costs nothing.
const every = 100 * time.Millisecond

func (b *bar) Start(what string, total int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.what, b.done, b.total = what, 0, total
}

func (b *bar) Add(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.done += n
	now := b.now()
	if now.Sub(b.drawn) < every && b.done < b.total {
		return
	}
	b.drawn = now
	if b.done >= b.total {
		fmt.Fprint(b.w, "\r\x1b[K")
		return
	}
	fmt.Fprintf(b.w, "\r\x1b[K%s %s of %s (%d %%)", b.what, megabytes(b.done), megabytes(b.total), 100*b.done/b.total)
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }
