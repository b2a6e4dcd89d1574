package oci

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync/atomic"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

func (r *registry) blob(ctx context.Context, d Descriptor) (io.ReadCloser, error) {
	resp, err := r.do(ctx, request{path: "blobs/" + d.Digest}, http.StatusOK)
	if err != nil {
		return nil, err
	}
	if resp.ContentLength >= 0 && resp.ContentLength != d.Size {
		resp.Body.Close()
		return nil, fmt.Errorf("the registry has %d bytes, not %d: %w", resp.ContentLength, d.Size, ErrIntegrity)
	}
	return network{resp.Body}, nil
}

// network says of a broken stream that it was the network's.
type network struct{ io.ReadCloser }

func (n network) Read(p []byte) (int, error) {
	k, err := n.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = fault(err)
	}
	return k, err
}

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
	n, err := s.File.Write(p)
	return n, unwritable(err)
}

func (s tempSink) abort() { s.Close() }

func (s tempSink) commit(ctx context.Context, d Descriptor) error {
	defer s.Close()
	return s.r.pushBlob(ctx, d, func() (io.ReadCloser, error) {
		return io.NopCloser(io.NewSectionReader(s.File, 0, d.Size)), nil
	})
}

// pushBlob uploads in one piece: POST for a place, PUT of the bytes.
func (r *registry) pushBlob(ctx context.Context, d Descriptor, open func() (io.ReadCloser, error)) error {
	if ok, err := r.hasBlob(ctx, d.Digest); err != nil || ok {
		return err
	}
	return r.attempts(ctx, func() error { return r.upload(ctx, d, open) })
}

func (r *registry) upload(ctx context.Context, d Descriptor, open func() (io.ReadCloser, error)) error {
	resp, err := r.once(ctx, request{method: http.MethodPost, path: "blobs/uploads/", scope: transport.PushScope, discard: true, content: bytesOpener(nil)}, http.StatusAccepted, http.StatusCreated)
	if err != nil {
		return err
	}
	place, err := resp.Request.URL.Parse(resp.Header.Get("Location"))
	if err != nil || resp.Header.Get("Location") == "" {
		return fmt.Errorf("%w: the registry gave no place to upload to (%q)", ErrNetwork, resp.Header.Get("Location"))
	}
	q := place.Query()
	q.Set("digest", d.Digest)
	place.RawQuery = q.Encode()
	var local atomic.Value // the error of reading the blob, which is not the network's fault
	put := request{
		method: http.MethodPut, url: place, scope: transport.PushScope, discard: true,
		header: http.Header{"Content-Type": {"application/octet-stream"}}, size: d.Size,
		content: func() (io.ReadCloser, error) {
			rc, err := open()
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
