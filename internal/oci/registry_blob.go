package oci

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
)

func (r *registry) blob(ctx context.Context, d Descriptor) (io.ReadCloser, error) {
	return r.download(ctx, d, 0, d.Size)
}

func (r *registry) blobRange(ctx context.Context, d Descriptor, from, n int64) (io.ReadCloser, error) {
	return r.download(ctx, d, from, from+n)
}

// download is the part of a blob from at to end. A broken stream is taken up
// again where it broke.
type download struct {
	ctx     context.Context
	r       *registry
	d       Descriptor
	at, end int64
	part    bool // not the whole, which is verified
	body    io.ReadCloser
	tries   int   // since the last time that much came
	came    int64 // since the last fault
}

func (r *registry) download(ctx context.Context, d Descriptor, from, end int64) (io.ReadCloser, error) {
	w := &download{ctx: ctx, r: r, d: d, at: from, end: end, part: from > 0 || end < d.Size}
	return w, r.attempts(ctx, w.open)
}

func (w *download) open() error {
	q := request{path: "blobs/" + w.d.Digest}
	if w.part || w.at > 0 {
		q.header = http.Header{"Range": {fmt.Sprintf("bytes=%d-%d", w.at, w.end-1)}}
	}
	resp, err := w.r.once(w.ctx, q, http.StatusOK, http.StatusPartialContent)
	if err != nil {
		return err
	}
	skip, err := w.begins(resp)
	if err == nil && skip > 0 {
		n, skipErr := io.CopyN(io.Discard, resp.Body, skip)
		if err = brokenOff(skipErr); errors.Is(err, io.EOF) {
			err = w.endsAfter(n)
		}
	}
	if err != nil {
		resp.Body.Close()
		return err
	}
	w.body = resp.Body
	return nil
}

// begins says how many bytes of an answer come before the one that is wanted:
// a registry may send the whole instead of a part.
func (w *download) begins(resp *http.Response) (skip int64, err error) {
	length := w.end - w.at
	if resp.StatusCode == http.StatusOK {
		skip, length = w.at, w.d.Size
	} else if want := fmt.Sprintf("bytes %d-%d/", w.at, w.end-1); !strings.HasPrefix(resp.Header.Get("Content-Range"), want) {
		return 0, fmt.Errorf("%w: asked for bytes %d to %d, the registry sent %q", ErrNetwork, w.at, w.end-1, resp.Header.Get("Content-Range"))
	}
	if resp.ContentLength >= 0 && resp.ContentLength != length {
		return 0, fmt.Errorf("the registry has %d bytes, not %d: %w", resp.ContentLength, length, ErrIntegrity)
	}
	return skip, nil
}

func (w *download) endsAfter(n int64) error {
	return fmt.Errorf("%s ends after %d of %d bytes: %w", w.d.Digest, n, w.d.Size, ErrIntegrity)
}

// brokenOff says of a broken stream that it was the network's.
func brokenOff(err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	return fault(err)
}

// much is what must have come since the last fault for the next to count as
// the first.
const much = 8 << 20

func (w *download) Read(p []byte) (int, error) {
	if w.at == w.end && w.part {
		return 0, io.EOF
	}
	if w.at == w.end {
		// A byte too many is handed on: whoever verifies must hear of it.
		n, err := w.body.Read(p[:min(len(p), 1)])
		return n, brokenOff(err)
	}
	n, err := w.body.Read(p[:min(int64(len(p)), w.end-w.at)])
	w.at += int64(n)
	w.came += int64(n)
	if n > 0 && w.at == w.end {
		return n, nil // an error is met again by whoever reads on
	}
	if errors.Is(err, io.EOF) && w.at < w.end {
		return n, w.endsAfter(w.at)
	}
	if err = brokenOff(err); err == nil || errors.Is(err, io.EOF) || w.ctx.Err() != nil {
		return n, err
	}
	if w.came >= much {
		w.tries = 0
	}
	w.tries, w.came = w.tries+1, 0
	if w.tries >= maxAttempts || !passing(err) {
		return n, err
	}
	w.body.Close()
	if pauseErr := w.r.pause(w.ctx, err, w.tries); pauseErr != nil {
		return n, pauseErr
	}
	return n, w.r.attempts(w.ctx, w.open)
}

func (w *download) Close() error { return w.body.Close() }

// tempBlob is a verified copy that is gone when it is closed.
type tempBlob struct{ *os.File }

func (r *registry) blobAt(ctx context.Context, d Descriptor) (ReaderAtCloser, error) {
	rc, err := r.blob(ctx, d)
	if err != nil {
		return nil, err
	}
	defer rc.Close()
	f, err := unnamed(r.o.TempDir)
	if err != nil {
		return nil, err
	}
	if _, err := io.Copy(f, verify(ctx, rc, d)); err != nil {
		f.Close()
		return nil, unwritable(err)
	}
	return tempBlob{f}, nil
}

// unnamed makes a temporary file that has no name any more, so that it goes
// with the process however that ends.
func unnamed(dir string) (*os.File, error) {
	f, err := os.CreateTemp(dir, "weighlock-")
	if err != nil {
		return nil, unwritable(err)
	}
	if err := os.Remove(f.Name()); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func (r *registry) hasBlob(ctx context.Context, digest string) (bool, error) {
	_, err := r.do(ctx, request{method: http.MethodHead, path: "blobs/" + digest, discard: true}, http.StatusOK)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// tempSink holds a blob's bytes until its digest is known, so that nothing is
// sent which the registry has.
type tempSink struct {
	*os.File
	r *registry
}

func (r *registry) newBlob(context.Context) (sink, error) {
	f, err := unnamed(r.o.TempDir)
	if err != nil {
		return nil, err
	}
	return tempSink{f, r}, nil
}

func (s tempSink) Write(p []byte) (int, error) {
	n, err := inPieces(s.File, p)
	return n, unwritable(err)
}

func (s tempSink) abort() { s.Close() }

func (s tempSink) commit(ctx context.Context, d Descriptor) error {
	defer s.Close()
	return s.r.pushBlob(ctx, d, func(from int64) (io.ReadCloser, error) {
		return io.NopCloser(io.NewSectionReader(s.File, from, d.Size-from)), nil
	})
}
