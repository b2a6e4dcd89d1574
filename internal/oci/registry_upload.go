package oci

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
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
	if ok, err := r.hasBlob(ctx, d.Digest); err != nil || ok {
		return err
	}
	err := errNoChunks
	if d.Size > r.o.Chunk && !r.whole.Load() {
		if err = r.uploadChunks(ctx, d, open); errors.Is(err, errNoChunks) {
			r.whole.Store(true)
		}
	}
	if errors.Is(err, errNoChunks) {
		err = r.attempts(ctx, func() error { return r.uploadWhole(ctx, d, open) })
	}
	if err != nil {
		return err
	}
	return r.stored(ctx, d)
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
	var local atomic.Value // the error of reading the blob, which is not the network's fault
	put := request{
		method: http.MethodPut, url: withDigest(place, d.Digest), scope: transport.PushScope, discard: true,
		header: http.Header{"Content-Type": {"application/octet-stream"}}, size: d.Size,
		content: func() (io.ReadCloser, error) {
			rc, err := open(0)
			if err != nil {
				return nil, err
			}
			return &watched{verify(ctx, rc, d), &local}, nil
		},
	}
	_, err = r.once(ctx, put, http.StatusCreated, http.StatusOK, http.StatusNoContent)
	if cause, ok := local.Load().(readError); ok && err != nil {
		return cause.error
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

// watched remembers an error of its reader, which the HTTP client hides.
type watched struct {
	io.ReadCloser
	err *atomic.Value
}

// readError gives all errors one type, which atomic.Value asks for.
type readError struct{ error }

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		w.err.Store(readError{err})
	}
	return n, err
}

// upload is a blob on its way in pieces.
type upload struct {
	r     *registry
	d     Descriptor
	open  Opener
	place *url.URL
	at    int64     // bytes that the registry has

	mu      sync.Mutex
	current *piece    // the only one that may read: a request that failed may still hold another
	hash    hash.Hash // of the first bytes
	read    int64     // how many bytes were hashed
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
			return err
		}
	}
}

// advance sends all that is left, and closes the upload.
func (u *upload) advance(ctx context.Context) error {
	if u.place == nil {
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
	_, err := u.r.once(ctx, request{
		method: http.MethodPut, url: withDigest(u.place, u.d.Digest), scope: transport.PushScope, discard: true, content: nothing,
	}, http.StatusCreated, http.StatusOK, http.StatusNoContent)
	return err
}

// send sends one piece, and believes what the registry says it has then.
func (u *upload) send(ctx context.Context, n int64) error {
	var local atomic.Value
	resp, err := u.r.once(ctx, request{
		method: http.MethodPatch, url: u.place, scope: transport.PushScope, discard: true, size: n,
		header: http.Header{
			"Content-Type":  {"application/octet-stream"},
			"Content-Range": {fmt.Sprintf("%d-%d", u.at, u.at+n-1)},
		},
		content: func() (io.ReadCloser, error) {
			rc, err := u.open(u.at)
			if err != nil {
				return nil, err
			}
			return &watched{u.piece(ctx, rc, n), &local}, nil
		},
	}, http.StatusAccepted, http.StatusNoContent, http.StatusCreated)
	if cause, ok := local.Load().(readError); ok && err != nil {
		return cause.error
	}
	if err != nil {
		return err
	}
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

func (u *upload) piece(ctx context.Context, from io.ReadCloser, n int64) *piece {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.current = &piece{ReadCloser: from, u: u, ctx: ctx, at: u.at, left: n}
	return u.current
}

func (p *piece) Read(b []byte) (int, error) {
	u := p.u
	u.mu.Lock()
	defer u.mu.Unlock()
	if err := p.ctx.Err(); err != nil || u.current != p {
		return 0, cmp.Or(err, context.Canceled)
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
	if !ok || first != "0" || err != nil || n <= 0 {
		return 0, false
	}
	return n + 1, true
}

// again waits and finds out where to go on after a fault; it returns the error
// where there is no going on.
func (u *upload) again(ctx context.Context, err error, tries int) error {
	status := statusOf(err)
	lost := status == http.StatusNotFound && u.place != nil
	switch {
	case errors.Is(err, errNoChunks), ctx.Err() != nil, errors.Is(err, ErrIntegrity), errors.Is(err, ErrDenied):
		return err
	case status == http.StatusRequestedRangeNotSatisfiable, lost:
	case errors.Is(err, errRefused) && u.place != nil:
		return errNoChunks // the pieces, their sum, or the way they came
	case !passing(err):
		return err
	}
	if tries >= maxAttempts {
		return err
	}
	if err := u.r.pause(ctx, err, tries); err != nil {
		return err
	}
	if lost || u.place == nil {
		u.place = nil
		return nil
	}
	resp, statusErr := u.r.once(ctx, request{url: u.place, scope: transport.PushScope, discard: true}, http.StatusNoContent, http.StatusOK, http.StatusAccepted)
	if statusErr != nil {
		u.place = nil
		return nil
	}
	has, ok := received(resp)
	place, locationErr := location(resp, u.place)
	if !ok || has > u.read || has > u.d.Size || locationErr != nil {
		u.place = nil // begin anew: it has nothing, or more than it was sent
		return nil
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
