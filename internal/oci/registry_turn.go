package oci

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	random "math/rand/v2"
	"time"

	"github.com/weighlock/weighlock/internal/artifact"
)

// Turn waits until no other process has its turn in the repository, for a
// chain of which only one may write the next entry, and takes it until done.
// A layout gives out tags exactly, under its lock, and needs no turns.
//
// A registry has nothing that could be swapped on condition, so this is
// Fischer's algorithm, with a tag as its one register: find it free, write
// your name, wait until everybody who found it free has written, and read it
// again; the last one has the turn. It rests on time: a writer that took long
// from reading to writing may have written over one who has the turn already,
// and waits until that one must be done. A process that dies in its turn is
// waited for five times as long as the others wait for each other.
//
// Where the registry does not let the tag change, tags may be as good as
// exact, and there are no turns.
func (r *Repository) Turn(ctx context.Context) (done func(), err error) {
	b, ok := r.backend.(*registry)
	if !ok {
		return func() {}, nil
	}
	done, err = b.turn(ctx, r)
	if err != nil {
		return nil, fmt.Errorf("waiting for a turn in %s: %w", r, err)
	}
	return done, nil
}

// turnTag holds the manifest of who has the turn, or one that names nobody.
const turnTag = artifact.TurnTag

// turns is one process waiting.
type turns struct {
	r     *registry
	free  head
	mine  head
	raw   map[string][]byte // manifests by digest
	last  string            // who has the turn
	since time.Time         // when that was first seen
	lost  int               // how often running what was written was not there
}

func (r *registry) turn(ctx context.Context, repo *Repository) (func(), error) {
	// What a manifest needs, before the time that matters.
	if _, err := repo.PushBytes(ctx, artifact.MediaTypeEmpty, emptyBytes); err != nil {
		return nil, err
	}
	t := &turns{r: r, raw: map[string][]byte{}}
	var err error
	if t.free, err = t.named(""); err != nil {
		return nil, err
	}
	began := time.Now()
	for n := 0; ; n++ {
		if t.mine, err = t.named(rand.Text()); err != nil {
			return nil, err
		}
		switch ours, err := t.try(ctx); {
		case errors.Is(err, errRefused), errors.Is(err, ErrDenied):
			return func() {}, nil // the tag may not change; what else may not be written will say so
		case err != nil:
			return nil, err
		case ours:
			return func() { t.leave(ctx) }, nil
		}
		if waited := time.Since(began); waited > 10*r.o.LockWait {
			return nil, fmt.Errorf("%w for %s: others publish there without end\nhint: run again when fewer do", ErrLocked, waited.Round(time.Second))
		}
		pause := r.o.Settle/16 + random.N(r.o.Settle/4+1)
		if err := r.o.Wait(ctx, pause); err != nil {
			return nil, err
		}
	}
}

func (t *turns) named(name string) (head, error) {
	m := Manifest{ArtifactType: artifact.MediaTypeTurn, Config: emptyConfig, Layers: []Descriptor{emptyConfig}, Annotations: map[string]string{artifact.AnnotationTurn: name}}
	raw, err := m.Bytes()
	if err != nil {
		return head{}, err
	}
	h, err := readHead(raw, "")
	t.raw[h.Digest] = raw
	return h, err
}

func (t *turns) put(ctx context.Context, h head) error {
	_, err := t.r.put(ctx, turnTag, h.MediaType, t.raw[h.Digest])
	return err
}

// maxLost is how often nothing may come of writing: one who took the turn and
// left it in between is rare, since that takes as long as the wait.
const maxLost = 10

// try takes the turn if it is free, or was left by one who died, and says
// whether it is ours.
func (t *turns) try(ctx context.Context) (bool, error) {
	settle := t.r.o.Settle
	began := time.Now()
	at, err := t.r.digestOf(ctx, turnTag)
	if errors.Is(err, ErrNotFound) {
		// First what names nobody, so that where tags never change it stays.
		if err := t.put(ctx, t.free); err != nil {
			return false, err
		}
		began = time.Now()
		at, err = t.kept(ctx)
	}
	switch {
	case err != nil:
		return false, err
	case at != t.last:
		t.last, t.since = at, began
	}
	if at != t.free.Digest && began.Sub(t.since) < 5*settle {
		return false, nil
	}
	before := at
	if err := t.put(ctx, t.mine); err != nil {
		return false, err
	}
	wait := settle
	if time.Since(began) > settle*3/4 {
		wait = 3 * settle // whoever has the turn may not have seen us
	}
	if err := t.r.o.Wait(ctx, wait); err != nil {
		return false, err
	}
	at, err = t.kept(ctx)
	if t.lost++; at != before {
		t.lost = 0
	}
	if err == nil && t.lost == maxLost {
		err = fmt.Errorf("%w: tag %s does not keep what is written to it", ErrNetwork, turnTag)
	}
	return at == t.mine.Digest && err == nil, err
}

// kept reads the tag after it was written: that it is not there is a fault
// then, and no absence.
func (t *turns) kept(ctx context.Context) (string, error) {
	at, err := t.r.digestOf(ctx, turnTag)
	if errors.Is(err, ErrNotFound) {
		err = fmt.Errorf("%w: the registry took tag %s and does not have it", ErrNetwork, turnTag)
	}
	return at, err
}

// leave ends the turn, also of one who was interrupted. If that fails the
// others wait a little longer.
func (t *turns) leave(ctx context.Context) {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer stop()
	_ = t.put(ctx, t.free)
}
