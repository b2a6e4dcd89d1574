package pack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/canonical"
	"github.com/weighlock/weighlock/internal/oci"
	"github.com/weighlock/weighlock/internal/tree"
)

// Stage is the files of a model, packed into layers that are stored or only
// digested, before it is known what else the image will say. Each file was
// read once.
type Stage struct {
	Files []FileInfo // by path

	b       *builder
	sources map[string]source // by path
}

// NewStage packs files into layers: into repo, where it is a layout; for a
// registry, and where repo is nil, it only digests them. No manifest is
// written, so nothing is visible yet.
func NewStage(ctx context.Context, repo *oci.Repository, files []File, p Progress) (*Stage, error) {
	var to store = discard{}
	switch {
	case repo == nil:
	case isLayout(repo):
		to = streamed{repo}
	default:
		to = uploaded{repo}
	}
	sources, err := survey(files)
	if err != nil {
		return nil, err
	}
	b := &builder{store: to, progress: p, copier: newCopier()}
	b.start(to.verb(), total(sources))
	for _, group := range plan(sources) {
		files, err := b.layer(ctx, group)
		if err != nil {
			return nil, err
		}
		b.files = append(b.files, files...)
	}
	slices.SortFunc(b.files, func(x, y FileInfo) int { return strings.Compare(x.Path, y.Path) })
	s := &Stage{Files: b.files, b: b, sources: map[string]source{}}
	for _, from := range sources {
		s.sources[from.path] = from
	}
	return s, nil
}

// Open reads one of Files on disk, and refuses every part of it that is not
// what was packed.
func (s *Stage) Open(path string) (*artifact.Sealed, io.Closer, error) {
	from, ok := s.sources[path]
	if !ok {
		return nil, nil, fmt.Errorf("%s: %w", path, ErrNoFile)
	}
	f, err := tree.Open(from.abs)
	if err != nil {
		return nil, nil, err
	}
	return s.b.copier.seals[path].Reader(f), f, nil
}

// Image completes the image: what the registry lacks is sent, then metadata,
// config, and the manifest last. in.Files does not matter any more. A stage
// makes one image.
func (s *Stage) Image(ctx context.Context, in Input) (*Image, error) {
	if in.Name == "" || in.Task == "" {
		return nil, errors.New("packing: the model has no name or no task")
	}
	if in.Created.IsZero() {
		return nil, fmt.Errorf("packing %s: no time of creation", in.Name)
	}
	b := s.b
	metadata, err := metadataSources(in.Metadata, b.files)
	if err != nil {
		return nil, err
	}
	if _, err := b.layer(ctx, metadata); err != nil {
		return nil, err
	}
	if err := b.send(ctx); err != nil {
		return nil, err
	}
	return b.finish(ctx, in)
}

// builder collects the parts of one image.
type builder struct {
	store    store
	progress Progress
	copier   *copier
	groups   [][]source
	layers   []oci.Descriptor
	files    []FileInfo
}

func (b *builder) layer(ctx context.Context, group []source) ([]FileInfo, error) {
	d, files, err := b.store.layer(ctx, b, group)
	if err != nil {
		return nil, err
	}
	b.groups, b.layers = append(b.groups, group), append(b.layers, d)
	return files, nil
}

// parallel is how many layers are sent at once.
const parallel = 4

// send is the second phase of stores that digest before they write.
func (b *builder) send(ctx context.Context) error {
	u, ok := b.store.(uploaded)
	if !ok {
		return nil
	}
	var size int64
	for _, l := range b.layers {
		size += l.Size
	}
	b.start("uploading", size)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(parallel)
	for i, group := range b.groups {
		g.Go(func() error {
			if err := u.send(ctx, group, b.layers[i], b.seen); err != nil {
				return fmt.Errorf("uploading layer %s: %w", artifact.Short(b.layers[i].Digest), err)
			}
			return nil
		})
	}
	return g.Wait()
}

// config is the part of an image config that a model image has.
type config struct {
	Architecture string   `json:"architecture"`
	Config       struct{} `json:"config"`
	Created      string   `json:"created"`
	OS           string   `json:"os"`
	RootFS       rootFS   `json:"rootfs"`
}

type rootFS struct {
	Type    string   `json:"type"`
	DiffIDs []string `json:"diff_ids"`
}

// finish writes config and manifest.
func (b *builder) finish(ctx context.Context, in Input) (*Image, error) {
	created := in.Created.UTC().Truncate(time.Second).Format(time.RFC3339)
	// A model is for no platform, but a config must name one. linux/amd64 is
	// what most nodes ask for; runtimes that mount an image volume compare the
	// platform only when they choose from an index, which this is not, so it
	// mounts on arm64 as well. It must not be that of the packing machine.
	c := config{Architecture: "amd64", OS: "linux", Created: created, RootFS: rootFS{Type: "layers"}}
	for _, l := range b.layers {
		c.RootFS.DiffIDs = append(c.RootFS.DiffIDs, l.Digest) // uncompressed: the same
	}
	text, err := canonical.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("packing %s: %w", in.Name, err)
	}
	conf, err := b.store.bytes(ctx, artifact.MediaTypeConfig, text)
	if err != nil {
		return nil, fmt.Errorf("packing %s: %w", in.Name, err)
	}
	m := oci.Manifest{MediaType: artifact.MediaTypeManifest, Config: conf, Layers: b.layers, Annotations: map[string]string{
		artifact.AnnotationCreated:   created,
		artifact.AnnotationTitle:     in.Name,
		artifact.AnnotationModelName: in.Name,
		artifact.AnnotationModelTask: in.Task,
	}}
	manifest, err := m.Bytes()
	if err != nil {
		return nil, fmt.Errorf("packing %s: %w", in.Name, err)
	}
	d, err := b.store.manifest(ctx, m)
	if err != nil {
		return nil, fmt.Errorf("packing %s: %w", in.Name, err)
	}
	if d.Digest != artifact.Digest(manifest) {
		return nil, fmt.Errorf("packing %s: the manifest was stored as %s, not %s: %w", in.Name, d.Digest, artifact.Digest(manifest), oci.ErrIntegrity)
	}
	d = oci.Descriptor{MediaType: artifact.MediaTypeManifest, Digest: d.Digest, Size: int64(len(manifest))}
	return &Image{Descriptor: d, Files: b.files, Manifest: manifest}, nil
}

func (b *builder) start(what string, total int64) {
	if b.progress != nil {
		b.progress.Start(what, total)
	}
}

func (b *builder) seen(n int64) {
	if b.progress != nil {
		b.progress.Add(n)
	}
}

// total is the size of the content of files on disk, in bytes.
func total(group []source) int64 {
	var n int64
	for _, s := range group {
		if !s.inline {
			n += s.size()
		}
	}
	return n
}
