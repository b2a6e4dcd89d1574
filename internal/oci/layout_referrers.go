package oci

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/weighlock/weighlock/internal/artifact"
)

// The side index: .weighlock/referrers/sha256/<hex of the subject> holds one
// JSON descriptor per line for each manifest with that subject. Lines are
// appended under the lock, so a push costs the same whether there are ten
// statements or a hundred thousand. A line without its end is the work of a
// process that was killed, or is just writing: it does not count, and the
// next append cuts it off.
//
// .weighlock/known holds the digests of the manifests that the side index has
// taken account of; what index.json lists beyond them came from other tools.

// maxLine bounds one line of a side file; a descriptor repeats its manifest's
// annotations.
const maxLine = MaxManifest

func (l *layout) sidePath(subject string) string {
	return l.path(sideDir, "referrers", "sha256", artifact.Hex(subject))
}

// record lists a manifest among its subject's referrers, and as known. Should
// the process die between the two, the line is there twice, which harms no
// one. Only a manifest that is pushed again costs a look through the list.
func (l *layout) record(h head) error {
	known, err := l.readKnown()
	if err != nil {
		return err
	}
	again := known.has(h.Digest)
	if artifact.ValidDigest(h.Subject) {
		if listed, err := l.listed(h, again); err != nil || listed {
			return err
		}
		line, err := json.Marshal(h.Descriptor)
		if err != nil {
			return err
		}
		if err := appendLine(l.sidePath(h.Subject), line); err != nil {
			return err
		}
	}
	if again {
		return nil
	}
	return appendLine(l.path(sideDir, "known"), []byte(artifact.Hex(h.Digest)))
}

func (l *layout) listed(h head, look bool) (listed bool, err error) {
	if !look {
		return false, nil
	}
	err = eachLine(l.sidePath(h.Subject), func(d Descriptor) error {
		listed = listed || d.Digest == h.Digest
		return nil
	})
	return listed, err
}

// adopt takes account of manifests that other tools have put into index.json.
func (l *layout) adopt(x *index) error {
	known, err := l.readKnown()
	if err != nil {
		return err
	}
	for _, e := range x.entries {
		if known.has(e.Digest) {
			continue
		}
		raw, err := l.readManifest(e.Digest)
		if err != nil {
			continue // readers complain of it
		}
		if h, err := readHead(raw, e.MediaType); err == nil {
			if err := l.record(h); err != nil {
				return err
			}
		}
	}
	return nil
}

// forget is the reverse of record.
func (l *layout) forget(h head) error {
	if artifact.ValidDigest(h.Subject) {
		var kept bytes.Buffer
		err := eachLine(l.sidePath(h.Subject), func(d Descriptor) error {
			if d.Digest == h.Digest {
				return nil
			}
			return json.NewEncoder(&kept).Encode(d)
		})
		if err != nil {
			return err
		}
		if err := l.replaceSide(filepath.Join("referrers", "sha256", artifact.Hex(h.Subject)), kept.Bytes()); err != nil {
			return err
		}
	}
	text, err := os.ReadFile(l.path(sideDir, "known"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return l.replaceSide("known", bytes.ReplaceAll(text, []byte(artifact.Hex(h.Digest)+"\n"), nil))
}

func (l *layout) replaceSide(name string, text []byte) error {
	if _, err := os.Stat(l.path(sideDir, name)); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return l.writeFile(filepath.Join(sideDir, name), text)
}

// appendLine adds a line to a side file, after cutting off a torn one. What a
// full disk leaves of the line is taken back.
func appendLine(path string, line []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return unwritable(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		return unwritable(err)
	}
	defer f.Close()
	end, err := lastLineEnd(f)
	if err != nil {
		return err
	}
	if err := f.Truncate(end); err != nil {
		return unwritable(err)
	}
	_, err = f.Write(append(bytes.Clone(line), '\n'))
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		err = errors.Join(err, f.Truncate(end))
	}
	return unwritable(err)
}

// lastLineEnd is the length of a file up to and with its last newline.
func lastLineEnd(f *os.File) (int64, error) {
	st, err := f.Stat()
	if err != nil {
		return 0, err
	}
	buf := make([]byte, 4096)
	for end := st.Size(); end > 0; {
		from := max(0, end-int64(len(buf)))
		b := buf[:end-from]
		if _, err := f.ReadAt(b, from); err != nil {
			return 0, err
		}
		if i := bytes.LastIndexByte(b, '\n'); i >= 0 {
			return from + int64(i) + 1, nil
		}
		end = from
	}
	return 0, nil
}

// eachLine reads a side file. No file is no lines.
func eachLine(path string, yield func(Descriptor) error) error {
	f, err := openRegular(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if err := readLines(f, yield); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// readLines parses a side file: one descriptor per line, a last line without
// its end left out, anything else refused.
func readLines(from io.Reader, yield func(Descriptor) error) error {
	r := bufio.NewReaderSize(from, 64<<10)
	var long []byte
	for n := 1; ; {
		part, err := r.ReadSlice('\n')
		if len(long)+len(part) > maxLine {
			return fmt.Errorf("line %d: %w: longer than %d bytes", n, ErrIntegrity, maxLine)
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, bufio.ErrBufferFull):
			long = append(long, part...)
			continue
		case err != nil:
			return err
		}
		if len(long) > 0 {
			part = append(long, part...)
			long = nil
		}
		var d Descriptor
		err = json.Unmarshal(part, &d)
		if err == nil {
			err = d.check()
		}
		if err != nil {
			return fmt.Errorf("line %d: %w: %w", n, ErrIntegrity, err)
		}
		if err := yield(d); err != nil {
			return err
		}
		n++
	}
}

func (l *layout) referrers(ctx context.Context, subject, artifactType string, yield func(Descriptor) error) error {
	offer := func(d Descriptor) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if artifactType != "" && d.ArtifactType != artifactType {
			return nil
		}
		return yield(d)
	}
	x, err := l.current()
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := eachLine(l.sidePath(subject), offer); err != nil {
		return err
	}
	return l.strangers(x, subject, offer)
}

// strangers looks through what index.json lists and the side index does not
// know.
func (l *layout) strangers(x *index, subject string, offer func(Descriptor) error) error {
	unknown, err := l.unknown(x)
	if err != nil {
		return err
	}
	for _, e := range unknown {
		l.mu.Lock()
		of, seen := l.subjects[e.Digest]
		l.mu.Unlock()
		if seen && of != subject {
			continue
		}
		raw, err := l.readManifest(e.Digest)
		if err != nil {
			return fmt.Errorf("index.json lists %s, which may be one: %w", e.Digest, err)
		}
		h, err := readHead(raw, e.MediaType)
		if err != nil {
			return fmt.Errorf("index.json lists %s: %w: %w", e.Digest, ErrIntegrity, err)
		}
		l.mu.Lock()
		l.subjects[e.Digest] = h.Subject
		l.mu.Unlock()
		if h.Subject != subject {
			continue
		}
		if err := offer(h.Descriptor); err != nil {
			return err
		}
	}
	return nil
}

// unknown are the entries of index.json that the side index does not know,
// worked out once for each state of the two.
func (l *layout) unknown(x *index) ([]indexEntry, error) {
	known, err := l.readKnown()
	if err != nil {
		return nil, err
	}
	at := known.state()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.unknownOf == x && l.unknownAt == at {
		return l.unknowns, nil
	}
	var list []indexEntry
	for _, e := range x.entries {
		if !known.has(e.Digest) {
			list = append(list, e)
		}
	}
	l.unknownOf, l.unknownAt, l.unknowns = x, at, list
	return list, nil
}
