package spill

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// random are rows of few keys, so that many are equal, of all lengths.
func random(r *rand.Rand, n, keys int) []Row {
	rows := make([]Row, n)
	for i := range rows {
		key := fmt.Appendf(nil, "%0*d", r.IntN(3), r.IntN(keys))
		if r.IntN(50) == 0 {
			key = nil
		}
		rows[i] = Row{key, fmt.Appendf(nil, "%d%s", i, strings.Repeat("x", r.IntN(40)))}
	}
	return rows
}

func sorter(t *testing.T, o Options, rows []Row) *Sorter {
	t.Helper()
	s := NewSorter(o)
	t.Cleanup(func() { s.Close() })
	scratch := make([]byte, 100)
	for _, row := range rows {
		key := scratch[:copy(scratch, row.Key)]
		if err := s.Add(key, row.Value); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func (r Row) String() string { return fmt.Sprintf("%q: %q", r.Key, r.Value) }

func list(t *testing.T, s *Sorter) []string {
	t.Helper()
	var all []string
	if err := s.Sorted(context.Background(), func(r Row) error { all = append(all, r.String()); return nil }); err != nil {
		t.Fatal(err)
	}
	return all
}

// TestSortedIsSorted holds the sorter against one that holds all: in memory, in
// few runs, and in so many that runs are merged to runs.
func TestSortedIsSorted(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, c := range []struct {
		name               string
		rows, keys, memory int
		runs               int // at the end
	}{
		{"no rows", 0, 1, 0, 0},
		{"all in memory", 1000, 300, 0, 0},
		{"a few runs", 1000, 300, 10_000, 6},
		{"every row a run", 300, 3, 1, 48},
		{"merged twice", 20_000, 900, 200, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			rows := random(r, c.rows, c.keys)
			dir := t.TempDir()
			s := sorter(t, Options{Memory: c.memory, Dir: dir}, rows)
			var want []string
			slices.SortStableFunc(rows, func(a, b Row) int { return bytes.Compare(a.Key, b.Key) })
			for _, row := range rows {
				want = append(want, row.String())
			}
			if d := cmp.Diff(want, list(t, s)); d != "" {
				t.Errorf("want, got:\n%s", d)
			}
			if len(s.runs) >= 3*fanIn || c.runs > 0 && len(s.runs) != c.runs {
				t.Errorf("%d runs; want %d", len(s.runs), c.runs)
			}
			if names, err := os.ReadDir(dir); err != nil || len(names) > 0 {
				t.Errorf("on disk under a name: %v, %v", names, err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestJoinIsExact holds the join against two maps.
func TestJoinIsExact(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, n := range [][2]int{{0, 0}, {50, 0}, {0, 50}, {700, 500}, {3000, 20}} {
		left, right := random(r, n[0], 400), random(r, n[1], 600)
		all := map[string][2][]string{}
		for side, rows := range [][]Row{left, right} {
			for _, row := range rows {
				both := all[string(row.Key)]
				both[side] = append(both[side], string(row.Value))
				all[string(row.Key)] = both
			}
		}
		got, last := map[string][2][]string{}, ""
		texts := func(values [][]byte) (out []string) {
			for _, v := range values {
				out = append(out, string(v))
			}
			return out
		}
		o := Options{Memory: 3000, Dir: t.TempDir()}
		err := Join(context.Background(), sorter(t, o, left), sorter(t, o, right), func(key []byte, a, b [][]byte) error {
			if len(got) > 0 && string(key) <= last {
				t.Errorf("key %q comes after %q", key, last)
			}
			last = string(key)
			got[last] = [2][]string{texts(a), texts(b)}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(all, got); d != "" {
			t.Errorf("%v rows: want, got:\n%s", n, d)
		}
	}
}

func TestLargeRows(t *testing.T) {
	large := bytes.Repeat([]byte("large"), 10_000)
	rows := []Row{{[]byte("b"), large}, {[]byte("a"), nil}, {large, []byte("v")}}
	s := NewSorter(Options{Memory: 100, Dir: t.TempDir()})
	defer s.Close()
	for _, row := range rows {
		if err := s.Add(row.Key, row.Value); err != nil {
			t.Fatal(err)
		}
	}
	if d := cmp.Diff([]string{rows[1].String(), rows[0].String(), rows[2].String()}, list(t, s)); d != "" {
		t.Error(d)
	}
}

func TestSortStops(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	rows := random(rand.New(rand.NewPCG(5, 6)), 10, 10)
	o := Options{Dir: t.TempDir()}
	stop := errors.New("enough")
	for want, do := range map[error]func() error{
		context.Canceled: func() error { return sorter(t, o, rows).Sorted(ctx, func(Row) error { return nil }) },
		stop:             func() error { return sorter(t, o, rows).Sorted(context.Background(), func(Row) error { return stop }) },
	} {
		if err := do(); !errors.Is(err, want) {
			t.Errorf("got %v; want %v", err, want)
		}
	}
	for want, do := range map[error]func([]byte, [][]byte, [][]byte) error{
		context.Canceled: nil,
		stop:             func([]byte, [][]byte, [][]byte) error { return stop },
	} {
		c := context.Background()
		if do == nil {
			c = ctx
		}
		if err := Join(c, sorter(t, o, rows), sorter(t, o, rows), do); !errors.Is(err, want) {
			t.Errorf("joining: got %v; want %v", err, want)
		}
	}
}

// failing is a disk that writes or reads no more.
type failing struct{ write, read error }

func (f failing) Write(b []byte) (int, error)           { return len(b), f.write }
func (f failing) ReadAt(b []byte, _ int64) (int, error) { return 0, f.read }
func (failing) Close() error                            { return nil }

func TestDisksThatFail(t *testing.T) {
	full, broken := errors.New("no space left"), errors.New("it is on fire")
	missing := filepath.Join(t.TempDir(), "missing")
	for want, s := range map[string]*Sorter{
		"making room on disk: open " + missing:       NewSorter(Options{Memory: 1, Dir: missing}),
		"setting rows aside on disk: no space left":  {options: Options{Memory: 1}, open: func(string) (temporary, error) { return failing{write: full}, nil }},
		"reading rows back from disk: it is on fire": {options: Options{Memory: 1}, open: func(string) (temporary, error) { return failing{read: broken}, nil }},
	} {
		var err error
		for i := 0; i < 3 && err == nil; i++ {
			err = s.Add([]byte("key"), []byte("value"))
		}
		if err == nil {
			err = s.Sorted(context.Background(), func(Row) error { return nil })
		}
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v; want %s", err, want)
		}
	}
}

func BenchmarkSort(b *testing.B) {
	r := rand.New(rand.NewPCG(7, 8))
	keys := make([][]byte, 1_000_000)
	for i := range keys {
		keys[i] = fmt.Appendf(nil, "row-%010d", r.IntN(1<<40))
	}
	for _, memory := range []int{1 << 30, 8 << 20} {
		b.Run(fmt.Sprint(memory>>20, " MiB"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s := NewSorter(Options{Memory: memory, Dir: b.TempDir()})
				for _, k := range keys {
					if err := s.Add(k, k[:4]); err != nil {
						b.Fatal(err)
					}
				}
				if err := s.Sorted(b.Context(), func(Row) error { return nil }); err != nil {
					b.Fatal(err)
				}
				s.Close()
			}
			b.ReportMetric(float64(len(keys)*b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
