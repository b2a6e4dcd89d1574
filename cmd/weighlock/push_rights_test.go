package main

import (
	"context"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/catalog"
	"github.com/weighlock/weighlock/internal/oci"
	"github.com/weighlock/weighlock/internal/publish"
	"github.com/weighlock/weighlock/internal/tsa"
)

// pusher is somebody who may write anything into a model's repository, and
// has no key: 1.0.0 and 1.1.0 were allowed there, 1.2.0 was refused.
type pusher struct {
	*world
	first, second string // digests of what was allowed
}

func newPusher(t *testing.T) *pusher {
	t.Helper()
	authority, err := tsa.New(time.Now)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(authority)
	t.Cleanup(server.Close)
	dir := t.TempDir()
	p := &pusher{world: &world{t: t, dir: filepath.Join(dir, "project"), layout: filepath.Join(dir, "models", "small"), env: map[string]string{
		"WEIGHLOCK_CONFIG": filepath.Join(dir, "config"), "WEIGHLOCK_PASSWORD": "pw", "WEIGHLOCK_TSA": server.URL,
	}}}
	if err := os.CopyFS(p.dir, os.DirFS("testdata/small-release")); err != nil {
		t.Fatal(err)
	}
	chain := filepath.Join(dir, "tsa.pem")
	write(t, chain, authority.CertificatesPEM())
	p.shell("git init -q && git add -A && git -c user.name=t -c user.email=t@example.com commit -q -m first")
	p.must(0, "keygen", "--tsa-chain", chain)
	p.first = p.publish(0, "1.0.0", `{"weight": 1.0, "bias": 0.0}`)
	p.second = p.publish(0, "1.1.0", `{"weight": 1.5, "bias": 0.0}`)
	p.refused = p.publish(3, "1.2.0", `{"weight": -1.0, "bias": 0.0}`)
	return p
}

func (p *pusher) publish(want int, version, model string) string {
	p.t.Helper()
	write(p.t, filepath.Join(p.dir, "trained.json"), []byte(model+"\n"))
	p.must(0, "run", "--dir", p.dir, "--", "cp", "trained.json", "model.json")
	p.must(want, "publish", "--dir", p.dir, "oci:"+p.layout+":"+version)
	return strings.TrimSpace(p.must(0, "pack", p.dir))
}

// copied is the same pusher before a repository of its own, as the honest one
// is now, under a name.
func (p *pusher) copied(t *testing.T, name string) *pusher {
	t.Helper()
	w := *p.world
	w.t, w.layout = t, filepath.Join(t.TempDir(), name)
	if err := os.CopyFS(w.layout, os.DirFS(p.layout)); err != nil {
		t.Fatal(err)
	}
	return &pusher{&w, p.first, p.second}
}

func (p *pusher) ref(version string) string {
	if strings.HasPrefix(version, "sha256:") {
		return "oci:" + p.layout + "@" + version
	}
	return "oci:" + p.layout + ":" + version
}

func (p *pusher) repo() *oci.Repository {
	p.t.Helper()
	repo, _, err := oci.Open("oci:"+p.layout, oci.Options{})
	if err != nil {
		p.t.Fatal(err)
	}
	return repo
}

func (p *pusher) tag(digest, tag string) {
	p.t.Helper()
	d, err := p.repo().Resolve(context.Background(), digest)
	if err == nil {
		err = p.repo().Tag(context.Background(), d, tag)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *pusher) delete(what string) {
	p.t.Helper()
	if err := p.repo().Delete(context.Background(), what); err != nil {
		p.t.Fatal(err)
	}
}

func (p *pusher) resolve(tag string) string {
	p.t.Helper()
	d, err := p.repo().Resolve(context.Background(), tag)
	if err != nil {
		p.t.Fatal(err)
	}
	return d.Digest
}

// attached are the manifests of one kind of statement about an image.
func (p *pusher) attached(image, kind string) (manifests []catalog.Attached) {
	p.t.Helper()
	all, _, err := catalog.Bundles(context.Background(), p.repo(), image)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, a := range all {
		if kind == "" || a.Claim == kind || a.Claim == artifact.PredicateType(kind) {
			manifests = append(manifests, a)
		}
	}
	if len(manifests) == 0 {
		p.t.Fatalf("no %s is attached to %s", kind, image)
	}
	return manifests
}

// attach gives all that was said of one image to another.
func (p *pusher) attach(from, to string) {
	p.t.Helper()
	ctx := context.Background()
	d, err := p.repo().Resolve(ctx, to)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, a := range p.attached(from, "") {
		if _, err := publish.Attach(ctx, p.repo(), d, a.Claim, a.Bundle, time.Now()); err != nil {
			p.t.Fatal(err)
		}
	}
}

func (p *pusher) forget(image, kind string) {
	p.t.Helper()
	for _, a := range p.attached(image, kind) {
		p.delete(a.Manifest)
	}
}

// TestPushRightsAlone does what can be done with the right to push and no key.
// Nothing of it makes a refused model pass, an allowed one pass under another
// name, or verify say ok.
func TestPushRightsAlone(t *testing.T) {
	honest := newPusher(t)
	for _, version := range []string{"1.0.0", "1.1.0"} {
		honest.must(0, "gate", honest.ref(version))
		honest.must(0, "verify", honest.ref(version))
	}
	type command struct {
		want int
		args []string
	}
	const image = "REFUSED" // stands for the digest of 1.2.0
	tests := map[string]struct {
		do   func(p *pusher)
		then []command
	}{
		"nothing": {func(*pusher) {}, []command{
			{3, []string{"gate", image}}, {6, []string{"verify", image}}, {3, []string{"sign", image}},
		}},
		"another image's statements": {func(p *pusher) { p.attach(p.first, p.refused) }, []command{
			{3, []string{"gate", image}}, {6, []string{"verify", image}}, {3, []string{"sign", image}}, {3, []string{"gate", "--replay", image}},
		}},
		"another image's statements in place of its own": {func(p *pusher) {
			for _, kind := range []string{"evaluation", "datacheck", "verdict"} {
				p.forget(p.refused, kind)
			}
			p.attach(p.first, p.refused)
		}, []command{
			{4, []string{"gate", image}}, {6, []string{"verify", image}}, {4, []string{"sign", image}}, {2, []string{"gate", "--replay", image}},
		}},
		"a version's tag on the refused image": {func(p *pusher) { p.tag(p.refused, "1.0.0") }, []command{
			{6, []string{"gate", "1.0.0"}}, {6, []string{"verify", "1.0.0"}}, {6, []string{"sign", "1.0.0"}}, {6, []string{"show", "1.0.0"}},
		}},
		"a version's tag on another allowed image": {func(p *pusher) { p.tag(p.second, "1.0.0") }, []command{
			{6, []string{"gate", "1.0.0"}}, {6, []string{"verify", "1.0.0"}}, {6, []string{"gate", "--replay", "1.0.0"}},
		}},
		"a version's tag on another allowed image, whose verdict is gone": {func(p *pusher) {
			p.tag(p.second, "1.0.0")
			p.forget(p.second, "verdict")
		}, []command{{6, []string{"gate", "1.0.0"}}, {6, []string{"verify", "1.0.0"}}, {6, []string{"sign", "1.0.0"}}}},
		"a new version's tag": {func(p *pusher) { p.tag(p.first, "2.0.0") }, []command{
			{6, []string{"gate", "2.0.0"}}, {6, []string{"verify", "2.0.0"}},
		}},
		"no verdict": {func(p *pusher) { p.forget(p.first, "verdict") }, []command{
			{4, []string{"gate", "1.0.0"}}, {4, []string{"sign", "1.0.0"}}, {2, []string{"gate", "--replay", "1.0.0"}},
		}},
		"no verdict, no summary and no chain": {func(p *pusher) {
			p.forget(p.first, "verdict")
			p.forget(p.first, artifact.PredicateVSA)
			for _, tag := range []string{"at-000003", "at-000002", "at-000001"} {
				p.delete(tag)
			}
		}, []command{{4, []string{"gate", "1.0.0"}}, {4, []string{"sign", "1.0.0"}}}},
		"no chain": {func(p *pusher) {
			for _, tag := range []string{"at-000003", "at-000002", "at-000001"} {
				p.delete(tag)
			}
		}, []command{{6, []string{"gate", "1.0.0"}}, {6, []string{"gate", "--replay", "1.0.0"}}}},
		"a hole in the chain": {func(p *pusher) { p.delete("at-000002") }, []command{{6, []string{"gate", "1.0.0"}}}},
		"the chain in another order": {func(p *pusher) {
			one, two := p.resolve("at-000001"), p.resolve("at-000002")
			p.tag(two, "at-000001")
			p.tag(one, "at-000002")
		}, []command{{6, []string{"gate", "1.0.0"}}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := honest.copied(t, "small")
			tt.do(p)
			for _, c := range tt.then {
				args := append([]string{}, c.args...)
				version := args[len(args)-1]
				if version == image {
					version = p.refused
				}
				args[len(args)-1] = p.ref(version)
				p.must(c.want, args...)
			}
		})
	}
	t.Run("a repository of another name", func(t *testing.T) {
		p := honest.copied(t, "other")
		p.must(6, "gate", p.ref("1.0.0"))
		p.must(6, "verify", p.ref("1.0.0"))
	})
	t.Run("verify lists what is about another image as ignored", func(t *testing.T) {
		p := honest.copied(t, "small")
		foreign := p.attached(p.first, "evaluation")[0].Digest
		p.attach(p.first, p.second)
		out := p.must(0, "verify", p.ref("1.1.0"))
		for line := range strings.Lines(out) {
			if strings.Contains(line, artifact.Short(foreign)) && !strings.Contains(line, "ignored") {
				t.Errorf("got %q; want it ignored", line)
			}
		}
		if !strings.Contains(out, "it is about another image") {
			t.Errorf("nothing is ignored in\n%s", out)
		}
	})
}
