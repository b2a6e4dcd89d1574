package oci

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// FuzzReceived reads the Range of an upload: the count of bytes that it names
// is never one that could not be sent.
func FuzzReceived(f *testing.F) {
	for _, text := range []string{"0-999", "bytes=0-999", "0-0", "", "0-", "1-5", "0--5", "0-9223372036854775807", "0-9223372036854775808", "0-1-2"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, ok := received(&http.Response{Header: http.Header{"Range": {text}}})
		if ok && (n < 2 || !strings.HasPrefix(strings.TrimPrefix(text, "bytes="), "0-")) || !ok && n != 0 {
			t.Errorf("%q: got %d, %v", text, n, ok)
		}
	})
}

// FuzzContentRange reads the answer to a request for a part: what is skipped
// and what comes then is the part, and nothing else.
func FuzzContentRange(f *testing.F) {
	f.Add(206, "bytes 10-19/100", int64(10))
	f.Add(206, "bytes 10-19/*", int64(-1))
	f.Add(206, "bytes 10-199/100", int64(190))
	f.Add(206, "", int64(10))
	f.Add(200, "", int64(100))
	f.Add(200, "bytes 0-99/100", int64(-1))
	f.Fuzz(func(t *testing.T, status int, text string, length int64) {
		w := &download{d: Descriptor{Digest: someDigest, Size: 100}, at: 10, end: 20, part: true}
		skip, err := w.begins(&http.Response{StatusCode: status, ContentLength: length, Header: http.Header{"Content-Range": {text}}})
		if err != nil {
			return
		}
		want, whole := int64(10), status == http.StatusOK
		if whole {
			want = 100
		}
		if whole != (skip == 10) || !whole && (skip != 0 || !strings.HasPrefix(text, "bytes 10-19/")) || length >= 0 && length != want {
			t.Errorf("%d %q of %d bytes: skips %d", status, text, length, skip)
		}
	})
}

// FuzzRetryAfter reads how long a registry asks to be left alone: never less
// than nothing.
func FuzzRetryAfter(f *testing.F) {
	const now = "Fri, 20 Nov 2026 12:00:00 GMT"
	for _, text := range []string{"7", "-7", "", "soon", "99999999999999999999", "Fri, 20 Nov 2026 12:00:07 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan 0001 00:00:00 GMT"} {
		f.Add(text, now)
		f.Add(now, text)
	}
	f.Fuzz(func(t *testing.T, text, date string) {
		if got := retryAfter(http.Header{"Retry-After": {text}, "Date": {date}}); got < 0 || got%time.Second != 0 && got < 1<<62 {
			t.Errorf("%q at %q: got %s", text, date, got)
		}
	})
}
