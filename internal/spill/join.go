package spill

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
)

// Join gives the rows of both sides key by key, in the order of keys: for each
// key that either has, all values that left has, and all that right has, each
// in the order in which they were added. So one call tells matched rows from
// rows of one side only, and from keys that come twice. The values of one key
// are held in memory together. Bytes hold until fn returns.
func Join(ctx context.Context, left, right *Sorter, fn func(key []byte, left, right [][]byte) error) error {
	l, err := newGroups(left)
	if err != nil {
		return err
	}
	r, err := newGroups(right)
	if err != nil {
		return err
	}
	for n := 0; l.some || r.some; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		order := 0
		switch {
		case !l.some:
			order = 1
		case !r.some:
			order = -1
		default:
			order = bytes.Compare(l.key, r.key)
		}
		var a, b [][]byte
		key := l.key
		if order <= 0 {
			a = l.values
		}
		if order >= 0 {
			key, b = r.key, r.values
		}
		if err := fn(key, a, b); err != nil {
			return err
		}
		if order <= 0 {
			if err := l.next(); err != nil {
				return err
			}
		}
		if order >= 0 {
			if err := r.next(); err != nil {
				return err
			}
		}
	}
	return nil
}

// groups are sorted rows, key by key.
type groups struct {
	read   func() (Row, error)
	some   bool // there is a group
	key    []byte
	values [][]byte
	ahead  Row // the first row of the following group
	more   bool
}

func newGroups(s *Sorter) (*groups, error) {
	read, err := s.reader()
	if err != nil {
		return nil, err
	}
	g := &groups{read: read}
	if err := g.forward(); err != nil {
		return nil, err
	}
	return g, g.next()
}

// forward reads a row ahead.
func (g *groups) forward() (err error) {
	g.ahead, err = g.read()
	g.more = err == nil
	if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

// next goes to the following key.
func (g *groups) next() error {
	if g.some = g.more; !g.some {
		return nil
	}
	g.key, g.values = append(g.key[:0], g.ahead.Key...), g.values[:0]
	for g.more && bytes.Equal(g.key, g.ahead.Key) {
		g.values = append(g.values, slices.Clone(g.ahead.Value))
		if err := g.forward(); err != nil {
			return err
		}
	}
	return nil
}
