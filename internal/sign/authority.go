package sign

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"time"

	"github.com/digitorus/timestamp"
)

// Authority vouches that a digest existed, by an RFC 3161 response in DER over
// the SHA-256 digest of a message.
type Authority interface {
	Timestamp(ctx context.Context, digest []byte) (token []byte, err error)
}

// ErrTSA says that a timestamp authority gave no time; trying again may help.
var ErrTSA = errors.New("timestamp authority gave no time")

const (
	tsaDeadline = 10 * time.Second
	tsaTries    = 3
	tsaPause    = 150 * time.Millisecond
)

type client struct {
	url  string
	http *http.Client
}

// NewTSA is the authority behind a URL. All its tries together end after 10
// seconds; a network fault, a 5xx and a 429 are tried three times. A nil
// transport is the default one.
func NewTSA(url string, transport http.RoundTripper) Authority {
	return &client{url: url, http: &http.Client{Transport: transport}}
}

// Timestamp asks with a nonce, and refuses an answer to another question.
// Whether the authority is one to trust is for Trust to say.
func (c *client) Timestamp(ctx context.Context, digest []byte) ([]byte, error) {
	nonce, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 63))
	if err != nil {
		return nil, err
	}
	query := timestamp.Request{HashAlgorithm: crypto.SHA256, HashedMessage: digest, Certificates: true, Nonce: nonce}
	der, err := query.Marshal()
	if err != nil {
		return nil, fmt.Errorf("asking %s: %w", c.url, err)
	}
	token, err := c.ask(ctx, der)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err == nil {
		err = answers(token, &query)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w\nhint: give another with --tsa, or try again", ErrTSA, c.url, err)
	}
	return token, nil
}

// ask tries until there is an answer or no use in trying.
func (c *client) ask(ctx context.Context, query []byte) (token []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, tsaDeadline)
	defer cancel()
	for try := 1; ; try++ {
		var again bool
		token, again, err = c.post(ctx, query)
		if err == nil || !again || try == tsaTries {
			return token, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(tsaPause << (2 * (try - 1))):
		}
	}
}

func (c *client) post(ctx context.Context, query []byte) (token []byte, again bool, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(query))
	if err != nil {
		return nil, false, err
	}
	req.Header.Set("Content-Type", "application/timestamp-query")
	resp, err := c.http.Do(req)
	if err != nil {
		var asked *url.Error
		if errors.As(err, &asked) {
			err = asked.Err // whoever reads it is told the address already
		}
		return nil, true, err
	}
	defer resp.Body.Close()
	token, err = io.ReadAll(io.LimitReader(resp.Body, maxToken+1))
	if err != nil {
		return nil, true, err
	}
	if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusCreated {
		again = resp.StatusCode >= 500 || resp.StatusCode == http.StatusTooManyRequests
		return nil, again, fmt.Errorf("it answered %s", resp.Status)
	}
	if len(token) > maxToken {
		return nil, false, fmt.Errorf("its answer is larger than %d bytes", maxToken)
	}
	return token, false, nil
}

func answers(token []byte, query *timestamp.Request) error {
	stamp, err := timestamp.ParseResponse(token)
	if err != nil {
		return readable("its answer is not an RFC 3161 response", err)
	}
	if stamp.Nonce == nil || stamp.Nonce.Cmp(query.Nonce) != 0 {
		return errors.New("its answer carries another nonce")
	}
	if stamp.HashAlgorithm != query.HashAlgorithm || !bytes.Equal(stamp.HashedMessage, query.HashedMessage) {
		return errors.New("its answer is about other bytes")
	}
	return nil
}
