package evaluate

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"slices"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/table"
)

// MaxTrainingIDs bounds the training rows whose ids are kept: 17 bytes each.
const MaxTrainingIDs = 10_000_000

// Training is what is known of the data that a champion was trained on.
type Training struct {
	Digest string  // of its file; empty where nothing says
	Column string  // of the ids in it; empty where it has none
	IDs    *Source // what the registry keeps of the ids (Result.TrainingIDs)
	File   *Source // the data itself, where it is at hand
	// Why says why the digest or the ids are not known, for people.
	Why string
}

// TrainingData is the data that the evaluated model's project says it was
// trained on, and what the registry keeps of its rows for the comparison with
// the next model.
type TrainingData struct {
	Digest string `json:"digest"`
	Rows   int    `json:"rows"`
	Stored string `json:"stored,omitempty"` // digest of the ids kept
}

// Known says whether, and by what, the rows that the champion was trained on
// are known.
type Known struct {
	Status   string `json:"status"`           // known or unknown
	By       string `json:"by,omitempty"`     // ids, that the registry keeps, or data
	Digest   string `json:"digest,omitempty"` // of the training data
	IDs      int    `json:"ids,omitempty"`    // different ones
	Excluded int    `json:"excluded"`         // rows of the test set that are left out for it
	Detail   string `json:"detail,omitempty"` // why they are unknown
}

// Statuses of Known.
const (
	TrainingKnown   = "known"
	TrainingUnknown = "unknown"
)

// tag is the first eight bytes of a pseudonym, which is enough to tell training
// rows from others. A test row meets
// one of n training rows by chance once in 2⁶⁴/n.
type tag uint64

// tagger makes tags under one key.
type tagger struct {
	mac hash.Hash
	sum []byte
}

func newTagger(key []byte) *tagger { return &tagger{mac: hmac.New(sha256.New, key)} }

func (t *tagger) of(id string) tag {
	t.mac.Reset()
	_, _ = io.WriteString(t.mac, id) // a hash takes everything
	t.sum = t.mac.Sum(t.sum[:0])
	return tag(binary.BigEndian.Uint64(t.sum))
}

// tagsOf are the sorted tags of a column of ids, each once. A row without an
// id could be any, so then nothing is known.
func tagsOf(t *table.Table, column string, key []byte) ([]tag, string, error) {
	c, err := t.Column(column)
	if err != nil {
		return nil, "", err
	}
	with := newTagger(key)
	tags := make([]tag, t.Rows)
	for i := range tags {
		if c.IsNull(i) {
			return nil, fmt.Sprintf("a row of %s has no id", t.Name), nil
		}
		tags[i] = with.of(c.String(i))
	}
	slices.Sort(tags)
	return slices.Compact(tags), "", nil
}

// trainingIDs is what the registry may keep of the training rows: the tag of
// each id as sixteen hexadecimal digits, one to a line, in order. It is nil
// without ids or a key, and beyond MaxTrainingIDs.
func (w *work) trainingIDs() ([]byte, error) {
	if w.train == nil || w.Spec.Train.ID == "" || len(w.IDKey) == 0 || w.train.Rows > MaxTrainingIDs {
		return nil, nil
	}
	tags, why, err := tagsOf(w.train, w.Spec.Train.ID, w.IDKey)
	if err != nil || why != "" {
		return nil, err
	}
	out := make([]byte, 0, 17*len(tags))
	var b [8]byte
	for _, t := range tags {
		binary.BigEndian.PutUint64(b[:], uint64(t))
		out = append(hex.AppendEncode(out, b[:]), '\n')
	}
	return out, nil
}

// readTags reads what trainingIDs wrote.
func readTags(text []byte) ([]tag, error) {
	var tags []tag
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		var b [8]byte
		line := lines.Bytes()
		if _, err := hex.Decode(b[:], line[:min(len(line), 16)]); err != nil || len(line) != 16 {
			return nil, fmt.Errorf("line %d of the training ids is not sixteen hexadecimal digits", len(tags)+1)
		}
		t := tag(binary.BigEndian.Uint64(b[:]))
		if n := len(tags); n > 0 && t <= tags[n-1] {
			return nil, fmt.Errorf("line %d of the training ids is not after the one before it", n+1)
		}
		tags = append(tags, t)
	}
	if len(tags) == 0 || len(tags)*17 != len(text) {
		return nil, fmt.Errorf("the training ids are cut off after %d lines", len(tags))
	}
	return tags, nil
}

// championTags are those of the rows that the champion was trained on; where
// they cannot be known, the result says why.
func (w *work) championTags(ctx context.Context, c *Champion) (tags []tag, known *Known, err error) {
	t := cmp.Or(c.Training, &Training{})
	known = &Known{Status: TrainingKnown, Digest: t.Digest}
	unknown := func(why string) ([]tag, *Known, error) {
		return nil, &Known{Status: TrainingUnknown, Digest: t.Digest, Detail: why}, nil
	}
	same := w.Train != nil && w.Train.Digest == t.Digest
	column, file := t.Column, t.File
	if same {
		column, file = cmp.Or(column, w.Spec.Train.ID), w.Train
	}
	switch {
	case t.IDs != nil:
		known.By = "ids"
		if tags, err = t.IDs.readTags(); err != nil {
			return nil, nil, fmt.Errorf("reading the training ids of champion %s: %w", artifact.Short(c.Digest), err)
		}
	case t.Digest == "":
		return unknown(cmp.Or(t.Why, "nothing says what it was trained on"))
	case column == "":
		return unknown("its training data names no column of ids")
	case file == nil:
		return unknown(cmp.Or(t.Why, "its training ids were not kept, and its training data is not at hand"))
	default:
		known.By = "data"
		data := w.train
		if !same || column != w.Spec.Train.ID {
			if data, err = file.read(ctx, file.path(), table.Options{IDs: texts(column)}); err != nil {
				return nil, nil, fmt.Errorf("reading the training data of champion %s: %w", artifact.Short(c.Digest), err)
			}
		}
		if !slices.Contains(data.Names(), column) {
			return unknown(fmt.Sprintf("its training data has no column %s", column))
		}
		var why string
		if tags, why, err = tagsOf(data, column, w.IDKey); err != nil {
			return nil, nil, err
		}
		if why != "" {
			return unknown(why)
		}
	}
	known.IDs = len(tags)
	return tags, known, nil
}

// readTags reads kept training ids, whose digest a signed statement names.
func (s Source) readTags() ([]tag, error) {
	r, size, err := s.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	text := make([]byte, size)
	if _, err := io.ReadFull(io.NewSectionReader(r, 0, size), text); err != nil {
		return nil, err
	}
	if got := artifact.Digest(text); got != s.Digest {
		return nil, fmt.Errorf("%w: %s is %s, expected %s", ErrPinned, s.path(), artifact.Short(got), artifact.Short(s.Digest))
	}
	return readTags(text)
}

// training names the training data of the model that is evaluated.
func (w *work) training(kept []byte) *TrainingData {
	if w.train == nil {
		return nil
	}
	t := &TrainingData{Digest: w.Train.Digest, Rows: w.train.Rows}
	if kept != nil {
		t.Stored = artifact.Digest(kept)
	}
	return t
}

// untrained leaves out the rows that the champion was trained on, of those in
// the sample of which it says something.
func (w *work) untrained(ctx context.Context, c *Champion, at []int32, said *predicted) ([]int32, *predicted, *Known, error) {
	tags, known, err := w.championTags(ctx, c)
	if err != nil || known.Status != TrainingKnown {
		return at, said, known, err
	}
	left, stood, err := w.apartFrom(tags, at)
	if err != nil {
		return nil, nil, nil, err
	}
	known.Excluded = len(at) - len(left)
	return left, said.pick(stood), known, nil
}

// apartFrom leaves out the rows at places in the sample whose ids are tagged:
// what is left of at, and where it stood in it.
func (w *work) apartFrom(tags []tag, at []int32) (left, stood []int32, err error) {
	id, err := w.test.Column(w.Spec.Test.ID)
	if err != nil {
		return nil, nil, err
	}
	with := newTagger(w.IDKey)
	left, stood = []int32{}, []int32{}
	for i, k := range at {
		if _, trained := slices.BinarySearch(tags, with.of(id.String(int(w.all.rows[k])))); !trained {
			left, stood = append(left, k), append(stood, int32(i))
		}
	}
	return left, stood, nil
}
