//go:build bench

package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/parquet-go/parquet-go"
)

// TestBenchEvaluate prints what evaluating a large table costs, beside DuckDB
// and scikit-learn that compute the same numbers, and asserts that they agree.
// It passes whatever the costs are.
//
// WEIGHLOCK_BENCH_DUCKDB names the folder where npm put @duckdb/node-api;
// WEIGHLOCK_BENCH_ROWS is the size of the table (10 million unless given).
func TestBenchEvaluate(t *testing.T) {
	e := &evaluating{bench: newBench(t), rows: 10_000_000}
	if text := os.Getenv("WEIGHLOCK_BENCH_ROWS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 100_000 {
			t.Fatalf("WEIGHLOCK_BENCH_ROWS %q is no number of rows from 100000", text)
		}
		e.rows = n
	}
	t.Logf("%s, %d cores, load %s", runtime.Version(), runtime.NumCPU(), load())
	e.parquet()
	e.csv()
	t.Log("\n" + e.table())
}

// streamed are the metrics that one pass over the rows makes.
const streamed = "accuracy,balanced_accuracy,precision,recall,specificity,f1,mcc,cohen_kappa,selection_rate,log_loss,brier,ece,mce"

type evaluating struct {
	*bench
	rows  int
	lines [][]string
}

// scored is a row of the table.
type scored struct {
	ID int64   `parquet:"id"`
	Y  int8    `parquet:"y"`
	P  float64 `parquet:"p"`
	A  string  `parquet:"a,dict"`
	B  string  `parquet:"b,dict"`
	C  string  `parquet:"c,dict"`
}

// eachRow makes the first n rows of the one table there is, in batches.
func eachRow(n int, do func([]scored) error) error {
	rng := rand.New(rand.NewPCG(20, 26))
	names := func(what string, n int) []string {
		out := make([]string, n)
		for i := range out {
			out[i] = fmt.Sprintf("%s%02d", what, i)
		}
		return out
	}
	a, b, c := names("region", 8), names("segment", 50), names("channel", 4)
	batch := make([]scored, 0, 10_000)
	for i := range n {
		u := rng.Uint64()
		row := scored{ID: int64(i), A: a[u%8], B: b[u>>8%50], C: c[u>>40%4]}
		row.P = 1 / (1 + math.Exp(1.5-2*rng.NormFloat64()))
		if rng.Float64() < row.P*0.97 {
			row.Y = 1
		}
		if batch = append(batch, row); len(batch) == cap(batch) || i == n-1 {
			if err := do(batch); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	return nil
}

func (e *evaluating) create(path string, write func(w *bufio.Writer) error) int64 {
	e.t.Helper()
	f, err := os.Create(path)
	if err != nil {
		e.t.Fatal(err)
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	if err := write(w); err != nil {
		e.t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		e.t.Fatal(err)
	}
	info, err := f.Stat()
	if err != nil {
		e.t.Fatal(err)
	}
	return info.Size()
}

func (e *evaluating) writeParquet(path string, n int) {
	e.create(path, func(w *bufio.Writer) error {
		rows := parquet.NewGenericWriter[scored](w, parquet.Compression(&parquet.Snappy), parquet.MaxRowsPerRowGroup(1<<20))
		if err := eachRow(n, func(batch []scored) error { _, err := rows.Write(batch); return err }); err != nil {
			return err
		}
		return rows.Close()
	})
}

func (e *evaluating) writeCSV(path string, n int) int64 {
	return e.create(path, func(w *bufio.Writer) error {
		fmt.Fprintln(w, "id,y,p,a,b,c")
		var line []byte
		return eachRow(n, func(batch []scored) error {
			for _, r := range batch {
				line = strconv.AppendInt(line[:0], r.ID, 10)
				line = strconv.AppendInt(append(line, ','), int64(r.Y), 10)
				line = strconv.AppendFloat(append(line, ','), r.P, 'g', -1, 64)
				line = append(line, ","+r.A+","+r.B+","+r.C+"\n"...)
				if _, err := w.Write(line); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// writeArrays are labels and scores as numpy keeps them.
func (e *evaluating) writeArrays(labels, scores string, n int) {
	array := func(path, kind string, value func(w *bufio.Writer, r scored) error) {
		e.create(path, func(w *bufio.Writer) error {
			header := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%d,), }", kind, n)
			header += strings.Repeat(" ", 64-(10+len(header)+1)%64) + "\n"
			fmt.Fprintf(w, "\x93NUMPY\x01\x00%s%s", binary.LittleEndian.AppendUint16(nil, uint16(len(header))), header)
			return eachRow(n, func(batch []scored) error {
				for _, r := range batch {
					if err := value(w, r); err != nil {
						return err
					}
				}
				return nil
			})
		})
	}
	array(labels, "|i1", func(w *bufio.Writer, r scored) error { return w.WriteByte(byte(r.Y)) })
	array(scores, "<f8", func(w *bufio.Writer, r scored) error {
		_, err := w.Write(binary.LittleEndian.AppendUint64(nil, math.Float64bits(r.P)))
		return err
	})
}

func (e *evaluating) ours(file, metrics string) work {
	return work{name: "weighlock evaluate", cmd: command(filepath.Dir(file), e.bin, "evaluate", "--predictions", filepath.Base(file),
		"--label", "y", "--score", "p", "--metric", metrics, "--threshold", "0.5", "--slice", "a", "--slice", "b", "--slice", "c", "--json", "evaluation")}
}

func (e *evaluating) duckdb(file, area string) work {
	folder := os.Getenv("WEIGHLOCK_BENCH_DUCKDB")
	if folder == "" {
		e.t.Fatal("WEIGHLOCK_BENCH_DUCKDB names no folder: make bench installs DuckDB")
	}
	text, err := os.ReadFile("testdata/bench/duckdb.mjs")
	if err != nil {
		e.t.Fatal(err)
	}
	script := filepath.Join(folder, "weighlock-bench.mjs") // Node finds packages beside the script
	if err := os.WriteFile(script, text, 0o644); err != nil {
		e.t.Fatalf("%v\nmake bench installs DuckDB", err)
	}
	return work{name: "duckdb", cmd: command(filepath.Dir(file), "node", script, filepath.Base(file), area)}
}

func (e *evaluating) parquet() {
	dir := e.t.TempDir()
	area := streamed + ",roc_auc"
	type size struct {
		n         int
		pass, all cost
	}
	var sizes []size
	for _, n := range []int{e.rows / 4, e.rows / 2, e.rows, 2 * e.rows} {
		file := filepath.Join(dir, fmt.Sprintf("scored-%d.parquet", n))
		e.writeParquet(file, n)
		s := size{n: n}
		if n == e.rows {
			s.pass, s.all = e.beside(dir, file, area)
		} else {
			s.pass = e.compare(1, e.ours(file, streamed))[0]
			s.all = e.compare(1, e.ours(file, area))[0]
			e.line(n, "thirteen metrics of one pass, three columns of slices", s.pass, 0, 512)
			e.line(n, "the same and roc_auc", s.all, 0, 0)
		}
		sizes = append(sizes, s)
		if err := os.Remove(file); err != nil {
			e.t.Fatal(err)
		}
	}
	first, last := sizes[0], sizes[len(sizes)-1]
	growth := func(what string, a, b cost) {
		times := float64(b.wall) / float64(a.wall)
		e.add([]string{fmt.Sprintf("%s: %d times the rows", what, last.n/first.n), "", "", "", "",
			fmt.Sprintf("%.1f × the time", times), "≤ 10 ×", judgement(times <= 10)})
	}
	growth("one pass", first.pass, last.pass)
	growth("and roc_auc", first.all, last.all)
}

// beside runs the peers in turn with ours, and holds their values against ours.
func (e *evaluating) beside(dir, file, area string) (pass, all cost) {
	labels, scores := filepath.Join(dir, "y.npy"), filepath.Join(dir, "p.npy")
	e.writeArrays(labels, scores, e.rows)
	sklearn := func(more ...string) work {
		script, err := filepath.Abs("testdata/bench/sklearn_metrics.py")
		if err != nil {
			e.t.Fatal(err)
		}
		return work{name: "scikit-learn", cmd: command(dir, "/usr/bin/python3", append([]string{script, labels, scores}, more...)...)}
	}
	for _, asked := range []struct {
		what, metrics, area string
		least, memory       float64
		to                  *cost
	}{
		{"thirteen metrics of one pass, three columns of slices", streamed, "", 10, 512, &pass},
		{"the same and roc_auc", area, "roc_auc", 4, 0, &all},
	} {
		mine, duck, learn := e.ours(file, asked.metrics), e.duckdb(file, asked.area), sklearn(asked.area)
		costs := e.compare(3, mine, duck)
		*asked.to = costs[0]
		e.line(e.rows, asked.what, costs[0], asked.least, asked.memory)
		e.run(mine)
		values := e.answers()
		e.run(duck)
		var other map[string]map[string]float64
		e.decode(&other)
		e.agree("DuckDB", values, other, asked.metrics)
		without := "" // DuckDB takes the area of all rows alone
		if asked.area != "" {
			without = ", the area of all rows alone"
		}
		e.peerLine("DuckDB, the same from the same file, no intervals"+without, costs[0], costs[1].wall, costs[1])
		c := e.run(learn)
		var said struct {
			Values  map[string]float64
			Seconds float64
			Version string
		}
		e.decode(&said)
		e.agree("scikit-learn", values, map[string]map[string]float64{"": said.Values}, asked.metrics)
		e.peerLine("scikit-learn "+said.Version+", arrays in memory, no slices, no intervals, reading not counted", costs[0], time.Duration(said.Seconds*1e9), c)
	}
	return pass, all
}

func (e *evaluating) csv() {
	n := max(e.rows/5, 1000)
	file := filepath.Join(e.t.TempDir(), "scored.csv")
	size := e.writeCSV(file, n)
	c := e.compare(3, e.ours(file, streamed))[0]
	speed := float64(size) / 1e6 / c.wall.Seconds()
	e.add([]string{fmt.Sprintf("CSV of %d rows, %d MB, one pass", n, size/1e6), rate(n, c.wall), seconds(c.wall), seconds(c.cpu), mebibytes(c),
		fmt.Sprintf("%.0f MB/s", speed), "≥ 300 MB/s", judgement(speed >= 300)})
}

// answers are the values of our evaluation, of all rows under the empty name
// and of slices under column=value.
func (e *evaluating) answers() map[string]map[string]float64 {
	e.t.Helper()
	var said struct {
		Evaluation struct {
			Results []struct {
				Kind, Metric, By, Group, Status string
				Value                           *float64
			}
		}
	}
	e.decode(&said)
	out := map[string]map[string]float64{}
	for _, r := range said.Evaluation.Results {
		name := ""
		switch {
		case r.Kind == "slice":
			name = r.By + "=" + r.Group
		case r.Kind != "metric":
			continue
		}
		if r.Value == nil {
			e.t.Fatalf("%s of %q has no value: %s", r.Metric, name, r.Status)
		}
		if out[name] == nil {
			out[name] = map[string]float64{}
		}
		out[name][r.Metric] = *r.Value
	}
	return out
}

func (e *evaluating) decode(to any) {
	e.t.Helper()
	if err := json.Unmarshal([]byte(e.said), to); err != nil {
		e.t.Fatalf("%v\n%.2000s", err, e.said)
	}
}

// agree asserts that every value of a peer is ours, to 1e-9 of it.
func (e *evaluating) agree(peer string, ours, theirs map[string]map[string]float64, metrics string) {
	e.t.Helper()
	if len(theirs) != 1 && len(theirs) != len(ours) {
		e.t.Errorf("%s has %d groups of rows; want %d", peer, len(theirs), len(ours))
	}
	worst := 0.0
	for _, group := range slices.Sorted(maps.Keys(theirs)) {
		for _, name := range strings.Split(metrics, ",") {
			want, known := theirs[group][name]
			if !known && name == "roc_auc" && group != "" {
				continue
			}
			got, ok := ours[group][name]
			if difference := math.Abs(got-want) / math.Abs(want); !ok || !known || !(difference <= 1e-9) {
				e.t.Errorf("%s of %q: got %v; %s says %v", name, group, got, peer, want)
			} else {
				worst = max(worst, difference)
			}
		}
	}
	e.t.Logf("%s agrees on %d groups of rows, to %.1g", peer, len(theirs), worst)
}

// line adds what ours took, held against a least speed in million rows a
// second and a most memory in MiB; 0 holds nothing.
func (e *evaluating) line(n int, what string, c cost, least, memory float64) {
	var bars []string
	met := true
	if least > 0 {
		bars = append(bars, fmt.Sprintf("≥ %g M rows/s", least))
		met = met && float64(n)/1e6/c.wall.Seconds() >= least
	}
	if memory > 0 {
		bars = append(bars, fmt.Sprintf("< %g MiB", memory))
		met = met && float64(c.memory)/1024 < memory
	}
	said := ""
	if len(bars) > 0 {
		said = judgement(met)
	}
	e.add([]string{fmt.Sprintf("%d rows: %s", n, what), rate(n, c.wall), seconds(c.wall), seconds(c.cpu), mebibytes(c), "", strings.Join(bars, ", "), said})
}

func (e *evaluating) peerLine(peer string, ours cost, took time.Duration, theirs cost) {
	e.add([]string{"  beside " + peer, rate(e.rows, took), seconds(took), seconds(theirs.cpu), mebibytes(theirs),
		fmt.Sprintf("ours takes %.2f ×", float64(ours.wall)/float64(took)), "", ""})
}

func (e *evaluating) add(cells []string) {
	e.lines = append(e.lines, cells)
	e.t.Log(strings.Join(cells, " | "))
}

func rate(n int, took time.Duration) string {
	return fmt.Sprintf("%.2f", float64(n)/1e6/took.Seconds())
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f", d.Seconds()) }

func mebibytes(c cost) string { return fmt.Sprintf("%.0f", float64(c.memory)/1024) }

func (e *evaluating) table() string {
	var out bytes.Buffer
	w := tabwriter.NewWriter(&out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "work\tM rows/s\ts\tCPU s\tMiB at most\t\tbar\t")
	for _, r := range e.lines {
		fmt.Fprintln(w, strings.Join(r, "\t"))
	}
	w.Flush()
	return out.String()
}
