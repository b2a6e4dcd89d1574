package oci

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// patient ends a request on which nothing moves any more: no byte of it is
// taken, no answer comes, or no byte of the answer, for so long. One that
// moves, but too slowly ever to end, is ended too. The time that a caller
// takes before it reads on does not count.
type patient struct {
	inner http.RoundTripper
	still time.Duration
}

// leastRate is what a request that moves must reach, in bytes a second, after
// its first still time.
const leastRate = 16 << 10

func (p patient) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(req.Context())
	w := &watch{ctx: ctx, cancel: cancel, still: p.still, since: time.Now()}
	w.timer = time.AfterFunc(p.still, w.end)
	req = req.WithContext(ctx)
	if req.Body != nil && req.Body != http.NoBody {
		req.Body = moving{req.Body, w, false}
		if again := req.GetBody; again != nil {
			req.GetBody = func() (io.ReadCloser, error) {
				body, err := again()
				return moving{body, w, false}, err
			}
		}
	}
	resp, err := p.inner.RoundTrip(req)
	if err != nil {
		w.stop()
		return nil, w.cause(err)
	}
	w.rest()
	resp.Body = moving{resp.Body, w, true}
	return resp, nil
}

// watch is the time that a request is given.
type watch struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	still  time.Duration
	timer  *time.Timer

	mu     sync.Mutex
	moved  int64
	waited time.Duration // in all, until since
	since  time.Time     // zero while nobody waits
}

// stillError is the end of patience.
type stillError struct{ still time.Duration }

func (e stillError) Error() string {
	return fmt.Sprintf("nothing moved for %s, or too little", e.still)
}

func (w *watch) end() { w.cancel(stillError{w.still}) }

func (w *watch) stop() {
	w.timer.Stop()
	w.cancel(nil)
}

// cause tells the end of patience apart from a caller that gave up.
func (w *watch) cause(err error) error {
	var still stillError
	if errors.As(context.Cause(w.ctx), &still) && !errors.Is(err, io.EOF) {
		return still
	}
	return err
}

// wait begins, and rest ends, a time in which something must move.
func (w *watch) wait() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.since = time.Now()
	w.timer.Reset(w.still)
}

func (w *watch) rest() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waited += time.Since(w.since)
	w.since = time.Time{}
	w.timer.Stop()
}

func (w *watch) move(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.moved += int64(n)
	if w.since.IsZero() {
		return // the rest of a body whose request was answered
	}
	due := w.still + time.Duration(w.moved/leastRate)*time.Second
	if w.waited+time.Since(w.since) > due {
		w.end()
		return
	}
	w.timer.Reset(w.still)
}

// moving is a body that tells the watch of each byte.
type moving struct {
	io.ReadCloser
	w      *watch
	answer bool // its end is the end of the request
}

func (m moving) Read(p []byte) (int, error) {
	if m.answer {
		m.w.wait()
		defer m.w.rest()
	}
	n, err := m.ReadCloser.Read(p)
	if n > 0 {
		m.w.move(n)
	}
	if err != nil {
		err = m.w.cause(err)
	}
	return n, err
}

func (m moving) Close() error {
	if m.answer {
		m.w.stop()
	}
	return m.ReadCloser.Close()
}
