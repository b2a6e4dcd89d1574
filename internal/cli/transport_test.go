package cli

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
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
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
)

// behindLogin is a registry with one repository, small, for one user.
func behindLogin(user, password string) http.Handler {
	inner := registry.New(registry.WithReferrersSupport(true), registry.Logger(log.New(io.Discard, "", 0)))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if u, p, _ := r.BasicAuth(); u != user || p != password {
			w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		inner.ServeHTTP(w, r)
	})
}

// ran runs the program in an environment of variables alone.
func ran(ctx context.Context, vars []string, args ...string) (status int, said string) {
	var out, errs bytes.Buffer
	env := Env{In: strings.NewReader(""), Out: &out, Err: &errs, Now: time.Now, Environ: vars, Getenv: func(name string) string {
		for _, v := range vars {
			if value, ok := strings.CutPrefix(v, name+"="); ok {
				return value
			}
		}
		return ""
	}, Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }}
	status = Run(ctx, env, args)
	return status, errs.String()
}

func TestLogins(t *testing.T) {
	server := httptest.NewServer(behindLogin("ci", "secret"))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	login := func(host, user string) string {
		return fmt.Sprintf(`DOCKER_AUTH_CONFIG={"auths":{%q:{"auth":%q}}}`, host, base64.StdEncoding.EncodeToString([]byte(user)))
	}
	const hint = "hint: log in with docker login HOST, with an account that may do this"
	denied := "tags of HOST/small: access denied: GET http://HOST/v2/small/tags/list?n=1000: unexpected status code 401 Unauthorized\n"
	tests := map[string]struct {
		vars   []string
		status int
		said   string
	}{
		"the right login":    {[]string{login(host, "ci:secret")}, 1, "tags of HOST/small: not found: "},
		"a wrong password":   {[]string{login(host, "ci:guess")}, 5, denied + hint + "\n"},
		"nobody's":           {nil, 5, denied + hint + "; no login for it was found (weighlock help environment says where they are looked for)\n"},
		"another host's":     {[]string{login("reg.example", "ci:secret")}, 5, denied + hint + "; no login for it was found (weighlock help environment says where they are looked for)\n"},
		"one cut off":        {[]string{`DOCKER_AUTH_CONFIG={"auths"`}, 2, "login to HOST: logins cannot be read: DOCKER_AUTH_CONFIG: unexpected end of JSON input\nhint: it is JSON as docker login writes it: "},
		"a helper not there": {[]string{`DOCKER_AUTH_CONFIG={"credsStore":"nowhere"}`}, 2, "login to HOST: logins cannot be read: DOCKER_AUTH_CONFIG: the credential helper docker-credential-nowhere gave nothing for HOST: "},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			status, said := ran(t.Context(), tt.vars, "ls", host+"/small")
			if want := strings.ReplaceAll(tt.said, "HOST", host); status != tt.status || !strings.Contains(said, want) {
				t.Errorf("ended with %d, %s; want %d, %s", status, said, tt.status, want)
			}
		})
	}
	t.Run("doctor", func(t *testing.T) {
		status, _ := ran(t.Context(), []string{`DOCKER_AUTH_CONFIG=?`}, "doctor", "--json", "name,status", "--jq", `.[] | select(.name == "registry").status`, host+"/small")
		if status != 1 {
			t.Errorf("ended with %d; want 1", status)
		}
	})
}

// certifier is a CA of the test's own, and certificates that it signs.
type certifier struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newCertifier(t *testing.T) *certifier {
	t.Helper()
	c := &certifier{t: t}
	c.cert, c.key = c.sign(&x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign, NotAfter: time.Now().Add(time.Hour)})
	return c
}

// sign makes a certificate; the first one signs itself.
func (c *certifier) sign(template *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	c.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		c.t.Fatal(err)
	}
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.Subject.CommonName = template.SerialNumber.String()
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

func (c *certifier) serve(h http.Handler, template *x509.Certificate) (host string) {
	c.t.Helper()
	cert, key := c.sign(template)
	server := httptest.NewUnstartedServer(h)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{cert.Raw}, PrivateKey: key}}}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	c.t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "https://")
}

func (c *certifier) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.cert.Raw})
}

func TestPrivateCA(t *testing.T) {
	ours := newCertifier(t)
	here := []net.IP{net.IPv4(127, 0, 0, 1)}
	soon := time.Now().Add(time.Hour)
	h := behindLogin("", "")
	host := ours.serve(h, &x509.Certificate{IPAddresses: here, NotAfter: soon})
	named := ours.serve(h, &x509.Certificate{DNSNames: []string{"reg.example"}, NotAfter: soon})
	old := ours.serve(h, &x509.Certificate{IPAddresses: here, NotAfter: time.Now().Add(-time.Hour)})

	dir := t.TempDir()
	file := func(name string, text []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	ca := file("ca.pem", append([]byte("what this is\n"), append(ours.pem(), newCertifier(t).pem()...)...))
	key, err := x509.MarshalPKCS8PrivateKey(ours.key)
	if err != nil {
		t.Fatal(err)
	}
	keyFile := file("key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))
	bad := file("bad.pem", append(ours.pem(), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("no")})...))

	const network = "tags of HOST/small: registry or network fault: https://HOST: tls: failed to verify certificate: x509: "
	const unknown = network + "certificate signed by unknown authority\nhint: where a CA of your own signed the server's certificate, let WEIGHLOCK_CA name that CA's certificate, a PEM file\n"
	tests := map[string]struct {
		host, ca string
		status   int
		said     string
	}{
		"the CA is named":            {host, ca, 1, "tags of HOST/small: not found: "},
		"no CA":                      {host, "", 5, unknown},
		"another CA":                 {host, file("other.pem", newCertifier(t).pem()), 5, unknown},
		"a certificate of others":    {named, ca, 5, network + "cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs\nhint: the server's certificate is for other names: use one of them, or have it made for this one\n"},
		"a certificate past its day": {old, ca, 5, network + "certificate has expired or is not yet valid: "},
		"no such file":               {host, dir + "/none", 2, "weighlock: WEIGHLOCK_CA: open " + dir + "/none: no such file or directory\nhint: let it name a PEM file with the CA's certificate, or unset it\n"},
		"a file of no certificates":  {host, keyFile, 2, "weighlock: WEIGHLOCK_CA: " + keyFile + " holds no certificate\nhint: let it name a PEM file, which has a line -----BEGIN CERTIFICATE-----\n"},
		"a file with a broken one":   {host, bad, 2, "weighlock: WEIGHLOCK_CA: " + bad + ": certificate 2 cannot be read: x509: malformed certificate\nhint: let it name a PEM file with the CA's certificate\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			status, said := ran(t.Context(), []string{"WEIGHLOCK_CA=" + tt.ca}, "ls", tt.host+"/small")
			if want := strings.ReplaceAll(tt.said, "HOST", tt.host); status != tt.status || !strings.Contains(said, want) {
				t.Errorf("ended with %d, %s; want %d, %s", status, said, tt.status, want)
			}
		})
	}
	if _, said := ran(t.Context(), []string{"WEIGHLOCK_CA=" + ca}, "ls", old+"/small"); !strings.HasSuffix(said, "\nhint: the server's certificate is past its time or before it, or this machine's clock is wrong\n") {
		t.Errorf("expired: got %s", said)
	}
	t.Run("beside the system's", func(t *testing.T) {
		pool, err := certificates(ca)
		system, sysErr := x509.SystemCertPool()
		if err = errors.Join(err, sysErr); err != nil || pool.Equal(system) {
			t.Fatalf("%v; want more than the system's", err)
		}
		system.AddCert(ours.cert)
		if pool.Equal(system) {
			t.Error("the second certificate of the file is missing")
		}
	})
	t.Run("a timestamp authority", func(t *testing.T) {
		status, said := ran(t.Context(), []string{"WEIGHLOCK_CA=" + keyFile}, "doctor", "--tsa", "https://"+host)
		if status != 1 || said != "" {
			t.Errorf("ended with %d, %s; want 1, nothing", status, said)
		}
	})
}

// TestCertificateHints knows each way in which a certificate is not believed.
func TestCertificateHints(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want string
	}{
		{errors.New("x509: nothing of the kind"), ""},
		{&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, "where a CA of your own signed"},
		{&tls.CertificateVerificationError{Err: x509.CertificateInvalidError{Reason: x509.NotAuthorizedToSign, Cert: &x509.Certificate{}}}, "have the server's certificate made anew"},
	} {
		if got := certificateHint(fmt.Errorf("asking: %w", tt.err)); !strings.HasPrefix(got, tt.want) || tt.want == "" && got != "" {
			t.Errorf("%v: got %q; want %s", tt.err, got, tt.want)
		}
	}
}
