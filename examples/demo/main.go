// Command demo tells Weighlock's story in a terminal: it runs the real
// program on the two examples, prints each command before it runs and its
// output as it is, and stops when one ends otherwise than the story says. A
// timestamp authority and a registry are served on loopback while it runs.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"

	"github.com/weighlock/weighlock/internal/tsa"
)

func main() {
	bin := flag.String("bin", "bin/weighlock", "the program")
	examples := flag.String("examples", "examples", "folder of the examples")
	out := flag.String("out", "demo-out", "folder to work in; it is emptied first")
	flag.Parse()
	if err := tell(*bin, *examples, *out); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func tell(bin, examples, out string) error {
	s, err := newStage(bin, out)
	if err != nil {
		return err
	}
	defer s.close()
	for _, part := range []func(*stage, string) error{stranger, team, worse, lies, look} {
		if err := part(s, examples); err != nil {
			return err
		}
	}
	s.say("Done", `Everything is real and still there. Look around:

  %s
    breast-cancer/     the stranger's model and its project file
    credit-default/    the team's project; .weighlock/ holds its signed statements
    models/            the OCI layout with 1.0.0, and the refused image by digest
    config/            key, id key and verifier file (password: demo)

  The registry and the timestamp authority were served by this demo and end with it.`, s.out)
	return nil
}

// stage is the demo's folder, its servers and the environment of its commands.
type stage struct {
	out, registry string
	env           []string
	servers       []*httptest.Server
	began         time.Time
}

func newStage(bin, out string) (*stage, error) {
	out, err := filepath.Abs(out)
	if err != nil {
		return nil, err
	}
	if err := empty(out); err != nil {
		return nil, err
	}
	bin, err = filepath.Abs(bin)
	if err != nil {
		return nil, err
	}
	authority, err := tsa.New(time.Now)
	if err != nil {
		return nil, fmt.Errorf("starting the timestamp authority: %w", err)
	}
	s := &stage{out: out, began: time.Now()}
	tsaURL := s.serve(authority)
	s.registry = strings.TrimPrefix(s.serve(registry.New(registry.WithReferrersSupport(true), registry.Logger(log.New(io.Discard, "", 0)))), "http://")
	if err := os.WriteFile(filepath.Join(out, "tsa.pem"), authority.CertificatesPEM(), 0o644); err != nil {
		return nil, err
	}
	s.env = append(slices.DeleteFunc(os.Environ(), own),
		"PATH="+filepath.Dir(bin)+string(os.PathListSeparator)+os.Getenv("PATH"),
		"WEIGHLOCK_CONFIG="+filepath.Join(out, "config"),
		"WEIGHLOCK_PASSWORD=demo", "WEIGHLOCK_TSA="+tsaURL,
	)
	return s, nil
}

// own says of a variable that it is a setting of Weighlock's, which the demo
// takes from nobody.
func own(variable string) bool {
	return strings.HasPrefix(variable, "WEIGHLOCK_") || strings.HasPrefix(variable, "SOURCE_DATE_EPOCH=")
}

// empty makes a folder fresh. It only ever deletes a folder that an earlier
// demo has marked as its own.
func empty(dir string) error {
	mark := filepath.Join(dir, ".weighlock-demo")
	entries, err := os.ReadDir(dir)
	if err == nil && len(entries) > 0 {
		if _, err := os.Stat(mark); err != nil {
			return fmt.Errorf("%s holds files that are not a demo's; name another folder with -out", dir)
		}
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return os.WriteFile(mark, nil, 0o644)
}

// serve serves on loopback and returns the address.
func (s *stage) serve(h http.Handler) string {
	server := httptest.NewUnstartedServer(h)
	if l, err := net.Listen("tcp", "127.0.0.1:0"); err == nil {
		server.Listener = l
	}
	server.Start()
	s.servers = append(s.servers, server)
	return server.URL
}

func (s *stage) close() {
	for _, server := range s.servers {
		server.Close()
	}
}
