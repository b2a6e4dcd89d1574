package oci

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"

	"github.com/weighlock/weighlock/internal/artifact"
)

// maxIndex bounds index.json, which names every tag; a hundred thousand tags
// take about 25 MiB.
const maxIndex = 256 << 20

// index is index.json: what has a tag, and what has neither tag nor subject.
// Fields that Weighlock does not know are kept as they are.
type index struct {
	fields  map[string]json.RawMessage
	entries []indexEntry
	byTag   map[string][]string // digests; more than one is another tool's mistake
}

type indexEntry struct {
	Descriptor
	raw json.RawMessage
}

func (e indexEntry) tag() string { return e.Annotations[artifact.AnnotationRefName] }

func newIndex() *index {
	return &index{
		fields: map[string]json.RawMessage{"schemaVersion": json.RawMessage("2"), "mediaType": quote(artifact.MediaTypeIndex)},
		byTag:  map[string][]string{},
	}
}

func quote(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // only descriptors and strings come here
	}
	return b
}

func parseIndex(text []byte) (*index, error) {
	x := &index{byTag: map[string][]string{}}
	if err := json.Unmarshal(text, &x.fields); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrIntegrity, err)
	}
	var raws []json.RawMessage
	if string(x.fields["schemaVersion"]) != "2" {
		return nil, fmt.Errorf("%w: not an image index", ErrIntegrity)
	}
	if err := json.Unmarshal(x.fields["manifests"], &raws); err != nil {
		return nil, fmt.Errorf("%w: manifests: %w", ErrIntegrity, err)
	}
	delete(x.fields, "manifests")
	for i, raw := range raws {
		e := indexEntry{raw: raw}
		err := json.Unmarshal(raw, &e.Descriptor)
		if err == nil {
			err = e.check()
		}
		if err != nil {
			return nil, fmt.Errorf("%w: manifests[%d]: %w", ErrIntegrity, i, err)
		}
		x.add(e)
	}
	return x, nil
}

func (x *index) add(e indexEntry) {
	x.entries = append(x.entries, e)
	if tag := e.tag(); tag != "" && !slices.Contains(x.byTag[tag], e.Digest) {
		x.byTag[tag] = append(x.byTag[tag], e.Digest)
	}
}

func (x *index) bytes() []byte {
	raws := make([]json.RawMessage, 0, len(x.entries))
	for _, e := range x.entries {
		raws = append(raws, e.raw)
	}
	fields := maps.Clone(x.fields)
	fields["manifests"] = quote(raws)
	return quote(fields)
}

// digestOf is what a tag points at, or ErrNotFound.
func (x *index) digestOf(tag string) (string, error) {
	switch at := x.byTag[tag]; len(at) {
	case 0:
		return "", ErrNotFound
	case 1:
		return at[0], nil
	default:
		return "", fmt.Errorf("%w: index.json gives the tag to %d manifests\nhint: keep one of these entries in the file, the right one", ErrIntegrity, len(at))
	}
}

func (x *index) has(digest string) bool {
	return slices.ContainsFunc(x.entries, func(e indexEntry) bool { return e.Digest == digest })
}

// put lists a manifest, under a tag if one is given. The entry without a tag
// gives way to the one with.
func (x *index) put(d Descriptor, tag string) {
	old := x.entries
	x.entries, x.byTag = nil, map[string][]string{}
	orphan := ""
	for _, e := range old {
		switch {
		case tag != "" && e.tag() == tag:
			if e.Digest != d.Digest {
				orphan = e.Digest
			}
		case e.Digest == d.Digest && e.tag() == "":
		default:
			x.add(e)
		}
	}
	if d = d.bare(); tag != "" {
		d.Annotations = map[string]string{artifact.AnnotationRefName: tag}
	}
	x.add(indexEntry{d, quote(d)})
	x.keep(orphan, old)
}

// keep lists a manifest that lost its last tag, so that it stays in the
// layout for tools which collect what index.json does not name.
func (x *index) keep(digest string, old []indexEntry) {
	if digest == "" || x.has(digest) {
		return
	}
	for _, e := range old {
		if e.Digest == digest {
			d := e.bare()
			x.add(indexEntry{d, quote(d)})
			return
		}
	}
}

// drop removes the entries with a digest, or the one with a tag, and says
// whether there were any.
func (x *index) drop(target string) bool {
	old, orphan := x.entries, ""
	x.entries, x.byTag = nil, map[string][]string{}
	for _, e := range old {
		switch {
		case e.Digest == target:
		case e.tag() == target:
			orphan = e.Digest
		default:
			x.add(e)
		}
	}
	dropped := len(x.entries) < len(old)
	x.keep(orphan, old)
	return dropped
}

func (x *index) tags() []string {
	tags := make([]string, 0, len(x.byTag))
	for tag := range x.byTag {
		tags = append(tags, tag)
	}
	slices.SortFunc(tags, cmp.Compare)
	return tags
}

// readIndex returns index.json, parsed once for each state of the file. The
// result must not be changed.
func (l *layout) readIndex() (*index, error) {
	f, err := openRegular(l.path("index.json"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	now, err := stampOf(f)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.index != nil && l.stamp == now {
		return l.index, nil
	}
	text, err := io.ReadAll(io.LimitReader(f, maxIndex+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxIndex {
		return nil, fmt.Errorf("%s: %w: larger than %d bytes", f.Name(), ErrIntegrity, maxIndex)
	}
	x, err := parseIndex(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name(), err)
	}
	l.index, l.stamp = x, now
	return x, nil
}

// current is index.json of a layout that is there; otherwise ErrNotFound.
func (l *layout) current() (*index, error) {
	ok, err := l.present()
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fmt.Errorf("no layout in %s: %w", l.dir, ErrNotFound)
	}
	x, err := l.readIndex()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s has no index.json: %w", l.dir, ErrIntegrity)
	}
	return x, err
}

// edit changes index.json; only under the lock.
func (l *layout) edit(change func(*index)) error {
	x, err := l.readIndex()
	if err != nil {
		return err
	}
	mine := &index{fields: x.fields, byTag: x.byTag, entries: slices.Clone(x.entries)}
	change(mine)
	return l.writeFile("index.json", mine.bytes())
}
