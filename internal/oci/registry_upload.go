package oci

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// Opener opens a blob's bytes from an offset on. It may be called more than
// once, and with any offset up to the blob's size.
type Opener func(from int64) (io.ReadCloser, error)

// defaultChunk is the most that is sent again after a cut connection.
const defaultChunk = 32 << 20

// errNoChunks says that a registry does not take a blob in pieces, or lost
// count of them.
var errNoChunks = errors.New("the registry does not take a blob in pieces")

// pushBlob uploads what the registry does not have: in one piece, or in chunks
// where there are several, so that a cut connection costs one chunk only. A
// registry that refuses chunks, or ruins an upload that was taken up again, is
// given the whole in one piece. Afterwards it must say that it has it.
func (r *registry) pushBlob(ctx context.Context, d Descriptor, open Opener) error {
	done, err := r.alone(ctx, d.Digest)
	if err != nil {
		return err
	}
	defer done()
	if ok, err := r.hasBlob(ctx, d.Digest); err != nil || ok {
		return err
	}
	err = errNoChunks
	if d.Size > r.o.Chunk && !r.whole.Load() {
		if err = r.uploadChunks(ctx, d, open); errors.Is(err, errNoChunks) {
			r.whole.Store(true)
		}
	}
	if errors.Is(err, errNoChunks) {
		again := false
		err = r.attempts(ctx, func() error {
			if again && r.there(ctx, "blobs/", d.Digest, "blob") == nil {
				return nil // only its answer was lost
			}
			again = true
			return r.uploadWhole(ctx, d, open)
		})
	}
	if err != nil {
		return err
	}
	return r.stored(ctx, d)
}

// alone waits until no one else in this process brings a blob here. Two at a
// time are more than a waste: registries on a file system (distribution before
// 3) write a blob's link again when it comes again, and for that moment refuse
// manifests that name it.
func (r *registry) alone(ctx context.Context, digest string) (done func(), err error) {
	for {
		r.mu.Lock()
		other := r.coming[digest]
		if other == nil {
			mine := make(chan struct{})
			r.coming[digest] = mine
			r.mu.Unlock()
			return func() {
				r.mu.Lock()
				delete(r.coming, digest)
				r.mu.Unlock()
				close(mine)
			}, nil
		}
		r.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// stored asks for what was just taken, which some registries have a moment
// later only. One that never has it has failed, whatever it answered.
func (r *registry) stored(ctx context.Context, d Descriptor) error {
	return r.attempts(ctx, func() error { return r.there(ctx, "blobs/", d.Digest, "blob") })
}

func (r *registry) there(ctx context.Context, path, digest, what string) error {
	q := request{method: http.MethodHead, path: path + digest, discard: true, header: http.Header{"Accept": {acceptManifests}}}
	_, err := r.once(ctx, q, http.StatusOK)
	if errors.Is(err, ErrNotFound) {
		return fmt.Errorf("%w: the registry took the %s and does not have it", ErrNetwork, what)
	}
	return err
}

// begin opens an upload and returns its place.
func (r *registry) begin(ctx context.Context) (*url.URL, error) {
	resp, err := r.once(ctx, request{method: http.MethodPost, path: "blobs/uploads/", scope: transport.PushScope, discard: true, content: nothing}, http.StatusAccepted)
	if err != nil {
		return nil, err
	}
	return location(resp, nil)
}

// location is where an upload goes on: what the answer says, else where it was.
func location(resp *http.Response, was *url.URL) (*url.URL, error) {
	text := resp.Header.Get("Location")
	if text == "" && was != nil {
		return was, nil
	}
	place, err := resp.Request.URL.Parse(text)
	if err != nil || text == "" {
		return nil, fmt.Errorf("%w: the registry gave no place to upload to (%q)", ErrNetwork, text)
	}
	return place, nil
}

func nothing() (io.ReadCloser, error) { return http.NoBody, nil }

// uploadWhole uploads in one piece: POST for a place, PUT of the bytes.
func (r *registry) uploadWhole(ctx context.Context, d Descriptor, open Opener) error {
	place, err := r.begin(ctx)
	if err != nil {
		return err
	}
	body := sending{open: func() (io.ReadCloser, error) {
		rc, err := open(0)
		if err != nil {
			return nil, err
		}
		return verify(ctx, rc, d), nil
	}}
	_, err = r.once(ctx, request{
		method: http.MethodPut, url: withDigest(place, d.Digest), scope: transport.PushScope, discard: true,
		header: http.Header{"Content-Type": {"application/octet-stream"}}, size: d.Size, content: body.next,
	}, http.StatusCreated, http.StatusOK, http.StatusNoContent)
	if failed := body.over(); failed != nil && err != nil {
		return failed
	}
	return err
}

func withDigest(place *url.URL, digest string) *url.URL {
	u := *place
	q := u.Query()
	q.Set("digest", digest)
	u.RawQuery = q.Encode()
	return &u
}

// sending makes the bodies of a request, one for each time that it is sent,
// and knows what reading the blob came to, which the HTTP client hides.
type sending struct {
	open func() (io.ReadCloser, error)
	last *watched
	err  error // of opening
}

func (s *sending) next() (io.ReadCloser, error) {
	_ = s.last.stop()
	rc, err := s.open()
	if err != nil {
		s.last, s.err = nil, err
		return nil, err
	}
	s.last, s.err = &watched{from: rc}, nil
	return s.last, nil
}

// over ends all reading, and returns the error that opening or reading the
// blob met, which is not the network's.
func (s *sending) over() error {
	if err := s.last.stop(); err != nil {
		return err
	}
	return s.err
}

// watched is a body that ends when it is told. The HTTP client may close one
// while it reads it, and may still read one when its request is long over:
// neither is an error of the blob.
type watched struct {
	from io.ReadCloser

	mu   sync.Mutex
	done bool
	err  error
}

func (w *watched) Read(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.done {
		return 0, fs.ErrClosed
	}
	n, err := w.from.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		w.err = err
	}
	return n, err
}

func (w *watched) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.done = true
	return w.from.Close()
}

// stop ends reading, and returns what went wrong until then.
func (w *watched) stop() error {
	if w == nil {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.done = true
	return w.err
}

// sourceError is an error of reading the blob, which may come from another
// registry: its status says nothing of this one.
type sourceError struct{ error }

// upload is a blob on its way in pieces.
type upload struct {
	r     *registry
	d     Descriptor
	open  Opener
	place *url.URL
	at    int64     // bytes that the registry has
	hash  hash.Hash // of the first bytes
	read  int64     // how many bytes were hashed
	ended bool      // it was asked to close the upload
}

// uploadChunks sends a blob in pieces (distribution-spec, "Pushing a blob in
// chunks"). After a fault it asks the registry how far it came, and goes on
// from there: some would append whatever comes next.
func (r *registry) uploadChunks(ctx context.Context, d Descriptor, open Opener) (err error) {
	u := &upload{r: r, d: d, open: open, hash: sha256.New()}
	defer func() {
		if err != nil {
			u.abandon(ctx)
		}
	}()
	for tries := 1; ; tries++ {
		was := u.at
		err := u.advance(ctx)
		if err == nil {
			return nil
		}
		if u.at > was {
			tries = 1
		}
		if err = u.again(ctx, err, tries); err != nil {
			var source sourceError
			if errors.As(err, &source) {
				return source.error
			}
			return err
		}
	}
}

// advance sends all that is left, and closes the upload.
func (u *upload) advance(ctx context.Context) error {
	if u.place == nil {
		if u.ended && u.r.there(ctx, "blobs/", u.d.Digest, "blob") == nil {
			return nil // only its answer was lost
		}
		place, err := u.r.begin(ctx)
		if err != nil {
			return err
		}
		u.place, u.at = place, 0
	}
	for u.at < u.d.Size {
		if err := u.send(ctx, min(u.r.o.Chunk, u.d.Size-u.at)); err != nil {
			return err
		}
	}
	if got := "sha256:" + hex.EncodeToString(u.hash.Sum(nil)); got != u.d.Digest {
		return fmt.Errorf("%s has the digest %s: %w", u.d.Digest, got, ErrIntegrity)
	}
	u.ended = true
	_, err := u.r.once(ctx, request{
		method: http.MethodPut, url: withDigest(u.place, u.d.Digest), scope: transport.PushScope, discard: true, content: nothing,
	}, http.StatusCreated, http.StatusOK, http.StatusNoContent)
	return err
}

// send sends one piece, and believes what the registry says it has then.
func (u *upload) send(ctx context.Context, n int64) error {
	body := sending{open: func() (io.ReadCloser, error) {
		rc, err := u.open(u.at)
		if err != nil {
			return nil, err
		}
		return &piece{ReadCloser: rc, u: u, ctx: ctx, at: u.at, left: n}, nil
	}}
	resp, err := u.r.once(ctx, request{
		method: http.MethodPatch, url: u.place, scope: transport.PushScope, discard: true, size: n,
		header: http.Header{
			"Content-Type":  {"application/octet-stream"},
			"Content-Range": {fmt.Sprintf("%d-%d", u.at, u.at+n-1)},
		},
		content: body.next,
	}, http.StatusAccepted, http.StatusNoContent, http.StatusCreated)
	if failed := body.over(); failed != nil && err != nil {
		return sourceError{failed}
	}
	if err != nil {
		return err
	}
	u.r.retries.earn()
	if u.place, err = location(resp, u.place); err != nil {
		return err
	}
	u.at += n
	if has, ok := received(resp); ok && has != u.at || u.read < u.at {
		return errNoChunks
	}
	return nil
}

// piece is one chunk of the blob. It hashes what was not read before, and
// refuses a blob that ends too soon.
type piece struct {
	io.ReadCloser
	u        *upload
	ctx      context.Context
	at, left int64
}

func (p *piece) Read(b []byte) (int, error) {
	u := p.u
	if err := p.ctx.Err(); err != nil {
		return 0, err
	}
	if p.left == 0 {
		return 0, io.EOF
	}
	n, err := p.ReadCloser.Read(b[:min(int64(len(b)), p.left)])
	if known := u.read - p.at; known < int64(n) {
		fresh := b[max(known, 0):n]
		u.hash.Write(fresh)
		u.read += int64(len(fresh))
	}
	p.at += int64(n)
	p.left -= int64(n)
	if errors.Is(err, io.EOF) && p.left > 0 {
		return n, fmt.Errorf("%s ends after %d of %d bytes: %w", u.d.Digest, p.at, u.d.Size, ErrIntegrity)
	}
	return n, err
}

// received is how many bytes of an upload the registry says it has, from its
// Range header. 0-0 is said of none as well as of one, so it says nothing.
func received(resp *http.Response) (int64, bool) {
	first, last, ok := strings.Cut(strings.TrimPrefix(resp.Header.Get("Range"), "bytes="), "-")
	n, err := strconv.ParseInt(last, 10, 64)
	if !ok || first != "0" || err != nil || n <= 0 || n == math.MaxInt64 {
		return 0, false
	}
	return n + 1, true
}

// again waits and finds out where to go on after a fault; it returns the error
// where there is no going on.
func (u *upload) again(ctx context.Context, err error, tries int) error {
	status := statusOf(err)
	lost := status == http.StatusNotFound && u.place != nil
	odd := lost || status == http.StatusRequestedRangeNotSatisfiable // it has another count, or none
	var source sourceError
	switch {
	case errors.Is(err, errNoChunks), ctx.Err() != nil:
		return err
	case errors.As(err, &source):
		if !passing(source.error) {
			return err
		}
	case odd:
		if tries >= maxAttempts {
			return errNoChunks
		}
	case u.place != nil && (errors.Is(err, errRefused) || status == http.StatusNotImplemented):
		return errNoChunks // the pieces, their sum, or the way they came
	case !passing(err):
		return err
	}
	for ; tries < maxAttempts; tries++ {
		if err := u.r.pause(ctx, err, tries); err != nil {
			if odd && ctx.Err() == nil {
				return errNoChunks
			}
			return err
		}
		if lost {
			u.place = nil
		}
		if u.place == nil {
			return nil
		}
		asked := u.ask(ctx)
		if !passing(asked) {
			return nil
		}
		err = asked // what was sent is not given up for a fault that passes
	}
	return err
}

// ask finds out how much of the upload the registry has. Where it has nothing,
// or more than it was sent, the upload begins anew.
func (u *upload) ask(ctx context.Context) error {
	resp, err := u.r.once(ctx, request{url: u.place, scope: transport.PushScope, discard: true}, http.StatusNoContent, http.StatusOK, http.StatusAccepted)
	if err != nil {
		if !passing(err) {
			u.place = nil
		}
		return err
	}
	has, ok := received(resp)
	place, err := location(resp, u.place)
	if !ok || has > u.read || has > u.d.Size || err != nil {
		u.place = nil
		return nil //nolint:nilerr // one without a place is begun anew
	}
	u.at, u.place = has, place
	return nil
}

// abandon tells the registry that no more will come; whether it hears that
// does not matter.
func (u *upload) abandon(ctx context.Context) {
	if u.place == nil {
		return
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer stop()
	_, _ = u.r.once(ctx, request{method: http.MethodDelete, url: u.place, scope: transport.PushScope, discard: true}, http.StatusNoContent, http.StatusAccepted, http.StatusOK)
}

// mountBlob asks the registry to take a blob over from another of its
// repositories. False means that its bytes have to be sent.
func (r *registry) mountBlob(ctx context.Context, d Descriptor, from backend) (bool, error) {
	other, ok := from.(*registry)
	if !ok || other.host != r.host {
		return false, nil
	}
	done, err := r.alone(ctx, d.Digest)
	if err != nil {
		return false, err
	}
	defer done()
	if ok, err := r.hasBlob(ctx, d.Digest); err != nil || ok {
		return ok, err
	}
	q := url.Values{"mount": {d.Digest}, "from": {other.name}}
	resp, err := r.do(ctx, request{
		method: http.MethodPost, path: "blobs/uploads/?" + q.Encode(), scope: transport.PushScope, also: other.reg.Repo(other.name).Scope(transport.PullScope),
		discard: true, content: nothing,
	}, http.StatusCreated, http.StatusAccepted)
	switch {
	case errors.Is(err, ErrDenied), errors.Is(err, ErrNotFound), errors.Is(err, errRefused):
		return false, nil // it may be pushed all the same
	case err != nil:
		return false, err
	case resp.StatusCode == http.StatusCreated:
		return r.hasBlob(ctx, d.Digest)
	}
	u := &upload{r: r}
	if u.place, err = location(resp, nil); err == nil {
		u.abandon(ctx)
	}
	return false, nil
}
