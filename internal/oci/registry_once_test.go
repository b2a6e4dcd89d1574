package oci

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weighlock/weighlock/internal/artifact"
)

// atOnce does something eight times at once.
func atOnce(t *testing.T, do func(i int) error) {
	t.Helper()
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			if err := do(i); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
}

// Debian's docker-registry 2.8 writes a blob's link anew when the blob comes
// again, and refuses manifests that name it meanwhile. All statements share
// the empty config.
func TestBlobIsBroughtByOneAtATime(t *testing.T) {
	r, f := newFront(t, true)
	var began atomic.Int64
	f.set(func(_ http.ResponseWriter, req *http.Request) bool {
		if req.Method == http.MethodPost && strings.HasSuffix(req.URL.Path, "/blobs/uploads/") {
			began.Add(1)
			time.Sleep(20 * time.Millisecond)
		}
		return false
	})
	atOnce(t, func(int) error {
		_, err := r.PushBytes(t.Context(), "x/y", []byte("the same"))
		return err
	})
	if n := began.Load(); n != 1 {
		t.Errorf("it was uploaded %d times; want once", n)
	}
	began.Store(0)
	atOnce(t, func(i int) error {
		_, err := r.PushArtifact(t.Context(), note(fmt.Sprint(i)))
		return err
	})
	if n := began.Load(); n != 9 {
		t.Errorf("%d uploads of eight notes and one config; want 9", n)
	}
}

func TestBlobIsMountedByOneAtATime(t *testing.T) {
	f := &front{Handler: newChunkedDouble()}
	var asked atomic.Int64
	f.set(func(_ http.ResponseWriter, req *http.Request) bool {
		if req.URL.Query().Get("mount") != "" {
			asked.Add(1)
			time.Sleep(20 * time.Millisecond)
		}
		return false
	})
	host := serve(t, f)
	from, to := open(t, host+"/acme/m"), open(t, host+"/mirror/m")
	d := must[Descriptor](t)(from.PushBytes(t.Context(), "x/y", []byte("the same")))
	atOnce(t, func(int) error {
		ok, err := to.MountBlob(t.Context(), d, from)
		if err == nil && !ok {
			err = errors.New("not taken over")
		}
		return err
	})
	if n := asked.Load(); n != 1 {
		t.Errorf("asked %d times; want once", n)
	}
}

// Another client may bring a part of the manifest again at that moment.
func TestManifestWhosePartIsNotSeenForAMoment(t *testing.T) {
	for _, status := range []int{http.StatusBadRequest, http.StatusNotFound} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			r, f := newFront(t, true)
			var tries, faults atomic.Int64
			f.set(func(w http.ResponseWriter, req *http.Request) bool {
				if req.Method != http.MethodPut || !strings.Contains(req.URL.Path, "/manifests/") || tries.Add(1) > faults.Load() {
					return false
				}
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(status)
				fmt.Fprintf(w, `{"errors":[{"code":"DIGEST_INVALID"},{"code":"MANIFEST_BLOB_UNKNOWN","detail":%q}]}`, artifact.Digest(emptyBytes))
				return true
			})
			faults.Store(2)
			if _, err := r.PushArtifact(t.Context(), note("a")); err != nil || tries.Load() != 3 {
				t.Errorf("got %v after %d tries; want it stored by the third", err, tries.Load())
			}
			tries.Store(0)
			faults.Store(100)
			if _, err := r.PushArtifact(t.Context(), note("b")); !errors.Is(err, ErrNetwork) || errors.Is(err, ErrNotFound) || tries.Load() != maxAttempts {
				t.Errorf("got %v after %d tries; want ErrNetwork after %d", err, tries.Load(), maxAttempts)
			}
		})
	}
}

func TestWaitForABlobEndsWithTheCaller(t *testing.T) {
	r, f := newFront(t, true)
	hold, held := make(chan struct{}), make(chan struct{})
	var once sync.Once
	f.set(func(_ http.ResponseWriter, req *http.Request) bool {
		if req.Method == http.MethodPost {
			once.Do(func() { close(held) })
			<-hold
		}
		return false
	})
	var wait sync.WaitGroup
	wait.Go(func() {
		if _, err := r.PushBytes(t.Context(), "x/y", []byte("a")); err != nil {
			t.Error(err)
		}
	})
	<-held
	gone, leave := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer leave()
	err := r.PushBlob(gone, Descriptor{MediaType: "x/y", Digest: artifact.Digest([]byte("a")), Size: 1}, bytesOpener([]byte("a")))
	close(hold)
	wait.Wait()
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v; want the end of the caller's time", err)
	}
}
