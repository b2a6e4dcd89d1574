package main

import (
	"encoding/csv"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/rogpeppe/go-internal/testscript"
)

// setting is what the servers of one script share with it: what time it is,
// and whether a request is to interrupt the program.
type setting struct {
	sync.Mutex
	clock time.Time      // zero: the process's own, shifted
	traps map[string]int // by server: how many requests until one interrupts
	pid   string         // file into which the program writes its process id
}

type settingKey struct{}

func settingOf(ts *testscript.TestScript) *setting { return ts.Value(settingKey{}).(*setting) }

// now is the clock of a server that is shifted by a duration.
func (s *setting) now(shift time.Duration) time.Time {
	s.Lock()
	defer s.Unlock()
	if !s.clock.IsZero() {
		return s.clock
	}
	return time.Now().Add(shift)
}

// trapped serves as h does, until the request that a script has set a trap
// for: that one interrupts the program, as Ctrl-C does, and is not answered.
func (s *setting) trapped(server string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		s.Lock()
		left := s.traps[server]
		s.traps[server] = max(0, left-1)
		s.Unlock()
		if left != 1 {
			h.ServeHTTP(rw, r)
			return
		}
		if err := s.interrupt(); err != nil {
			http.Error(rw, err.Error(), http.StatusTeapot)
			return
		}
		_, _ = io.Copy(io.Discard, r.Body) // only then the server sees the client go
		<-r.Context().Done()
	})
}

func (s *setting) interrupt() error {
	b, err := os.ReadFile(s.pid)
	if err != nil {
		return err
	}
	pid, err := strconv.Atoi(string(b))
	if err != nil {
		return err
	}
	return syscall.Kill(pid, syscall.SIGINT)
}

// setTrap: trap SERVER N lets the Nth request from now to the tsa or the
// registry interrupt the program that makes it.
func setTrap(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 || args[0] != "tsa" && args[0] != "registry" {
		ts.Fatalf("usage: trap tsa|registry N")
	}
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	s := settingOf(ts)
	s.Lock()
	defer s.Unlock()
	s.traps[args[0]] = n
}

// setClock: clock TIME stops the program's clock, and that of the timestamp
// authority, at a moment.
func setClock(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: clock TIME")
	}
	at, err := time.Parse(time.RFC3339, args[0])
	ts.Check(err)
	ts.Setenv("TEST_CLOCK", args[0])
	s := settingOf(ts)
	s.Lock()
	defer s.Unlock()
	s.clock = at
}

// release: release DIR lays out the small project at level release, as a git
// checkout of its own that nothing has been trained in.
func release(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: release DIR")
	}
	copyTree(ts, false, []string{filepath.Join(ts.Getenv("ROOT"), "cmd/weighlock/testdata/small-release"), args[0]})
	dir := ts.MkAbs(args[0])
	for _, line := range []string{"init -q", "add -A", "commit -q -m first"} {
		git := append([]string{"-C", dir, "-c", "user.name=t", "-c", "user.email=t@example.com"}, strings.Fields(line)...)
		if out, err := exec.Command("git", git...).CombinedOutput(); err != nil {
			ts.Fatalf("git %s: %v\n%s", line, err, out)
		}
	}
}

// nobody is the user and group id of the ordinary user whom a test that runs
// as root becomes.
const nobody = 65534

// ordinary: ordinary STATUS weighlock [ARGS...] is exit as an ordinary user, to
// whom a script's whole folder then belongs: root may write everywhere.
func ordinary(ts *testscript.TestScript, neg bool, args []string) {
	if os.Geteuid() != 0 {
		exit(ts, neg, args)
		return
	}
	if neg || len(args) < 2 {
		ts.Fatalf("usage: ordinary STATUS PROGRAM [ARGS...]")
	}
	work := ts.Getenv("WORK")
	ts.Check(os.Chmod(filepath.Dir(work), 0o711)) // the way into it is root's
	ts.Check(filepath.WalkDir(work, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, nobody, nobody)
	}))
	ts.Setenv("TEST_USER", strconv.Itoa(nobody))
	exit(ts, false, args)
	ts.Setenv("TEST_USER", "")
}

// toParquet: parquet CSV FILE writes a CSV file of ids and scores as Parquet.
func toParquet(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: parquet CSV FILE")
	}
	type scored struct {
		ID    string  `parquet:"id"`
		Score float64 `parquet:"score"`
	}
	records, err := csv.NewReader(strings.NewReader(ts.ReadFile(args[0]))).ReadAll()
	ts.Check(err)
	var rows []scored
	for _, r := range records[1:] {
		score, err := strconv.ParseFloat(r[1], 64)
		ts.Check(err)
		rows = append(rows, scored{r[0], score})
	}
	ts.Check(parquet.WriteFile(ts.MkAbs(args[1]), rows))
}

// truncate: truncate FILE N keeps the first N bytes, or all but the last -N.
func truncate(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: truncate FILE N")
	}
	path := ts.MkAbs(args[0])
	info, err := os.Stat(path)
	ts.Check(err)
	n, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	if n < 0 {
		n += info.Size()
	}
	ts.Check(os.Truncate(path, n))
}
