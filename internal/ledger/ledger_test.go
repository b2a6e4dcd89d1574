package ledger_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	ggcr "github.com/google/go-containerregistry/pkg/registry"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/attest"
	"github.com/weighlock/weighlock/internal/ledger"
	"github.com/weighlock/weighlock/internal/oci"
	"github.com/weighlock/weighlock/internal/sign"
	"github.com/weighlock/weighlock/internal/verifier"
)

var stores = []struct {
	name string
	ref  func(t *testing.T) string
}{
	{"layout", func(t *testing.T) string { return "oci:" + t.TempDir() + "/card-default" }},
	{"registry with the referrers API", func(t *testing.T) string { return serve(t, true) + "/acme/card-default" }},
	{"registry without the referrers API", func(t *testing.T) string { return serve(t, false) + "/acme/card-default" }},
}

func serve(t *testing.T, referrers bool) string {
	s := httptest.NewServer(ggcr.New(ggcr.WithReferrersSupport(referrers), ggcr.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}

func open(t *testing.T, ref string) *oci.Repository {
	t.Helper()
	r, _, err := oci.Open(ref, oci.Options{Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func newKey(t *testing.T) *sign.Key {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	k, err := sign.ParseKey(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func trusting(t *testing.T, keys ...verifier.Key) *sign.Trust {
	t.Helper()
	trust, err := sign.NewTrust(&verifier.File{Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	return trust
}

func listed(name string, k *sign.Key, roles ...string) verifier.Key {
	return verifier.Key{Name: name, Public: string(k.Public()), Roles: roles}
}

var image = artifact.Digest([]byte("image"))

// attempt is a denied publish attempt, as publish writes one.
func attempt(repository string, sequence int, previous string) map[string]any {
	p := map[string]any{
		"model": map[string]any{"name": "card-default", "digest": image}, "repository": repository, "sequence": sequence,
		"kind": "publish", "outcome": "deny", "verdict": artifact.Digest([]byte("verdict")),
		"spec": artifact.Digest([]byte("spec")), "data": artifact.Digest([]byte("data")),
		"time": "2026-11-20T12:00:00Z", "reasons": []string{"slice:recall"},
	}
	if previous != "" {
		p["previous"] = previous
	}
	return p
}

func bundle(t *testing.T, k *sign.Key, predicate map[string]any) []byte {
	t.Helper()
	s, err := attest.New("attempt", []attest.Subject{attest.Of("card-default", image)}, predicate)
	if err != nil {
		t.Fatal(err)
	}
	b, err := k.Sign(t.Context(), s, nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// fixture is a chain of n entries by a gate.
type fixture struct {
	*ledger.Chain
	key   *sign.Key
	trust *sign.Trust
}

func newFixture(t *testing.T, ref string, n int) *fixture {
	t.Helper()
	key := newKey(t)
	f := &fixture{ledger.Attempts(open(t, ref)), key, trusting(t, listed("ci", key, "gate"))}
	for range n {
		if _, _, err := f.AppendRetry(t.Context(), f.trust, f.make(t)); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

func (f *fixture) make(t *testing.T) ledger.Make {
	return func(sequence int, previous string) ([]byte, error) {
		return bundle(t, f.key, attempt(f.Repo.Name(), sequence, previous)), nil
	}
}

// put stores an entry's manifest as anyone with push rights could.
func (f *fixture) put(t *testing.T, b []byte, subject *oci.Descriptor, tag string) oci.Descriptor {
	t.Helper()
	d, err := f.Repo.PushArtifact(t.Context(), oci.Artifact{Type: artifact.MediaTypeEntry, Layers: []oci.Layer{{MediaType: artifact.MediaTypeBundle, Bytes: b}}, Subject: subject})
	if err != nil {
		t.Fatal(err)
	}
	if tag != "" {
		if err := f.Repo.Tag(t.Context(), d, tag); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

func (f *fixture) at(t *testing.T, n int) *oci.Descriptor {
	t.Helper()
	d, err := f.Repo.Resolve(t.Context(), artifact.EntryTag(f.Prefix, n))
	if err != nil {
		t.Fatal(err)
	}
	return &d
}

func eachStore(t *testing.T, n int, test func(t *testing.T, f *fixture)) {
	for _, s := range stores {
		t.Run(s.name, func(t *testing.T) { test(t, newFixture(t, s.ref(t), n)) })
	}
}

func TestChainOfEntriesIsReadAndVerified(t *testing.T) {
	eachStore(t, 0, func(t *testing.T, f *fixture) {
		for n := range 6 {
			s, err := f.Read(t.Context(), f.trust)
			if err != nil || len(s.Entries) != n || s.Empty() != (n == 0) || (s.Head() == nil) != (n == 0) || len(s.Ignored) != 0 {
				t.Fatalf("after %d: got %+v, %v", n, s, err)
			}
			e, err := f.Append(t.Context(), s, f.make(t))
			if err != nil || e.Sequence != n+1 {
				t.Fatalf("appending %d: got %d, %v", n+1, e.Sequence, err)
			}
			head, d, err := f.Head(t.Context())
			if err != nil || head != n+1 || d.Digest != e.Manifest {
				t.Fatalf("got head %d %s, %v; want %d %s", head, d.Digest, err, n+1, e.Manifest)
			}
		}
		s, err := f.Read(t.Context(), f.trust)
		if err != nil {
			t.Fatal(err)
		}
		for i, e := range s.Entries {
			if e.Sequence != i+1 || e.Verified.Signer != "ci" || !e.Verified.Statement.About(image) || e.Manifest != f.at(t, i+1).Digest {
				t.Errorf("entry %d: got %+v", i+1, e)
			}
		}
	})
}

func TestDamagedChainIsRefused(t *testing.T) {
	cases := []struct {
		name   string
		damage func(t *testing.T, f *fixture)
		want   error
		says   string // behind the chain's name; see named
	}{
		{"middle tag deleted", func(t *testing.T, f *fixture) { f.untag(t, 3) }, ledger.ErrGap, "entry missing from the chain: at-000003"},
		{"first tag deleted", func(t *testing.T, f *fixture) { f.untag(t, 1) }, ledger.ErrGap, "entry missing from the chain: there is no at-000001, and there is at-000002"},
		{"last tag deleted, its manifest still there", func(t *testing.T, f *fixture) { f.untag(t, 5) }, ledger.ErrGap, "entry missing from the chain: <other> follows at-000004, and has no tag at-000005\nhint: give it that tag again, and find out who took it away"},
		{"end deleted, and the caller knows of it", func(t *testing.T, f *fixture) {
			d := f.at(t, 5)
			f.untag(t, 5)
			if err := f.Repo.Delete(t.Context(), d.Digest); err != nil {
				t.Fatal(err)
			}
			f.Least = 5
		}, ledger.ErrGap, "entry missing from the chain: it ends at 4, and 5 entries are known"},
		{"two entries follow the same one", func(t *testing.T, f *fixture) {
			f.put(t, bundle(t, f.key, attempt("card-default", 3, f.at(t, 2).Digest)), f.at(t, 2), "")
		}, ledger.ErrFork, "the chain forks: <other> follows at-000002, as at-000003 does"},
		{"entry replaced by another signed one", func(t *testing.T, f *fixture) {
			f.put(t, bundle(t, f.key, attempt("card-default", 3, f.at(t, 2).Digest)), f.at(t, 2), "at-000003")
		}, ledger.ErrEntry, "at-000004: entry does not belong in the chain: its subject is <other>, not <3>"},
		{"head replaced by another signed one", func(t *testing.T, f *fixture) {
			f.put(t, bundle(t, f.key, attempt("card-default", 5, f.at(t, 4).Digest)), f.at(t, 4), "at-000005")
		}, ledger.ErrFork, "the chain forks: <other> follows at-000004, as at-000005 does"},
		{"older entry under a later tag", func(t *testing.T, f *fixture) {
			if err := f.Repo.Tag(t.Context(), *f.at(t, 2), "at-000006"); err != nil {
				t.Fatal(err)
			}
		}, ledger.ErrEntry, "at-000006: entry does not belong in the chain: its subject is <1>, not <5>"},
		{"payload edited", func(t *testing.T, f *fixture) {
			b := bundle(t, f.key, attempt("card-default", 6, f.at(t, 5).Digest))
			f.put(t, edited(t, b), f.at(t, 5), "at-000006")
		}, ledger.ErrEntry, "at-000006: entry does not belong in the chain: signature does not match: the bundle names key \"ci\", which did not sign these bytes\nhint: it was altered after signing; get it again from where it was made"},
		{"stranger's signature", func(t *testing.T, f *fixture) {
			f.put(t, bundle(t, newKey(t), attempt("card-default", 6, f.at(t, 5).Digest)), f.at(t, 5), "at-000006")
		}, sign.ErrUntrusted, "at-000006: entry does not belong in the chain: signed by nobody whom the verifier file lists: the bundle names key \"<key>\""},
		{"signed by someone without the role", func(t *testing.T, f *fixture) {
			builder := newKey(t)
			f.trust = trusting(t, listed("ci", f.key, "gate"), listed("dev", builder, "builder"))
			f.put(t, bundle(t, builder, attempt("card-default", 6, f.at(t, 5).Digest)), f.at(t, 5), "at-000006")
		}, ledger.ErrEntry, "at-000006: entry does not belong in the chain: dev may not sign a statement of type \"attempt\" (roles [\"builder\"])"},
		{"entry of another repository", func(t *testing.T, f *fixture) {
			f.put(t, bundle(t, f.key, attempt("fraud", 6, f.at(t, 5).Digest)), f.at(t, 5), "at-000006")
		}, ledger.ErrEntry, "at-000006: entry does not belong in the chain: it was signed for repository \"fraud\", and lies in \"card-default\""},
		{"number signed differs from the tag", func(t *testing.T, f *fixture) {
			f.put(t, bundle(t, f.key, attempt("card-default", 7, f.at(t, 5).Digest)), f.at(t, 5), "at-000006")
		}, ledger.ErrEntry, "at-000006: entry does not belong in the chain: it was signed as number 7, and lies at 6"},
		{"predecessor signed differs from the subject", func(t *testing.T, f *fixture) {
			f.put(t, bundle(t, f.key, attempt("card-default", 6, f.at(t, 4).Digest)), f.at(t, 5), "at-000006")
		}, ledger.ErrEntry, "at-000006: entry does not belong in the chain: it was signed to follow <4>, and follows <5>"},
		{"subject missing", func(t *testing.T, f *fixture) {
			f.put(t, bundle(t, f.key, attempt("card-default", 6, f.at(t, 5).Digest)), nil, "at-000006")
		}, ledger.ErrEntry, "at-000006: entry does not belong in the chain: its subject is nothing, not <5>"},
		{"statement that no attempt is", func(t *testing.T, f *fixture) {
			statement, err := attest.NewSignature(attest.Of("card-default", image))
			if err != nil {
				t.Fatal(err)
			}
			b, err := f.key.Sign(t.Context(), statement, nil)
			if err != nil {
				t.Fatal(err)
			}
			f.put(t, b, f.at(t, 5), "at-000006")
		}, ledger.ErrEntry, "at-000006: entry does not belong in the chain: a statement of type https://sigstore.dev/cosign/sign/v1 is none of [\"attempt\" \"withdrawal\" \"incident\"]"},
		{"something else under an entry's tag", func(t *testing.T, f *fixture) {
			d, err := f.Repo.PushArtifact(t.Context(), oci.Artifact{Type: "application/x", Subject: f.at(t, 5)})
			if err == nil {
				err = f.Repo.Tag(t.Context(), d, "at-000006")
			}
			if err != nil {
				t.Fatal(err)
			}
		}, ledger.ErrEntry, "at-000006: entry does not belong in the chain: its manifest is no entry's (type \"application/x\", 1 layers)"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			eachStore(t, 5, func(t *testing.T, f *fixture) {
				c.damage(t, f)
				s, err := f.Read(t.Context(), f.trust)
				if !errors.Is(err, c.want) || !errors.Is(err, oci.ErrIntegrity) || s != nil {
					t.Errorf("got %v, %v; want %v", s, err, c.want)
				}
				f.says(t, err, "chain at- in REPO: "+c.says)
			})
		})
	}
}

// named puts names in place of what differs from run to run: REPO for the
// repository, its folder or host, <3> for the manifest at tag at-000003, <image>
// and <other>.
func (f *fixture) named(text string) string {
	names := map[string]string{image: "<image>"}
	for n := 1; n <= 6; n++ {
		if d, err := f.Repo.Resolve(context.Background(), artifact.EntryTag(f.Prefix, n)); err == nil && names[d.Digest] == "" {
			names[d.Digest] = fmt.Sprintf("<%d>", n)
		}
	}
	text = strings.ReplaceAll(text, f.Repo.String(), "REPO")
	text = keyIDs.ReplaceAllString(text, `"<key>"`)
	return digests.ReplaceAllStringFunc(text, func(d string) string { return cmp.Or(names[d], "<other>") })
}

var (
	digests = regexp.MustCompile("sha256:[0-9a-f]{64}")
	keyIDs  = regexp.MustCompile(`"[A-Za-z0-9+/]{43}="`)
)

func (f *fixture) says(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil {
		t.Fatalf("got no error; want %s", want)
	}
	if got := f.named(err.Error()); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func (f *fixture) untag(t *testing.T, n int) {
	t.Helper()
	if err := f.Repo.Delete(t.Context(), artifact.EntryTag(f.Prefix, n)); err != nil {
		t.Fatal(err)
	}
}

// edited is a bundle whose statement says something else than was signed.
func edited(t *testing.T, b []byte) []byte {
	t.Helper()
	const mark = `"payload":"`
	s := string(b)
	i := strings.Index(s, mark)
	if i < 0 {
		t.Fatalf("no payload in %s", s)
	}
	// The first characters of the payload are {"_t; the outcome lies deep in it.
	i += len(mark) + 400
	r := byte('A')
	if s[i] == r {
		r = 'B'
	}
	return []byte(s[:i] + string(r) + s[i+1:])
}

func TestStrangersFollowersAreIgnoredAndListed(t *testing.T) {
	eachStore(t, 3, func(t *testing.T, f *fixture) {
		d := f.put(t, bundle(t, newKey(t), attempt("card-default", 3, f.at(t, 2).Digest)), f.at(t, 2), "")
		s, err := f.Read(t.Context(), f.trust)
		if err != nil || len(s.Entries) != 3 || len(s.Ignored) != 1 || s.Ignored[0].Manifest != d.Digest {
			t.Errorf("got %+v, %v; want 3 entries and %s ignored", s, err, d.Digest)
		}
	})
}

func TestWritersThatRaceKeepEveryEntry(t *testing.T) {
	const writers, each = 2, 100
	for _, s := range stores {
		t.Run(s.name, func(t *testing.T) {
			ref := s.ref(t)
			f := newFixture(t, ref, 0)
			var wg sync.WaitGroup
			var raced atomic.Int64
			for range writers {
				chain := f.Chain
				if strings.HasPrefix(ref, "oci:") { // exact between processes; a registry is not
					chain = ledger.Attempts(open(t, ref))
				}
				wg.Go(func() {
					state := &ledger.State{}
					for done := 0; done < each; {
						var err error
						if state, err = chain.Extend(t.Context(), f.trust, state); err == nil {
							_, err = chain.Append(t.Context(), state, f.make(t))
						}
						switch {
						case err == nil:
							done++
						case errors.Is(err, ledger.ErrRaced):
							raced.Add(1)
						default:
							t.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			s, err := f.Read(t.Context(), f.trust)
			if err != nil || len(s.Entries) != writers*each {
				t.Fatalf("got %v; want %d entries", err, writers*each)
			}
			t.Logf("%d races were lost", raced.Load())
		})
	}
}

// Each writer here is what one process has; a registry cannot tell who was
// first, so they take turns.
func TestProcessesThatAppendToARegistryTakeTurns(t *testing.T) {
	ref := serve(t, true) + "/acme/card-default"
	f := newFixture(t, ref, 1)
	const writers = 5
	var wg sync.WaitGroup
	for range writers {
		r, _, err := oci.Open(ref, oci.Options{Settle: 300 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			if _, _, err := ledger.Attempts(r).AppendRetry(t.Context(), f.trust, f.make(t)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	s, err := f.Read(t.Context(), f.trust)
	if err != nil || len(s.Entries) != 1+writers || len(s.Ignored) != 0 {
		t.Errorf("got %+v, %v; want %d entries and nothing beside them", s, err, 1+writers)
	}
}

func TestStaleStateIsRaced(t *testing.T) {
	eachStore(t, 2, func(t *testing.T, f *fixture) {
		stale, err := f.Read(t.Context(), f.trust)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Append(t.Context(), stale, f.make(t)); err != nil {
			t.Fatal(err)
		}
		_, err = f.Append(t.Context(), stale, f.make(t))
		if !errors.Is(err, ledger.ErrRaced) {
			t.Fatalf("got %v; want ErrRaced", err)
		}
		f.says(t, err, "at-000003: another entry was appended first")
		e, before, err := f.AppendRetry(t.Context(), f.trust, f.make(t))
		if err != nil || e.Sequence != 4 || len(before.Entries) != 3 {
			t.Fatalf("got %d after %v, %v; want 4", e.Sequence, before, err)
		}
		if s, err := f.Read(t.Context(), f.trust); err != nil || len(s.Entries) != 4 || len(s.Ignored) != 0 {
			t.Errorf("got %v, %v; want 4 entries and nothing left of the race", s, err)
		}
	})
}

func TestEntryThatDoesNotFitIsNotAppended(t *testing.T) {
	wrong := map[string]func(f *fixture, n int, prev string) map[string]any{
		"number":      func(f *fixture, n int, prev string) map[string]any { return attempt("card-default", n+1, prev) },
		"predecessor": func(f *fixture, n int, prev string) map[string]any { return attempt("card-default", n, image) },
		"repository":  func(f *fixture, n int, prev string) map[string]any { return attempt("fraud", n, prev) },
	}
	f := newFixture(t, "oci:"+t.TempDir()+"/card-default", 1)
	for name, predicate := range wrong {
		_, _, err := f.AppendRetry(t.Context(), f.trust, func(n int, prev string) ([]byte, error) { return bundle(t, f.key, predicate(f, n, prev)), nil })
		if !errors.Is(err, ledger.ErrEntry) {
			t.Errorf("wrong %s: got %v; want ErrEntry", name, err)
		}
	}
	if n, _, err := f.Head(t.Context()); n != 1 || err != nil {
		t.Errorf("got head %d, %v; want 1", n, err)
	}
}

func TestFaultIsNeverAnEmptyChain(t *testing.T) {
	for _, status := range []int{401, 403, 429, 500, 503} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/v2/" {
					return
				}
				w.WriteHeader(status)
			}))
			defer s.Close()
			f := newFixture(t, strings.TrimPrefix(s.URL, "http://")+"/acme/card-default", 0)
			want := oci.ErrNetwork
			if status < 429 {
				want = oci.ErrDenied
			}
			if state, err := f.Read(t.Context(), f.trust); state != nil || !errors.Is(err, want) {
				t.Errorf("read: got %v, %v; want %v", state, err, want)
			}
			if _, _, err := f.Head(t.Context()); !errors.Is(err, want) {
				t.Errorf("head: got %v; want %v", err, want)
			}
		})
	}
}

// A registry that has n entries, of which each request may see one.
func TestHeadOfALongChainTakesFewRequests(t *testing.T) {
	for _, length := range []int{0, 1, 2, 3, 999, 1024, 10_000, 999_999} {
		var asked atomic.Int64
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/v2/" {
				return
			}
			asked.Add(1)
			n, ok := artifact.EntrySeq(artifact.AttemptsPrefix, r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:])
			if !ok || n > length {
				w.WriteHeader(http.StatusNotFound)
				return
			}
			w.Header().Set("Content-Type", artifact.MediaTypeManifest)
			fmt.Fprintf(w, `{"schemaVersion":2,"config":{"digest":%q,"size":2},"annotations":{"n":"%d"}}`, image, n)
		}))
		f := newFixture(t, strings.TrimPrefix(s.URL, "http://")+"/acme/card-default", 0)
		n, d, err := f.Head(t.Context())
		if err != nil || n != length || (n > 0 && d.Annotations["n"] != fmt.Sprint(n)) {
			t.Errorf("got %d %v, %v; want %d", n, d, err, length)
		}
		if asked.Load() > 42 {
			t.Errorf("%d entries took %d requests", length, asked.Load())
		}
		s.Close()
	}
}

// A registry that does not find an entry once, and has it: no shorter chain is
// taken for the whole.
func TestEntryThatIsNotFoundOnceIsReadAllTheSame(t *testing.T) {
	for _, n := range []int{1, 2, 4} { // by which the end is looked for
		t.Run(artifact.EntryTag(artifact.AttemptsPrefix, n), func(t *testing.T) {
			store := ggcr.New(ggcr.WithReferrersSupport(true), ggcr.Logger(log.New(io.Discard, "", 0)))
			var hidden atomic.Bool
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, "/"+artifact.EntryTag(artifact.AttemptsPrefix, n)) && hidden.Swap(false) {
					w.WriteHeader(http.StatusNotFound)
					return
				}
				store.ServeHTTP(w, r)
			}))
			defer s.Close()
			f := newFixture(t, strings.TrimPrefix(s.URL, "http://")+"/acme/card-default", 4)
			hidden.Store(true)
			state, err := f.Read(t.Context(), f.trust)
			if err != nil || len(state.Entries) != 4 || hidden.Load() {
				t.Errorf("got %v, %v; want 4 entries", state, err)
			}
		})
	}
}

func TestChainCannotBeReadTrustingNobody(t *testing.T) {
	f := newFixture(t, "oci:"+t.TempDir()+"/card-default", 1)
	s, err := f.Read(t.Context(), nil)
	f.says(t, err, "a chain cannot be read without knowing whom to trust")
	if s != nil {
		t.Errorf("got %v", s)
	}
}

// believer takes every bundle, and says nothing of who signed it.
type believer struct{}

func (believer) Verify([]byte) (*sign.Verified, error) { return nil, nil }

func TestEntryThatWasNotVerifiedDoesNotCount(t *testing.T) {
	f := newFixture(t, "oci:"+t.TempDir()+"/card-default", 1)
	s, err := f.Read(t.Context(), believer{})
	f.says(t, err, "chain at- in REPO: at-000001: entry does not belong in the chain: it was not verified")
	if s != nil || !errors.Is(err, ledger.ErrEntry) {
		t.Errorf("got %v, %v; want ErrEntry", s, err)
	}
}

// rollout is a step of a rollout in a channel, as a controller would write it.
func rollout(t *testing.T, k *sign.Key, channel string) []byte {
	t.Helper()
	s, err := attest.New("rollout", []attest.Subject{attest.Of("card-default", image)}, map[string]any{
		"model": map[string]any{"name": "card-default", "digest": image}, "repository": "card-default", "channel": channel, "sequence": 1,
		"rollout": strings.Repeat("0", 32), "kind": "observe", "champion": "none", "candidate": image, "policy": image, "parameters": image,
		"verifier": image, "phase": "canary", "step": 0, "actor": map[string]any{"name": "ci"},
		"tool": map[string]any{"name": "weighlock", "version": "1.0.0"}, "time": "2026-11-20T12:00:00Z",
	})
	if err != nil {
		t.Fatal(err)
	}
	b, err := k.Sign(t.Context(), s, nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestEntryOfAnotherChannel(t *testing.T) {
	key := newKey(t)
	f := &fixture{&ledger.Chain{Repo: open(t, "oci:"+t.TempDir()+"/card-default"), Prefix: "ro-production-"}, key, trusting(t, listed("ci", key, "rollout"))}
	_, _, err := f.AppendRetry(t.Context(), f.trust, func(int, string) ([]byte, error) { return rollout(t, key, "staging"), nil })
	const what = "entry does not belong in the chain: it was signed for channel \"staging\", and lies under ro-production-"
	f.says(t, err, "appending ro-production-000001: "+what)
	f.put(t, rollout(t, key, "staging"), nil, "ro-production-000001")
	s, err := f.Read(t.Context(), f.trust)
	f.says(t, err, "chain ro-production- in REPO: ro-production-000001: "+what)
	if s != nil || !errors.Is(err, ledger.ErrEntry) {
		t.Errorf("got %v, %v; want ErrEntry", s, err)
	}
	f.put(t, rollout(t, key, "production"), nil, "ro-production-000001")
	if s, err := f.Read(t.Context(), f.trust); err != nil || len(s.Entries) != 1 {
		t.Errorf("of this channel: got %v, %v; want one entry", s, err)
	}
}

func TestFollowerThatIsGoneIsIgnoredAndListed(t *testing.T) {
	dir := t.TempDir() + "/card-default"
	f := newFixture(t, "oci:"+dir, 2)
	d := f.put(t, bundle(t, f.key, attempt("card-default", 3, f.at(t, 2).Digest)), f.at(t, 2), "")
	if err := os.Remove(filepath.Join(dir, "blobs", "sha256", artifact.Hex(d.Digest))); err != nil {
		t.Fatal(err)
	}
	s, err := f.Read(t.Context(), f.trust)
	if err != nil || len(s.Entries) != 2 {
		t.Fatalf("got %v, %v; want two entries", s, err)
	}
	if diff := gocmp.Diff([]ledger.Ignored{{Manifest: d.Digest, Reason: "it is listed, and gone"}}, s.Ignored); diff != "" {
		t.Errorf("ignored (-want +got):\n%s", diff)
	}
}

// front is a registry with something before it that may answer first.
func front(t *testing.T, before func(inner http.Handler, w http.ResponseWriter, r *http.Request) (done bool)) (f *fixture, stand func(bool)) {
	t.Helper()
	var on atomic.Bool
	inner := ggcr.New(ggcr.WithReferrersSupport(true), ggcr.Logger(log.New(io.Discard, "", 0)))
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !on.Load() || !before(inner, w, r) {
			inner.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(s.Close)
	return newFixture(t, strings.TrimPrefix(s.URL, "http://")+"/acme/card-default", 2), on.Store
}

func TestRegistryThatListsNoTags(t *testing.T) {
	f, stand := front(t, func(_ http.Handler, w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/tags/list") {
			return false
		}
		w.WriteHeader(http.StatusNotFound)
		return true
	})
	stand(true)
	s, err := f.Read(t.Context(), f.trust)
	f.says(t, err, "chain at- in REPO: registry or network fault: there are 2 entries, and the registry lists no tags\nhint: let the account list tags too; without them an entry behind a gap is not seen")
	if s != nil || !errors.Is(err, oci.ErrNetwork) {
		t.Errorf("got %v, %v; want oci.ErrNetwork", s, err)
	}
}

// An entry that was written and cannot be read back is not an entry: what
// rests on it must not go on.
func TestEntryThatIsNotKept(t *testing.T) {
	var read atomic.Int64
	f, stand := front(t, func(_ http.Handler, w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodGet || !strings.HasSuffix(r.URL.Path, "/at-000003") {
			return false
		}
		if read.Add(1) == 2 { // right behind the writing; before it there is none
			return false
		}
		w.WriteHeader(http.StatusNotFound)
		return true
	})
	s, err := f.Read(t.Context(), f.trust)
	if err != nil {
		t.Fatal(err)
	}
	stand(true)
	_, err = f.Append(t.Context(), s, f.make(t))
	stand(false)
	f.says(t, err, "registry or network fault: at-000003 was written to REPO and is not there")
	if !errors.Is(err, oci.ErrNetwork) {
		t.Errorf("got %v; want oci.ErrNetwork", err)
	}
}

// The other writer's tag lands right behind ours, and what we pushed may not
// be deleted.
func TestLostRaceThatCannotBeTakenBack(t *testing.T) {
	var theirs []byte
	f, stand := front(t, func(inner http.Handler, w http.ResponseWriter, r *http.Request) bool {
		switch {
		case r.Method == http.MethodDelete:
			w.WriteHeader(http.StatusMethodNotAllowed)
			return true
		case r.Method == http.MethodPut && strings.HasSuffix(r.URL.Path, "/at-000003"):
			inner.ServeHTTP(w, r)
			put := httptest.NewRequest(http.MethodPut, r.URL.Path, bytes.NewReader(theirs))
			put.Header.Set("Content-Type", artifact.MediaTypeManifest)
			inner.ServeHTTP(httptest.NewRecorder(), put)
			return true
		}
		return false
	})
	stale, err := f.Read(t.Context(), f.trust)
	if err == nil {
		_, err = f.Append(t.Context(), stale, f.make(t))
	}
	if err == nil {
		theirs, _, err = f.Repo.Manifest(t.Context(), f.at(t, 3).Digest)
	}
	if err != nil {
		t.Fatal(err)
	}
	f.untag(t, 3)
	stand(true)
	_, err = f.Append(t.Context(), stale, f.make(t))
	stand(false)
	host, _, _ := strings.Cut(f.Repo.String(), "/")
	f.says(t, err, "at-000003: the chain forks, and what was pushed cannot be taken back: deleting <other> in REPO: the registry refused: "+
		"DELETE http://"+host+"/v2/acme/card-default/manifests/<other>: unexpected status code 405 Method Not Allowed\n"+
		"hint: delete manifest <other>, or the chain reads as forked")
	if !errors.Is(err, ledger.ErrFork) {
		t.Errorf("got %v; want ErrFork", err)
	}
}

// One entry more is listed than there is.
func listsAThird(w http.ResponseWriter, r *http.Request) bool {
	if !strings.HasSuffix(r.URL.Path, "/tags/list") {
		return false
	}
	w.Header().Set("Content-Type", "application/json")
	io.WriteString(w, `{"name":"acme/card-default","tags":["at-000001","at-000002","at-000003"]}`)
	return true
}

func TestEntryThatIsListedAndNotThere(t *testing.T) {
	f, stand := front(t, func(_ http.Handler, w http.ResponseWriter, r *http.Request) bool { return listsAThird(w, r) })
	stand(true)
	_, err := f.Read(t.Context(), f.trust)
	f.says(t, err, "chain at- in REPO: entry missing from the chain: at-000003 is listed, and is not there")
	if !errors.Is(err, ledger.ErrGap) {
		t.Errorf("got %v; want ledger.ErrGap", err)
	}
}

// A registry that finds an entry every second time only: the end of the chain
// is not looked for without end.
func TestEndThatIsNeverFound(t *testing.T) {
	var asked atomic.Int64
	f, stand := front(t, func(inner http.Handler, w http.ResponseWriter, r *http.Request) bool {
		switch {
		case listsAThird(w, r):
		case !strings.HasSuffix(r.URL.Path, "/at-000003"):
			return false
		case asked.Add(1)%2 == 1:
			w.WriteHeader(http.StatusNotFound)
		default:
			r.URL.Path = strings.Replace(r.URL.Path, "at-000003", "at-000002", 1)
			return false
		}
		return true
	})
	stand(true)
	_, err := f.Read(t.Context(), f.trust)
	f.says(t, err, "finding the end of chain at- in REPO: another entry was appended first, again and again")
	if !errors.Is(err, ledger.ErrRaced) {
		t.Errorf("got %v; want ledger.ErrRaced", err)
	}
}
