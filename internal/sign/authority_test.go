package sign_test

import (
	"context"
	"crypto"
	"crypto/sha256"
	"errors"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/digitorus/timestamp"

	"github.com/weighlock/weighlock/internal/sign"
	"github.com/weighlock/weighlock/internal/verifier"
)

func TestAuthorityBehindAURL(t *testing.T) {
	local := newTSA(t, noon)
	for name, faults := range map[string][]int{
		"at once":                   nil,
		"after a fault":             {503},
		"after two different ones":  {429, 500},
		"after a broken connection": {0},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(flaky(local, faults))
			defer server.Close()
			k := newKey(t)
			bundle := mustSign(t, k, newStatement(t, "m"), sign.NewTSA(server.URL, server.Client().Transport))
			f := keys(trusting("mine", k, "gate"))
			f.Timestamp = []verifier.Authority{listed("local", local.RootPEM())}
			got, err := newTrust(t, f).Verify(bundle)
			if err != nil {
				t.Fatal(err)
			}
			if !got.Trusted || !got.Time.Equal(noon) {
				t.Errorf("got time %s, trusted %v, note %q; want %s", got.Time, got.Trusted, got.Note, noon)
			}
		})
	}
}

// flaky answers with the faults first: a status, or 0 for a cut connection.
func flaky(next http.Handler, faults []int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(faults) == 0 {
			next.ServeHTTP(w, r)
			return
		}
		status := faults[0]
		faults = faults[1:]
		if status == 0 {
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(status)
	})
}

func TestAuthorityThatGivesNoTime(t *testing.T) {
	digest := sha256.Sum256([]byte("signature"))
	local := newTSA(t, noon)
	replay := func(query timestamp.Request) http.Handler {
		der, err := query.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			again := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(string(der)))
			again.Header = r.Header
			local.ServeHTTP(w, again)
		})
	}
	other := sha256.Sum256([]byte("other"))
	elsewhere := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		der, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		asked, err := timestamp.ParseRequest(der)
		if err != nil {
			t.Error(err)
			return
		}
		asked.HashedMessage = other[:]
		replay(*asked).ServeHTTP(w, r)
	})
	for _, test := range []struct {
		name    string
		handler http.Handler
		want    string
	}{
		{"broken for good", flaky(local, []int{500, 502, 503, 504}), "it answered 503 Service Unavailable"},
		{"not for us", flaky(local, []int{403}), "it answered 403 Forbidden"},
		{"answering with a page", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }), "its answer is not an RFC 3161 response"},
		{"answering without end", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 1<<20)) }), "its answer is larger than 65536 bytes"},
		{"refusing", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(rejection(t)) }), "the request is rejected:  (the request cannot be handled due to system failure)"},
		{"replaying an answer without nonce", replay(timestamp.Request{HashAlgorithm: crypto.SHA256, HashedMessage: digest[:], Certificates: true}), "its answer carries another nonce"},
		{"replaying an answer to another", replay(timestamp.Request{HashAlgorithm: crypto.SHA256, HashedMessage: other[:], Nonce: big.NewInt(7)}), "its answer carries another nonce"},
		{"answering for other bytes", elsewhere, "its answer is about other bytes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := httptest.NewServer(test.handler)
			defer server.Close()
			got, err := sign.NewTSA(server.URL, nil).Timestamp(t.Context(), digest[:])
			if got != nil || !errors.Is(err, sign.ErrTSA) {
				t.Fatalf("got %d bytes, error %v; want %v", len(got), err, sign.ErrTSA)
			}
			want := "timestamp authority gave no time: " + server.URL + ": " + test.want + "\nhint: give another with --tsa, or try again"
			if err.Error() != want {
				t.Errorf("got  %s\nwant %s", err, want)
			}
		})
	}
}

func TestAuthorityThatCannotBeReached(t *testing.T) {
	server := httptest.NewServer(nil)
	server.Close()
	digest := sha256.Sum256(nil)
	for name, url := range map[string]string{"nobody listens": server.URL, "no URL": "://", "no scheme": "tsa.example"} {
		t.Run(name, func(t *testing.T) {
			if _, err := sign.NewTSA(url, nil).Timestamp(t.Context(), digest[:]); !errors.Is(err, sign.ErrTSA) {
				t.Errorf("got error %v; want %v", err, sign.ErrTSA)
			}
		})
	}
}

func TestInterruptedWhileAskingForTime(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		cancel()
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer server.Close()
	digest := sha256.Sum256(nil)
	_, err := sign.NewTSA(server.URL, nil).Timestamp(ctx, digest[:])
	if !errors.Is(err, context.Canceled) || errors.Is(err, sign.ErrTSA) {
		t.Errorf("got error %v; want %v alone", err, context.Canceled)
	}
}
