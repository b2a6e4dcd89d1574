//go:build faults

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/weighlock/weighlock/internal/artifact"
)

// call is what a request asks of a registry.
type call string

const (
	door        call = "door"         // GET /v2/
	getTag      call = "tag"          // a manifest by a version's or an entry's tag
	getList     call = "list"         // the fallback list of referrers
	getManifest call = "manifest"     // by digest
	hasManifest call = "has manifest" // HEAD
	listTags    call = "tags"
	referrers   call = "referrers" // the API
	getBlob     call = "blob"
	hasBlob     call = "has blob"
	begin       call = "begin" // an upload
	putBlob     call = "put blob"
	putManifest call = "put manifest" // by digest
	putTag      call = "put tag"
	putList     call = "put list"
	takeAway    call = "delete"
)

func callOf(r *http.Request) call {
	_, target, _ := strings.Cut(r.URL.Path, "/manifests/")
	pick := func(digest, list, tag call) call {
		switch {
		case artifact.ValidDigest(target):
			return digest
		case strings.HasPrefix(target, "sha256-"):
			return list
		}
		return tag
	}
	switch {
	case r.URL.Path == "/v2/":
		return door
	case r.Method == http.MethodDelete:
		return takeAway
	case r.Method == http.MethodPost:
		return begin
	case target != "" && r.Method == http.MethodPut:
		return pick(putManifest, putList, putTag)
	case target != "" && r.Method == http.MethodHead:
		return hasManifest
	case target != "":
		return pick(getManifest, getList, getTag)
	case strings.HasSuffix(r.URL.Path, "/tags/list"):
		return listTags
	case strings.Contains(r.URL.Path, "/referrers/"):
		return referrers
	case r.Method == http.MethodHead:
		return hasBlob
	case r.Method == http.MethodGet:
		return getBlob
	}
	return putBlob
}

func (c call) writes() bool {
	return slices.Contains([]call{begin, putBlob, putManifest, putTag, putList, takeAway}, c)
}

// fault is what a registry, or the way to it, does wrong.
type fault struct {
	name     string
	on       func(call) bool
	when     func(n, total int) bool // of the n-th such request, of as many as there are without the fault
	do       func(p *proxy, w http.ResponseWriter, r *http.Request)
	patience time.Duration // with the registry; 0: a minute
}

// proxy is the way to a registry.
type proxy struct {
	behind http.Handler
	url    string
	server *httptest.Server
	over   chan struct{} // closed with the proxy

	foreign listed // a statement about another image

	mu     sync.Mutex
	fault  *fault
	total  int // requests of the fault's kind without it
	n      int // of the fault's kind until now
	struck int
	calls  []call
	kept   *stored                             // where to note what is stored; may be nil
	last   map[call]*httptest.ResponseRecorder // by kind of request, for answers that are mixed up
}

func newProxy(behind http.Handler) *proxy {
	p := &proxy{behind: behind, over: make(chan struct{}), last: map[call]*httptest.ResponseRecorder{}}
	p.server = httptest.NewUnstartedServer(p)
	p.server.Config.ErrorLog = quiet
	p.server.Start()
	p.url = strings.TrimPrefix(p.server.URL, "http://")
	return p
}

func (p *proxy) close() {
	close(p.over)
	p.server.CloseClientConnections()
	p.server.Close()
}

// set puts a fault in the way; nil takes it away.
func (p *proxy) set(f *fault, total int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault, p.total, p.n, p.struck, p.calls = f, total, 0, 0, nil
}

func (p *proxy) seen() (calls []call, struck int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.calls), p.struck
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := callOf(r)
	p.mu.Lock()
	p.calls = append(p.calls, c)
	f := p.fault
	strikes := false
	if f != nil && f.on(c) {
		p.n++
		strikes = f.when(p.n, p.total)
	}
	if strikes {
		p.struck++
	}
	p.mu.Unlock()
	if strikes {
		f.do(p, w, r)
		return
	}
	send(w, p.ask(r))
}

// ask is the answer of the registry itself.
func (p *proxy) ask(r *http.Request) *httptest.ResponseRecorder {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return answer(http.StatusBadRequest, nil)
	}
	again := r.Clone(r.Context())
	again.Body = io.NopCloser(bytes.NewReader(body))
	rec := httptest.NewRecorder()
	p.behind.ServeHTTP(rec, again)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.kept != nil && r.Method == http.MethodPut && rec.Code < 300 {
		p.kept.note(r, body)
	}
	return rec
}

func send(w http.ResponseWriter, rec *httptest.ResponseRecorder) {
	for key, values := range rec.Header() {
		w.Header()[key] = values
	}
	w.WriteHeader(rec.Code)
	_, _ = w.Write(rec.Body.Bytes())
}

func answer(status int, header http.Header) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	for key, values := range header {
		rec.Header()[key] = values
	}
	rec.Header().Set("Content-Type", "application/json")
	rec.WriteHeader(status)
	if status >= 400 {
		fmt.Fprintf(rec, `{"errors":[{"code":"FAULT","message":"status %d by the test"}]}`, status)
	}
	return rec
}

// What a fault does.

func status(code int, header ...string) func(*proxy, http.ResponseWriter, *http.Request) {
	return func(_ *proxy, w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		h := http.Header{}
		for i := 0; i < len(header); i += 2 {
			h.Set(header[i], header[i+1])
		}
		send(w, answer(code, h))
	}
}

// reset ends the connection as a router does that has forgotten it.
func reset(_ *proxy, w http.ResponseWriter, _ *http.Request) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	conn.Close()
}

// lost lets the registry do what it was asked to, and loses its answer.
func lost(p *proxy, w http.ResponseWriter, r *http.Request) {
	p.ask(r)
	reset(p, w, r)
}

func hang(p *proxy, _ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	select {
	case <-r.Context().Done():
	case <-p.over:
	case <-time.After(time.Minute):
	}
	panic(http.ErrAbortHandler)
}

// cut ends an answer in its middle: one whose length was told, or not; and
// either by breaking the connection off or as if that were all.
func cut(length, clean bool) func(*proxy, http.ResponseWriter, *http.Request) {
	return func(p *proxy, w http.ResponseWriter, r *http.Request) {
		rec := p.ask(r)
		body := rec.Body.Bytes()
		for key, values := range rec.Header() {
			w.Header()[key] = values
		}
		w.Header().Del("Content-Length")
		if length {
			w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		}
		w.WriteHeader(rec.Code)
		_, _ = w.Write(body[:len(body)/2])
		w.(http.Flusher).Flush()
		if !clean {
			panic(http.ErrAbortHandler)
		}
	}
}

func corrupt(p *proxy, w http.ResponseWriter, r *http.Request) {
	rec := p.ask(r)
	if b := rec.Body.Bytes(); len(b) > 0 && rec.Code < 300 {
		b[len(b)/2] ^= 1
	}
	send(w, rec)
}

// swap gives each request the answer of the one before it of its kind.
func swap(p *proxy, w http.ResponseWriter, r *http.Request) {
	rec := p.ask(r)
	kind := callOf(r)
	p.mu.Lock()
	before := p.last[kind]
	p.last[kind] = rec
	p.mu.Unlock()
	if before == nil {
		before = rec
	}
	send(w, before)
}

// older answers from the repository as it was when it had one version only.
func older(p *proxy, w http.ResponseWriter, r *http.Request) {
	was := r.Clone(r.Context())
	parts := strings.SplitN(r.URL.Path, "/", 4) // "", v2, c1, small/…
	parts[2] += "-was"
	was.URL.Path = strings.Join(parts, "/")
	send(w, p.ask(was))
}

// before gives a tag's predecessor: of version 1.1.0 it is 1.0.0, of an entry
// the one before it.
func before(p *proxy, w http.ResponseWriter, r *http.Request) {
	was := r.Clone(r.Context())
	for _, pair := range [][2]string{{"/1.1.0", "/1.0.0"}, {"/at-000002", "/at-000001"}, {"/at-000003", "/at-000002"}, {"/at-000004", "/at-000003"}} {
		if strings.HasSuffix(r.URL.Path, pair[0]) {
			was.URL.Path = strings.TrimSuffix(r.URL.Path, pair[0]) + pair[1]
		}
	}
	send(w, p.ask(was))
}

// unkept says that it has stored what it has thrown away.
func unkept(_ *proxy, w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	h := http.Header{"Docker-Content-Digest": {artifact.Digest(body)}, "Location": {r.URL.Path}}
	var m struct {
		Subject struct{ Digest string }
	}
	if json.Unmarshal(body, &m) == nil && m.Subject.Digest != "" {
		h.Set("OCI-Subject", m.Subject.Digest)
	}
	send(w, answer(http.StatusCreated, h))
}

// listed is an entry of a list of referrers.
type listed = map[string]any

// lie changes lists of referrers, of the API or of the fallback.
func lie(change func(p *proxy, r *http.Request, list []listed) []listed) func(*proxy, http.ResponseWriter, *http.Request) {
	return func(p *proxy, w http.ResponseWriter, r *http.Request) {
		rec := p.ask(r)
		var index map[string]any
		if rec.Code != http.StatusOK || json.Unmarshal(rec.Body.Bytes(), &index) != nil {
			send(w, rec)
			return
		}
		list := []listed{}
		all, _ := index["manifests"].([]any)
		for _, one := range all {
			if d, ok := one.(map[string]any); ok {
				list = append(list, d)
			}
		}
		index["manifests"] = append([]listed{}, change(p, r, list)...)
		body, err := json.Marshal(index)
		if err != nil {
			panic(err)
		}
		rec.Body.Reset()
		rec.Body.Write(body)
		if rec.Header().Get("Docker-Content-Digest") != "" {
			rec.Header().Set("Docker-Content-Digest", artifact.Digest(body))
		}
		rec.Header().Del("Content-Length")
		send(w, rec)
	}
}

func none(*proxy, *http.Request, []listed) []listed { return nil }

func butFirst(_ *proxy, _ *http.Request, list []listed) []listed { return list[min(1, len(list)):] }

// butPredicate hides the statements of one kind, and entries of the chain
// where that is what is asked.
func butPredicate(kind string) func(*proxy, *http.Request, []listed) []listed {
	return func(p *proxy, r *http.Request, list []listed) []listed {
		return slices.DeleteFunc(list, func(d listed) bool { return p.predicate(r, d) == artifact.PredicateType(kind) })
	}
}

// predicate is what kind of statement a listed manifest is of.
func (p *proxy) predicate(r *http.Request, d listed) string {
	base, _, _ := strings.Cut(strings.Replace(r.URL.Path, "/referrers/", "/manifests/", 1), "/manifests/")
	get := httptest.NewRequest(http.MethodGet, base+"/manifests/"+fmt.Sprint(d["digest"]), nil)
	rec := httptest.NewRecorder()
	p.behind.ServeHTTP(rec, get)
	var m struct{ Annotations map[string]string }
	_ = json.Unmarshal(rec.Body.Bytes(), &m)
	return m.Annotations[artifact.AnnotationPredicateType]
}

// and adds an entry to every list that is not empty.
func and(what func(p *proxy) listed) func(*proxy, *http.Request, []listed) []listed {
	return func(p *proxy, _ *http.Request, list []listed) []listed {
		if len(list) == 0 {
			return list
		}
		return append(list, what(p))
	}
}

// backwards turns a list round, of tags or of referrers.
func backwards(p *proxy, w http.ResponseWriter, r *http.Request) {
	if callOf(r) != listTags {
		lie(func(_ *proxy, _ *http.Request, list []listed) []listed {
			slices.Reverse(list)
			return list
		})(p, w, r)
		return
	}
	rec := p.ask(r)
	var tags struct {
		Name string   `json:"name"`
		Tags []string `json:"tags"`
	}
	if json.Unmarshal(rec.Body.Bytes(), &tags) == nil && rec.Code == http.StatusOK {
		slices.Reverse(tags.Tags)
		body, err := json.Marshal(tags)
		if err != nil {
			panic(err)
		}
		rec.Body.Reset()
		rec.Body.Write(body)
		rec.Header().Del("Content-Length")
	}
	send(w, rec)
}

// stored is all that a repository was given, so that another can be given
// the same.
type stored struct {
	blobs     [][]byte
	manifests []putting
}

type putting struct {
	target, mediaType string
	body              []byte
}

func (s *stored) note(r *http.Request, body []byte) {
	if _, target, ok := strings.Cut(r.URL.Path, "/manifests/"); ok {
		s.manifests = append(s.manifests, putting{target, r.Header.Get("Content-Type"), body})
		return
	}
	s.blobs = append(s.blobs, body)
}

func (s *stored) clone() stored {
	return stored{slices.Clone(s.blobs), slices.Clone(s.manifests)}
}

// tags is where the tags point, without lists of referrers.
func (s stored) tags() map[string]string {
	all := map[string]string{}
	for _, m := range s.manifests {
		if !artifact.ValidDigest(m.target) && !strings.HasPrefix(m.target, "sha256-") {
			all[m.target] = artifact.Digest(m.body)
		}
	}
	return all
}

// statement is, as it is listed, a statement of one kind about an image.
func (s stored) statement(kind, image string) listed {
	for _, m := range s.manifests {
		var j struct {
			ArtifactType string
			Annotations  map[string]string
			Subject      struct{ Digest string }
		}
		if json.Unmarshal(m.body, &j) == nil && j.Subject.Digest == image && j.Annotations[artifact.AnnotationPredicateType] == artifact.PredicateType(kind) {
			return listed{"mediaType": m.mediaType, "digest": artifact.Digest(m.body), "size": len(m.body), "artifactType": j.ArtifactType, "annotations": j.Annotations}
		}
	}
	panic("no " + kind + " of " + image)
}

// lists are the fallback lists of referrers, as last written.
func (s stored) lists() map[string][]string {
	all := map[string][]string{}
	for _, m := range s.manifests {
		if strings.HasPrefix(m.target, "sha256-") {
			all[m.target] = digestsIn(m.body)
		}
	}
	return all
}

func digestsIn(index []byte) (all []string) {
	var list struct {
		Manifests []struct{ Digest string }
	}
	_ = json.Unmarshal(index, &list)
	for _, d := range list.Manifests {
		all = append(all, d.Digest)
	}
	return all
}

// fill gives a repository what another was given.
func fill(h http.Handler, path string, s stored) error {
	ask := func(method, url, mediaType string, body []byte) (*httptest.ResponseRecorder, error) {
		r := httptest.NewRequest(method, url, bytes.NewReader(body))
		r.Header.Set("Content-Type", mediaType)
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		if rec.Code >= 300 {
			return nil, fmt.Errorf("%s %s: %d %s", method, url, rec.Code, rec.Body)
		}
		return rec, nil
	}
	for _, b := range s.blobs {
		rec, err := ask(http.MethodPost, "/v2/"+path+"/blobs/uploads/", "", nil)
		if err != nil {
			return err
		}
		place := rec.Header().Get("Location")
		mark := "?"
		if strings.Contains(place, "?") {
			mark = "&"
		}
		if _, err := ask(http.MethodPut, place+mark+"digest="+artifact.Digest(b), "application/octet-stream", b); err != nil {
			return err
		}
	}
	for _, m := range s.manifests {
		if _, err := ask(http.MethodPut, "/v2/"+path+"/manifests/"+m.target, m.mediaType, m.body); err != nil {
			return err
		}
	}
	return nil
}

// missing says what of all that was stored is not in a repository any more, or
// has moved.
func missing(h http.Handler, path string, s stored) (gone []string) {
	get := func(method, target string) (int, []byte) {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, httptest.NewRequest(method, "/v2/"+path+target, nil))
		return rec.Code, rec.Body.Bytes()
	}
	for _, b := range s.blobs {
		if code, _ := get(http.MethodHead, "/blobs/"+artifact.Digest(b)); code != http.StatusOK {
			gone = append(gone, "blob "+artifact.Digest(b))
		}
	}
	lists := s.lists()
	for _, m := range s.manifests {
		if lists[m.target] != nil {
			continue
		}
		if code, _ := get(http.MethodGet, "/manifests/"+artifact.Digest(m.body)); code != http.StatusOK {
			gone = append(gone, "manifest "+artifact.Digest(m.body))
		}
	}
	for tag, digest := range s.tags() {
		// The tag of a spec goes to the latest artifact that holds it, and the
		// turn goes round.
		moves := tag == artifact.TurnTag || strings.HasPrefix(tag, "spec-")
		if code, body := get(http.MethodGet, "/manifests/"+tag); code != http.StatusOK || artifact.Digest(body) != digest && !moves {
			gone = append(gone, "tag "+tag)
		}
	}
	for tag, was := range lists {
		_, body := get(http.MethodGet, "/manifests/"+tag)
		is := digestsIn(body)
		for _, d := range was {
			if !slices.Contains(is, d) {
				gone = append(gone, "listing of "+d)
			}
		}
	}
	slices.Sort(gone)
	return gone
}
