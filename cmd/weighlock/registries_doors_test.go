//go:build registries

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

var quiet = log.New(io.Discard, "", 0)

// wire carries a registry's connections, counts what clients send, and may cut
// them off.
type wire struct {
	addr, to string

	mu       sync.Mutex
	up, down int64   // bytes since the last sent
	cutUp    []int64 // at how many bytes sent the connection breaks, one after another
	cutDown  []int64
	cuts     int
}

func newWire(t *testing.T, to string) *wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	w := &wire{addr: l.Addr().String(), to: to}
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go w.carry(client)
		}
	}()
	return w
}

func (w *wire) carry(client net.Conn) {
	registry, err := net.Dial("tcp", w.to)
	if err != nil {
		client.Close()
		return
	}
	end := func() {
		client.Close()
		registry.Close()
	}
	go func() {
		defer end()
		w.pass(registry, client, &w.up, &w.cutUp)
	}()
	defer end()
	w.pass(client, registry, &w.down, &w.cutDown)
}

func (w *wire) pass(to, from net.Conn, count *int64, cut *[]int64) {
	b := make([]byte, 64<<10)
	for {
		n, err := from.Read(b)
		w.mu.Lock()
		*count += int64(n)
		broken := len(*cut) > 0 && *count >= (*cut)[0]
		if broken {
			*cut = (*cut)[1:]
			w.cuts++
		}
		w.mu.Unlock()
		if broken {
			return // with what was read, as a line that breaks
		}
		if _, wrote := to.Write(b[:n]); err != nil || wrote != nil {
			return
		}
	}
}

// sent is how many bytes clients have sent since it was asked last.
func (w *wire) sent() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := w.up
	w.up, w.down = 0, 0
	return n
}

// cutAt breaks connections where so many bytes were sent, or came.
func (w *wire) cutAt(up, down []int64) {
	w.sent()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cutUp, w.cutDown, w.cuts = up, down, 0
}

// broken is how many times the line was cut.
func (w *wire) broken() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.cuts
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func awaitDial(t *testing.T, addr string) {
	t.Helper()
	for range 200 {
		if c, err := net.Dial("tcp", addr); err == nil {
			c.Close()
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("nobody listens at %s", addr)
}

// auths is docker's config.json with one login.
func auths(host, user, password string) string {
	login := map[string]string{"auth": base64.StdEncoding.EncodeToString([]byte(user + ":" + password))}
	b, _ := json.Marshal(map[string]any{"auths": map[string]any{host: login}})
	return string(b)
}

// makeFile is a path below a folder, whose folders it makes.
func makeFile(t *testing.T, dir, name string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func last(text string, n int) string { return text[max(0, len(text)-n):] }

// ca is a certificate authority of the test's own.
type ca struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// pair is a server's certificate and key, PEM.
type pair struct{ cert, key []byte }

func newCA(t *testing.T) *ca {
	t.Helper()
	c := &ca{t: t}
	c.cert, c.key = c.sign(&x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	return c
}

func (c *ca) sign(template *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	c.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		c.t.Fatal(err)
	}
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.Subject.CommonName = template.SerialNumber.String()
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, by := c.cert, c.key
	if parent == nil {
		parent, by = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, by)
	if err != nil {
		c.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		c.t.Fatal(err)
	}
	return cert, key
}

func (c *ca) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.cert.Raw})
}

func (c *ca) file() string {
	c.t.Helper()
	path := filepath.Join(c.t.TempDir(), "ca.pem")
	write(c.t, path, c.pem())
	return path
}

// server is a pair for this machine.
func (c *ca) server() *pair {
	c.t.Helper()
	cert, key := c.sign(&x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}})
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		c.t.Fatal(err)
	}
	return &pair{
		cert: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}),
		key:  pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
	}
}

// tokenServer gives out tokens as distribution's "Token Authentication
// Specification" has it: ES256, with the certificate in the header. The user
// reader may pull, and not push.
type tokenServer struct {
	ca    *ca
	key   *ecdsa.PrivateKey
	cert  *x509.Certificate
	realm string

	mu    sync.Mutex
	life  time.Duration // of a token; one below zero is over when it is given
	uses  int           // how often a token may be shown at the door; 0: always
	shown map[string]int
	given int
}

func newTokenServer(t *testing.T) *tokenServer {
	t.Helper()
	s := &tokenServer{ca: newCA(t), life: 5 * time.Minute}
	s.cert, s.key = s.ca.sign(&x509.Certificate{KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.realm = strings.Replace(server.URL, "127.0.0.1", "localhost", 1) + "/token" // ggcr takes no realm by a private address
	return s
}

func (s *tokenServer) lives(life time.Duration, uses int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.life, s.uses, s.shown, s.given = life, uses, map[string]int{}, 0
}

// worn says whether a token was shown often enough.
func (s *tokenServer) worn(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.uses == 0 {
		return false
	}
	s.shown[id]++
	return s.shown[id] > s.uses
}

type access struct {
	Type    string   `json:"type"`
	Name    string   `json:"name"`
	Actions []string `json:"actions"`
}

type claims struct {
	Issuer   string   `json:"iss"`
	Subject  string   `json:"sub"`
	Audience string   `json:"aud"`
	Expires  int64    `json:"exp"`
	Until    int64    `json:"until"` // the same in nanoseconds
	Begins   int64    `json:"nbf"`
	Issued   int64    `json:"iat"`
	ID       string   `json:"jti"`
	Access   []access `json:"access"`
}

func (s *tokenServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	u, p, _ := r.BasicAuth()
	if u != user && u != "reader" || p != password {
		unauthorized(w)
		return
	}
	s.mu.Lock()
	s.given++
	until := time.Now().Add(s.life)
	id := fmt.Sprint(s.given)
	s.mu.Unlock()
	c := claims{Issuer: "test", Subject: u, Audience: r.URL.Query().Get("service"), ID: id, Until: until.UnixNano(), Expires: until.Unix(),
		Begins: time.Now().Add(-time.Hour).Unix(), Issued: time.Now().Unix(), Access: []access{}}
	for _, scopes := range r.URL.Query()["scope"] {
		for _, scope := range strings.Fields(scopes) {
			part := strings.Split(scope, ":")
			if len(part) != 3 || part[0] != "repository" {
				continue
			}
			a := access{part[0], part[1], strings.Split(part[2], ",")}
			if u == "reader" {
				a.Actions = []string{"pull"}
			}
			c.Access = append(c.Access, a)
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]string{"token": s.token(c)})
}

func (s *tokenServer) token(c claims) string {
	part := func(v any) string {
		b, _ := json.Marshal(v)
		return base64.RawURLEncoding.EncodeToString(b)
	}
	signed := part(map[string]any{"typ": "JWT", "alg": "ES256", "x5c": []string{base64.StdEncoding.EncodeToString(s.cert.Raw)}}) + "." + part(c)
	sum := sha256.Sum256([]byte(signed))
	x, y, err := ecdsa.Sign(rand.Reader, s.key, sum[:])
	if err != nil {
		panic(err)
	}
	sig := make([]byte, 64)
	x.FillBytes(sig[:32])
	y.FillBytes(sig[32:])
	return signed + "." + base64.RawURLEncoding.EncodeToString(sig)
}

// allows says whether a token lets somebody do something.
func (s *tokenServer) allows(token, repository, action string) bool {
	part := strings.Split(token, ".")
	if len(part) != 3 {
		return false
	}
	sig, err := base64.RawURLEncoding.DecodeString(part[2])
	sum := sha256.Sum256([]byte(part[0] + "." + part[1]))
	if err != nil || len(sig) != 64 || !ecdsa.Verify(&s.key.PublicKey, sum[:], new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])) {
		return false
	}
	var c claims
	b, err := base64.RawURLEncoding.DecodeString(part[1])
	if err != nil || json.Unmarshal(b, &c) != nil || time.Now().UnixNano() > c.Until || s.worn(c.ID) {
		return false
	}
	for _, a := range c.Access {
		if a.Name == repository && strings.Contains(","+strings.Join(a.Actions, ",")+",", ","+action+",") {
			return true
		}
	}
	return false
}

// door lets into a registry who has a token for what is asked.
func (s *tokenServer) door(inner http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		repository, action := strings.TrimPrefix(r.URL.Path, "/v2/"), "push"
		for _, mark := range []string{"/manifests/", "/blobs/", "/tags/", "/referrers/"} {
			repository, _, _ = strings.Cut(repository, mark)
		}
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			action = "pull"
		}
		token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		if s.allows(token, repository, action) || r.URL.Path == "/v2/" && token != "" {
			inner.ServeHTTP(w, r)
			return
		}
		challenge := fmt.Sprintf(`Bearer realm="%s",service="test"`, s.realm)
		if repository != "" {
			challenge += fmt.Sprintf(`,scope="repository:%s:%s"`, repository, action)
		}
		w.Header().Set("WWW-Authenticate", challenge)
		unauthorized(w)
	})
}
