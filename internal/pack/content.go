package pack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/canonical"
	"github.com/weighlock/weighlock/internal/oci"
	"github.com/weighlock/weighlock/internal/tree"
)

// Content is a model image that is read back. Only what is asked for is
// fetched, layer by layer; Close ends it.
type Content struct {
	Descriptor  oci.Descriptor
	Annotations map[string]string
	Files       []FileInfo // by path, as files.json in the image says

	ctx      context.Context // of Open: OpenFile reads on its behalf
	repo     *oci.Repository
	layers   []*layer // the last one is Weighlock's own
	metadata map[string][]byte
	places   map[string]place // by path
}

// place is where a file should be.
type place struct {
	FileInfo
	layer int // where Push puts it
}

// layer is one layer of an image, opened when it is first needed.
type layer struct {
	desc oci.Descriptor
	blob blob
	tarIndex
}

type blob interface {
	io.ReaderAt
	io.Closer
}

// Bounds on foreign images.
const (
	maxLayers   = tree.MaxFiles + 100
	maxMetadata = 64 << 20
	maxConfig   = 16 << 20
)

// Open reads the image's manifest, and the files that Weighlock put into its
// last layer. An image that is not a model image, or whose parts contradict
// each other, is refused.
func Open(ctx context.Context, repo *oci.Repository, digest string) (*Content, error) {
	c := &Content{ctx: ctx, repo: repo}
	if err := c.open(ctx, digest); err != nil {
		c.Close()
		return nil, fmt.Errorf("reading model image %s: %w", artifact.Short(digest), err)
	}
	return c, nil
}

func (c *Content) open(ctx context.Context, digest string) error {
	text, desc, err := c.repo.Manifest(ctx, digest)
	if err != nil {
		return err
	}
	m, err := oci.ParseManifest(text)
	if err != nil {
		return err
	}
	if err := modelImage(m); err != nil {
		return err
	}
	c.Descriptor, c.Annotations = desc, m.Annotations
	for _, d := range m.Layers {
		c.layers = append(c.layers, &layer{desc: d})
	}
	return c.readMetadata(ctx)
}

// modelImage refuses a manifest that Push would not have written.
func modelImage(m oci.Manifest) error {
	if m.Config.MediaType != artifact.MediaTypeConfig || m.Annotations[artifact.AnnotationModelName] == "" {
		return errors.New("not a model image\nhint: publish the model with weighlock publish")
	}
	if len(m.Layers) < 2 || len(m.Layers) > maxLayers {
		return fmt.Errorf("%d layers in a model image, which has 2 to %d", len(m.Layers), maxLayers)
	}
	for _, d := range m.Layers {
		if d.MediaType != artifact.MediaTypeLayer {
			return fmt.Errorf("layer %s is a %s, not an uncompressed tar", artifact.Short(d.Digest), d.MediaType)
		}
	}
	return nil
}

// readMetadata takes the last layer into memory.
func (c *Content) readMetadata(ctx context.Context) error {
	last := c.layers[len(c.layers)-1]
	if last.desc.Size > maxMetadata {
		return fmt.Errorf("metadata layer of %d bytes, more than %d", last.desc.Size, int64(maxMetadata))
	}
	if err := c.openLayer(ctx, last); err != nil {
		return err
	}
	c.metadata = map[string][]byte{}
	for name, s := range last.files {
		plain, ok := strings.CutPrefix(name, artifact.MetadataDir+"/")
		if !ok || strings.Contains(plain, "/") {
			return fmt.Errorf("%s in the metadata layer, which holds files of %s and nothing else", name, artifact.MetadataDir)
		}
		text := make([]byte, s.size)
		if _, err := last.blob.ReadAt(text, s.offset); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		c.metadata[plain] = text
	}
	files, err := parseFiles(c.metadata[fileList])
	if err != nil {
		return err
	}
	c.Files, c.places = files, map[string]place{}
	for i, group := range plan(files) {
		for _, f := range group {
			c.places[f.Path] = place{f, i}
		}
	}
	return nil
}

// parseFiles reads files.json.
func parseFiles(text []byte) ([]FileInfo, error) {
	if text == nil {
		return nil, fmt.Errorf("no %s in the image: %w", fileList, oci.ErrIntegrity)
	}
	var list map[string]FileInfo
	if err := canonical.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("%s: %w", fileList, err)
	}
	if len(list) == 0 || len(list) > tree.MaxFiles {
		return nil, fmt.Errorf("%s lists %d files", fileList, len(list))
	}
	var files []FileInfo
	for _, p := range slices.Sorted(maps.Keys(list)) {
		f := list[p]
		if err := tree.Check(p); err != nil {
			return nil, fmt.Errorf("%s: %w", fileList, err)
		}
		if f.Path != "" || !artifact.ValidDigest(f.Digest) || f.Size < 0 || f.Role == "" {
			return nil, fmt.Errorf("%s: %s is not described by digest, size and role", fileList, p)
		}
		f.Path = p
		files = append(files, f)
	}
	return files, nil
}

// ErrNoFile is in the chain where an image has no such file.
var ErrNoFile = errors.New("no such file in the model image")

// Metadata is a file that Weighlock put into the image, such as spec.json.
func (c *Content) Metadata(name string) ([]byte, error) {
	text, ok := c.metadata[name]
	if !ok {
		return nil, fmt.Errorf("%s in %s: %w", name, artifact.Short(c.Descriptor.Digest), ErrNoFile)
	}
	return slices.Clone(text), nil
}

// MetadataNames are the names that Metadata knows, sorted.
func (c *Content) MetadataNames() []string { return slices.Sorted(maps.Keys(c.metadata)) }

// OpenFile reads one of Files, by its path in the project. Its bytes have been
// checked against files.json. The reader is valid until Close.
func (c *Content) OpenFile(p string) (io.ReaderAt, int64, error) {
	section, err := c.openFile(p)
	if err != nil {
		return nil, 0, fmt.Errorf("reading %s from model image %s: %w", p, artifact.Short(c.Descriptor.Digest), err)
	}
	return section, section.Size(), nil
}

func (c *Content) openFile(p string) (*io.SectionReader, error) {
	at, ok := c.places[p]
	if !ok {
		return nil, ErrNoFile
	}
	section, err := c.find(at)
	if err != nil {
		return nil, err
	}
	digest, _, err := artifact.DigestReader(&stoppable{c.ctx, io.NewSectionReader(section, 0, at.Size)})
	if err != nil {
		return nil, err
	}
	if digest != at.Digest {
		return nil, fmt.Errorf("%s, but %s says %s: %w", digest, fileList, at.Digest, oci.ErrIntegrity)
	}
	return section, nil
}

// find looks for a file in the layers, first where Push would have put it.
func (c *Content) find(at place) (*io.SectionReader, error) {
	name := path.Join(artifact.ModelsDir, at.Path)
	model := c.layers[:len(c.layers)-1]
	for i := range model {
		l := model[(at.layer+i)%len(model)]
		if err := c.openModelLayer(l); err != nil {
			return nil, err
		}
		s, ok := l.files[name]
		if !ok {
			continue
		}
		if s.size != at.Size {
			return nil, fmt.Errorf("%d bytes, but %s says %d: %w", s.size, fileList, at.Size, oci.ErrIntegrity)
		}
		return io.NewSectionReader(l.blob, s.offset, s.size), nil
	}
	return nil, fmt.Errorf("in no layer: %w", oci.ErrIntegrity)
}

// Verify reads the whole image: every file must be what files.json says, in
// one layer only, and there must be no other.
func (c *Content) Verify() error {
	if err := c.verifyNames(); err != nil {
		return fmt.Errorf("verifying model image %s: %w", artifact.Short(c.Descriptor.Digest), err)
	}
	for _, f := range c.Files {
		if _, _, err := c.OpenFile(f.Path); err != nil {
			return err
		}
	}
	return nil
}

func (c *Content) verifyNames() error {
	seen := map[string]bool{}
	for i, l := range c.layers {
		if i < len(c.layers)-1 {
			if err := c.openModelLayer(l); err != nil {
				return err
			}
		}
		for name := range l.files {
			if seen[name] {
				return fmt.Errorf("%s is in two layers: %w", name, oci.ErrIntegrity)
			}
			seen[name] = true
		}
	}
	for _, l := range c.layers {
		for name := range l.folders {
			// A folder in one layer hides the file of that name below it.
			if seen[name] {
				return fmt.Errorf("%s is a file, and a folder in another layer: %w", name, oci.ErrIntegrity)
			}
		}
	}
	return nil
}

// Close ends the reading.
func (c *Content) Close() error {
	var errs []error
	for _, l := range c.layers {
		if l.blob != nil {
			errs = append(errs, l.blob.Close())
			l.blob = nil
		}
	}
	return errors.Join(errs...)
}

// openModelLayer opens a layer that may hold nothing but Files.
func (c *Content) openModelLayer(l *layer) error {
	if err := c.openLayer(c.ctx, l); err != nil {
		return err
	}
	for name := range l.files {
		if _, ok := c.places[strings.TrimPrefix(name, artifact.ModelsDir+"/")]; !ok {
			return fmt.Errorf("%s is in a layer, but not in %s: %w", name, fileList, oci.ErrIntegrity)
		}
	}
	return nil
}

func (c *Content) openLayer(ctx context.Context, l *layer) error {
	if l.blob != nil {
		return nil
	}
	b, err := c.repo.BlobAt(ctx, l.desc)
	if err != nil {
		return err
	}
	index, err := readTar(b, l.desc.Size)
	if err != nil {
		b.Close()
		return fmt.Errorf("layer %s: %w", artifact.Short(l.desc.Digest), err)
	}
	l.blob, l.tarIndex = b, index
	return nil
}

// stoppable is a reader that ends when its context does.
type stoppable struct {
	ctx context.Context
	r   io.Reader
}

func (s *stoppable) Read(b []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.r.Read(b)
}
