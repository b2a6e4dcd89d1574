package oci

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cuelabs.dev/go/oci/ociregistry/ocimem"
	"cuelabs.dev/go/oci/ociregistry/ociserver"

	"github.com/weighlock/weighlock/internal/artifact"
)

// impatient settles fast, for a registry in the same process.
func impatient(t *testing.T, ref string, settle time.Duration) *Repository {
	t.Helper()
	r, _, err := Open(ref, Options{Settle: settle})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func inMemory(t *testing.T, config *ocimem.Config) string {
	t.Helper()
	s := httptest.NewServer(ociserver.New(ocimem.NewWithConfig(config), nil))
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://") + "/acme/m"
}

// Each of these repositories is what one process has.
func TestTurnsInARegistryAreTakenByOneAtATime(t *testing.T) {
	ref := inMemory(t, nil)
	var inside, most atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		r := impatient(t, ref, 300*time.Millisecond)
		wg.Go(func() {
			done, err := r.Turn(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			most.Store(max(most.Load(), inside.Add(1)))
			time.Sleep(20 * time.Millisecond)
			inside.Add(-1)
			done()
		})
	}
	wg.Wait()
	if most.Load() != 1 {
		t.Errorf("%d had their turn at once; want 1", most.Load())
	}
}

func TestTurnOfOneWhoDiedIsTakenOver(t *testing.T) {
	ref := inMemory(t, nil)
	if _, err := impatient(t, ref, 20*time.Millisecond).Turn(t.Context()); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	done, err := impatient(t, ref, 20*time.Millisecond).Turn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	done()
	if took := time.Since(start); took < 100*time.Millisecond {
		t.Errorf("it was taken over after %s; want no sooner than after five times 20ms", took)
	}
}

func TestWhoWaitsForATurnStopsWhenTold(t *testing.T) {
	ref := inMemory(t, nil)
	if _, err := impatient(t, ref, time.Millisecond).Turn(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer stop()
	if _, err := impatient(t, ref, time.Hour).Turn(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v; want the end of the context", err)
	}
}

// Where tags are exact already, nobody waits: not even the second time.
func TestNoTurnsWhereTagsNeverChange(t *testing.T) {
	ref := inMemory(t, &ocimem.Config{ImmutableTags: true})
	for range 2 {
		done, err := impatient(t, ref, time.Hour).Turn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		done()
	}
}

// A writer that was slow between reading and writing may have written over
// one who has the turn, and gives him time to end.
func TestSlowWriterWaitsLonger(t *testing.T) {
	const settle = 40 * time.Millisecond
	slow := atomic.Bool{}
	inner := ociserver.New(ocimem.New(), nil)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if slow.Load() && r.Method == http.MethodPut && strings.HasSuffix(r.URL.Path, "/manifests/"+artifact.TurnTag) {
			time.Sleep(settle)
		}
		inner.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	var waits []string
	r, _, err := Open(strings.TrimPrefix(s.URL, "http://")+"/acme/m", Options{Settle: settle, Wait: func(_ context.Context, d time.Duration) error {
		if d >= settle {
			waits = append(waits, fmt.Sprint(d))
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, is := range []bool{false, true} {
		slow.Store(is)
		done, err := r.Turn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		done()
	}
	if got := strings.Join(waits, " "); got != "40ms 120ms" {
		t.Errorf("waited %s; want 40ms, and 120ms when slow", got)
	}
}

func TestTurnThatIsTakenAndNotKept(t *testing.T) {
	r, f := newFront(t, true)
	f.set(func(w http.ResponseWriter, req *http.Request) bool {
		if req.Method == http.MethodPut && strings.HasSuffix(req.URL.Path, turnTag) {
			w.WriteHeader(http.StatusCreated)
			return true
		}
		return false
	})
	_, err := r.Turn(t.Context())
	if !errors.Is(err, ErrNetwork) || errors.Is(err, ErrNotFound) {
		t.Fatalf("got %v; want ErrNetwork", err)
	}
	says(t, r, err, "waiting for a turn in HOST/acme/m: registry or network fault: the registry took tag "+turnTag+" and does not have it")
}

// TestTurnThatNeverComes shows what a person is told where another has the
// turn for longer than anybody should wait.
func TestTurnThatNeverComes(t *testing.T) {
	ref := inMemory(t, nil)
	other := impatient(t, ref, time.Millisecond)
	if _, err := other.Turn(t.Context()); err != nil {
		t.Fatal(err)
	}
	r, _, err := Open(ref, Options{Settle: time.Hour, LockWait: time.Microsecond, Wait: func(context.Context, time.Duration) error { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.Turn(t.Context())
	says(t, r, err, "waiting for a turn in HOST/acme/m: locked by another process for 0s: others publish there without end\nhint: run again when fewer do")
	if !errors.Is(err, ErrNetwork) {
		t.Errorf("got %v; want one that is worth a retry", err)
	}
}
