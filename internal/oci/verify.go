package oci

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
)

// verifying passes a blob through and fails where it turns out not to be what
// its descriptor says: as soon as the last byte was read, or the first too
// many. A caller that has read Size bytes without an error has the content.
type verifying struct {
	ctx  context.Context
	from io.ReadCloser
	want Descriptor
	hash hash.Hash
	n    int64
	done bool
	err  error
}

func verify(ctx context.Context, from io.ReadCloser, want Descriptor) *verifying {
	return &verifying{ctx: ctx, from: from, want: want, hash: sha256.New()}
}

func (v *verifying) Read(p []byte) (int, error) {
	if v.err != nil {
		return 0, v.err
	}
	if v.err = v.ctx.Err(); v.err != nil {
		return 0, v.err
	}
	n, err := v.from.Read(p)
	v.hash.Write(p[:n])
	v.n += int64(n)
	if v.err = v.judge(err); errors.Is(v.err, ErrIntegrity) {
		n = 0 // io.ReadFull drops an error that comes with enough bytes
	}
	return n, v.err
}

func (v *verifying) judge(err error) error {
	if v.n > v.want.Size {
		return fmt.Errorf("%s has more than %d bytes: %w", v.want.Digest, v.want.Size, ErrIntegrity)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if errors.Is(err, io.EOF) && v.n < v.want.Size {
		return fmt.Errorf("%s ends after %d of %d bytes: %w", v.want.Digest, v.n, v.want.Size, ErrIntegrity)
	}
	if v.n == v.want.Size && !v.done {
		v.done = true
		if got := "sha256:" + hex.EncodeToString(v.hash.Sum(nil)); got != v.want.Digest {
			return fmt.Errorf("%s has the digest %s: %w", v.want.Digest, got, ErrIntegrity)
		}
	}
	return err
}

func (v *verifying) Close() error { return v.from.Close() }
