package oci

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"golang.org/x/sys/unix"
)

// request is one call of the distribution API, in words.
type request struct {
	method  string   // GET if empty
	path    string   // behind /v2/<name>/
	url     *url.URL // instead of path
	scope   string   // pull if empty
	also    string   // another repository's scope, as the token server reads it
	header  http.Header
	content func() (io.ReadCloser, error) // the body, anew for each attempt; nil for none
	size    int64                         // of content
	limit   int64                         // with body: how much of the answer to read
	body    *[]byte                       // where to put the answer; else the caller reads and closes it
	discard bool                          // the answer's body does not matter
}

// do sends a request, again after faults that may pass. An answer with none
// of the wanted statuses is an error.
func (r *registry) do(ctx context.Context, q request, want ...int) (resp *http.Response, err error) {
	err = r.attempts(ctx, func() error {
		resp, err = r.once(ctx, q, want...)
		return err
	})
	return resp, err
}

func (r *registry) once(ctx context.Context, q request, want ...int) (*http.Response, error) {
	client, err := r.client(ctx, q.scope, q.also)
	if err != nil {
		return nil, err
	}
	req, err := r.build(ctx, q)
	if err != nil {
		return nil, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, r.unanswered(err)
	}
	if !slices.Contains(want, resp.StatusCode) {
		defer resp.Body.Close()
		return nil, r.refusal(resp)
	}
	if q.discard {
		_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection is used again
		resp.Body.Close()
	}
	if q.body != nil {
		defer resp.Body.Close()
		if *q.body, err = readAllLimited(resp.Body, q.limit); err != nil {
			return nil, fault(err)
		}
	}
	return resp, nil
}

func (r *registry) build(ctx context.Context, q request) (*http.Request, error) {
	u := q.url
	if u == nil {
		path, query, _ := strings.Cut(q.path, "?")
		u = &url.URL{Scheme: "https", Host: r.reg.RegistryStr(), Path: "/v2/" + r.name + "/" + path, RawQuery: query}
	}
	method := q.method
	if method == "" {
		method = http.MethodGet
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNetwork, err)
	}
	for key, values := range q.header {
		req.Header[key] = values
	}
	if q.content == nil {
		return req, nil
	}
	if req.Body, err = q.content(); err != nil {
		return nil, err
	}
	req.ContentLength = q.size
	req.GetBody = q.content
	if q.size == 0 {
		req.Body.Close()
		req.Body = http.NoBody
	}
	return req, nil
}

// client authenticates for a scope, once.
func (r *registry) client(ctx context.Context, scope, also string) (*http.Client, error) {
	if scope == "" {
		scope = transport.PullScope
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if c := r.clients[scope+also]; c != nil {
		return c, nil
	}
	repo := r.reg.Repo(r.name)
	if r.login == nil {
		login, err := authn.Resolve(ctx, r.o.Keychain, repo)
		if err != nil {
			return nil, r.noLogin(ctx, err)
		}
		r.login = login
		r.nobody.Store(login == authn.Anonymous)
	}
	t, err := transport.NewWithContext(ctx, r.reg, r.login, r.o.Transport, slices.DeleteFunc([]string{repo.Scope(scope), also}, func(s string) bool { return s == "" }))
	if err != nil {
		return nil, r.unanswered(err)
	}
	r.clients[scope+also] = &http.Client{Transport: t}
	return r.clients[scope+also], nil
}

// noLogin is a keychain that failed.
func (r *registry) noLogin(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return err
	}
	if errors.Is(err, ErrCredentials) {
		return fmt.Errorf("login to %s: %w", r.host, err)
	}
	return fmt.Errorf("login to %s: %w: %w\nhint: check docker's config.json and its credential helper", r.host, ErrCredentials, err)
}

// unanswered is a request that brought no answer of the registry: because of
// the network, or because whoever gives out access, the registry at its front
// door or its token server, said no. Whatever status that was, it says nothing
// of what the request was about: a token server's 404 is no absence.
func (r *registry) unanswered(err error) error {
	var untrusted *tls.CertificateVerificationError
	if errors.As(err, &untrusted) { // on this machine plain HTTP was tried too, and is no better news
		return fmt.Errorf("%w: https://%s: %w", ErrNetwork, r.host, untrusted)
	}
	var te *transport.Error
	switch known := errors.As(err, &te); {
	case !known && strings.Contains(err.Error(), "www-authenticate: "): // whom the registry names is not asked
		return r.noEntry(err)
	case !known:
		return fault(err)
	}
	switch status := te.StatusCode; {
	case status == http.StatusUnauthorized, status == http.StatusForbidden, again(status):
		return r.byStatus(status, 0, err)
	default:
		return r.noEntry(err)
	}
}

func (r *registry) noEntry(err error) error {
	return fmt.Errorf("%w: %s %w: %w\nhint: check the registry's address, and that of its token server", ErrNetwork, r.host, errNoEntry, err)
}

var errNoEntry = errors.New("does not let clients in as a registry does")

// again says of a status that it may be another one the next time.
func again(status int) bool {
	return status >= 500 || status == http.StatusRequestTimeout || status == http.StatusTooManyRequests
}

// refusal turns an answer into an error of our own.
func (r *registry) refusal(resp *http.Response) error {
	return r.byStatus(resp.StatusCode, retryAfter(resp.Header), transport.CheckError(resp))
}

// retryAfter is how long the registry asks to be left alone (RFC 9110,
// 10.2.3): seconds, or a date, which counts from the registry's own clock.
func retryAfter(h http.Header) time.Duration {
	text := h.Get("Retry-After")
	n, err := strconv.ParseInt(text, 10, 32)
	if err == nil || errors.Is(err, strconv.ErrRange) { // then n is the nearest that there is
		return time.Duration(max(n, 0)) * time.Second
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return 0
	}
	return max(at.Sub(now), 0)
}

// statusError is an answer other than the wanted one.
type statusError struct {
	kind   error
	status int
	after  time.Duration // what Retry-After asked for
	cause  error
	hint   string
}

func (e *statusError) Error() string {
	text := e.cause.Error()
	if e.kind != nil {
		text = e.kind.Error() + ": " + text
	}
	return text + e.hint
}

func (e *statusError) Unwrap() []error { return []error{e.kind, e.cause} }

func (r *registry) byStatus(status int, after time.Duration, cause error) error {
	e := &statusError{status: status, after: after, cause: cause}
	switch {
	case lacksBlob(cause):
		e.kind = ErrNetwork // it had said that it has them all
	case status == http.StatusNotFound:
		e.kind = ErrNotFound
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		e.kind, e.hint = ErrDenied, fmt.Sprintf("\nhint: log in with docker login %s, with an account that may do this", r.host)
		if r.nobody.Load() {
			e.hint += "; no login for it was found (weighlock help environment says where they are looked for)"
		}
	case again(status):
		e.kind = ErrNetwork
	default:
		e.kind = errRefused
	}
	return e
}

// lacksBlob says of a refused manifest that the registry did not find a part
// of it, which another client may be bringing just then.
func lacksBlob(err error) bool {
	var te *transport.Error
	return errors.As(err, &te) && slices.ContainsFunc(te.Errors, func(d transport.Diagnostic) bool { return d.Code == transport.ManifestBlobUnknownErrorCode })
}

// errRefused is any other answer: the registry understood, and does not do it.
var errRefused = errors.New("the registry refused")

// statusOf is the status of the answer behind an error, or 0.
func statusOf(err error) int {
	var e *statusError
	if errors.As(err, &e) {
		return e.status
	}
	return 0
}

// fault says of an error on the way that it was the network's. The caller's
// own cancelling, and errors that are of a kind already, stay what they are.
func fault(err error) error {
	for _, kind := range []error{context.Canceled, ErrIntegrity, ErrNetwork, ErrDenied, ErrNotFound} {
		if errors.Is(err, kind) {
			return err
		}
	}
	return fmt.Errorf("%w: %w", ErrNetwork, err)
}

// The budget of one call: attempts, and the longest pause that a registry may
// ask for between two.
const (
	maxAttempts = 4
	maxPause    = 30 * time.Second
)

// attempts runs fn until it succeeds or fails for good.
func (r *registry) attempts(ctx context.Context, fn func() error) error {
	for n := 1; ; n++ {
		err := fn()
		if err == nil {
			r.retries.earn()
		}
		if err == nil || n == maxAttempts || ctx.Err() != nil || !passing(err) {
			return err
		}
		if err := r.pause(ctx, err, n); err != nil {
			return err
		}
	}
}

// pause waits before the attempt that follows the n-th: longer each time, and
// not all clients at once; as long as the registry asks for. It returns the
// fault where that is too long, or where too much failed already.
func (r *registry) pause(ctx context.Context, fault error, n int) error {
	p := 200 * time.Millisecond
	for range n - 1 {
		p *= 3
	}
	p += rand.N(p / 2)
	var e *statusError
	asked := errors.As(fault, &e) && e.after > 0
	if asked && e.after > maxPause || !r.retries.spend() {
		return fault
	}
	if asked {
		p = e.after + rand.N(e.after/10+time.Millisecond)
	}
	if err := r.o.Wait(ctx, p); err != nil {
		return errors.Join(err, fault)
	}
	return nil
}

// budget bounds the retries of all calls of one repository together, so that
// a registry that is down is not asked four times for each of a thousand
// things: 30 at first, and one more for each ten calls that succeed.
type budget struct {
	mu    sync.Mutex
	spent int // tenths of a retry
}

const retryBudget = 30 * 10

func (b *budget) spend() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.spent+10 > retryBudget {
		return false
	}
	b.spent += 10
	return true
}

func (b *budget) earn() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.spent = max(b.spent-1, 0)
}

// passing says whether a fault may be gone in a second: not a host that does
// not exist, a port where nobody listens, something else than a registry, or a
// certificate that is not trusted.
func passing(err error) bool {
	if !errors.Is(err, ErrNetwork) {
		return false
	}
	var dns *net.DNSError
	if errors.As(err, &dns) && dns.IsNotFound {
		return false
	}
	return !errors.Is(err, unix.ECONNREFUSED) && !strings.Contains(err.Error(), "x509: ") && !errors.Is(err, errPlain) && !errors.Is(err, errNoEntry)
}

// Transport is the way to servers whose certificates lead to one of these
// roots, with the time limits that Options.Transport has otherwise.
func Transport(roots *x509.CertPool) http.RoundTripper {
	base, ok := remote.DefaultTransport.(*http.Transport)
	if !ok {
		base = &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true}
	}
	t := base.Clone()
	t.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	return t
}

// baseTransport is the options' transport, or go-containerregistry's.
func baseTransport(o Options) http.RoundTripper {
	if o.Transport != nil {
		return o.Transport
	}
	return remote.DefaultTransport
}

// guard refuses plain HTTP, except between this machine and itself: neither
// credentials nor content go over an open line, whatever a registry's redirect
// or token address says.
type guard struct {
	inner    http.RoundTripper
	loopback bool // the registry is on this machine
}

var errPlain = errors.New("plain http to another machine is not spoken\nhint: let the registry, and where it sends its clients, answer by https")

func (g guard) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Scheme != "https" && (!g.loopback || !loopback(req.URL.Host)) {
		if req.Body != nil {
			req.Body.Close()
		}
		return nil, fmt.Errorf("%s://%s: %w", req.URL.Scheme, req.URL.Host, errPlain)
	}
	return g.inner.RoundTrip(req)
}

// nextPage is the path of the next page behind /v2/<name>/, from an RFC 8288
// Link header, or empty.
func nextPage(resp *http.Response) string {
	for _, link := range resp.Header.Values("Link") {
		target, rest, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(link), "<"), ">")
		if !ok || !strings.Contains(strings.ReplaceAll(rest, `"`, ""), "rel=next") {
			continue
		}
		u, err := resp.Request.URL.Parse(target)
		if err != nil {
			continue
		}
		base := resp.Request.URL.Path
		if i := strings.LastIndex(base, "/tags/list"); i >= 0 && strings.HasPrefix(u.Path, base[:i+1]) {
			return u.Path[i+1:] + "?" + u.RawQuery
		}
		if i := strings.LastIndex(base, "/referrers/"); i >= 0 && strings.HasPrefix(u.Path, base[:i+1]) {
			return u.Path[i+1:] + "?" + u.RawQuery
		}
	}
	return ""
}
