package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/weighlock/weighlock/internal/sign"
	"github.com/weighlock/weighlock/internal/verdict"
)

// dead is a network that fails, and notes that it was asked.
type dead struct{ asked []string }

func (d *dead) RoundTrip(r *http.Request) (*http.Response, error) {
	d.asked = append(d.asked, r.URL.String())
	return nil, errors.New("there is no network")
}

// TestHookAsksNobody runs the hook where a registry, a champion in it and a
// timestamp authority are configured, over a network that fails.
func TestHookAsksNobody(t *testing.T) {
	network := &dead{}
	was := http.DefaultTransport
	http.DefaultTransport = network
	t.Cleanup(func() { http.DefaultTransport = was })
	small, err := filepath.Abs("../../cmd/weighlock/testdata/small")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	if err := os.CopyFS("small", os.DirFS(small)); err != nil {
		t.Fatal(err)
	}
	project, err := os.ReadFile("small/weighlock.yaml")
	if err != nil {
		t.Fatal(err)
	}
	project = append(project, "  champion: {channel: production, metric: roc_auc, margin: 0.01}\n"...)
	if err := os.WriteFile("small/weighlock.yaml", project, 0o644); err != nil {
		t.Fatal(err)
	}
	var head string
	for _, args := range [][]string{{"init", "-q"}, {"add", "-A"}, {"commit", "-q", "-m", "1"}, {"rev-parse", "HEAD"}} {
		cmd := exec.Command("git", append([]string{"-c", "user.name=t", "-c", "user.email=t@example.com"}, args...)...)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
		head = strings.TrimSpace(string(out))
	}
	var out, said bytes.Buffer
	settings := map[string]string{
		"WEIGHLOCK_VERIFIER": verifierWithChampion(t), "WEIGHLOCK_TSA": "http://tsa.invalid", "HOME": t.TempDir(),
	}
	env := Env{
		In:  strings.NewReader("refs/heads/main " + head + " refs/heads/main " + strings.Repeat("0", 40)),
		Out: &out, Err: &said, Now: time.Now, Transport: network,
		Getenv: func(name string) string { return settings[name] }, Environ: os.Environ(),
	}
	got := Run(t.Context(), env, []string{"hook", "run", "--deadline", "1m", "pre-push", "origin", "https://git.invalid/x"})
	if got != verdict.ExitUndecided {
		t.Errorf("got status %d; want %d", got, verdict.ExitUndecided)
	}
	if !strings.Contains(out.String(), "UNDECIDED evaluation/champion") || !strings.Contains(said.String(), "lie in a registry, which a hook does not ask") {
		t.Errorf("the champion is not explained:\n%s%s", &out, &said)
	}
	if len(network.asked) > 0 {
		t.Errorf("the hook asked %v", network.asked)
	}
}

// verifierWithChampion trusts a new key, and says that the champion lies in
// a registry.
func verifierWithChampion(t *testing.T) string {
	t.Helper()
	_, public, err := sign.Generate([]byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(map[string]any{
		"schema": "https://weighlock.dev/verifier/v1", "name": "t", "level": "start",
		"keys":     []any{map[string]any{"name": "k", "public": string(public), "roles": []string{"builder"}}},
		"channels": map[string]any{"production": map[string]any{"champion": "sha256:" + strings.Repeat("ab", 32), "repository": "registry.invalid/acme/small"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "verifier.json")
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestWorseStatusWins(t *testing.T) {
	for _, test := range []struct{ a, b, want int }{
		{verdict.ExitOK, verdict.ExitUndecided, verdict.ExitUndecided},
		{verdict.ExitUndecided, verdict.ExitDenied, verdict.ExitDenied},
		{verdict.ExitBroken, verdict.ExitDenied, verdict.ExitBroken},
		{verdict.ExitDenied, verdict.ExitIntegrity, verdict.ExitIntegrity},
	} {
		if got := worse(test.a, test.b); got != test.want {
			t.Errorf("%d and %d: got %d; want %d", test.a, test.b, got, test.want)
		}
	}
}
