// Package pack makes a model image out of files, and reads one back: an
// ordinary OCI image of uncompressed tar layers under models/, the same bytes
// for the same files on every machine (DESIGN section 5). It stages an image
// by digest; it never tags, signs or judges. It refuses files that change
// while they are read, and layers that could put a file anywhere but under
// models/.
package pack

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/canonical"
	"github.com/weighlock/weighlock/internal/oci"
	"github.com/weighlock/weighlock/internal/tree"
)

// Input is what goes into a model image.
type Input struct {
	Name, Task string            // of the model
	Files      []File            // the model's files
	Metadata   map[string][]byte // Weighlock's own, by plain name: project.yaml, spec.json, lineage.json
	Created    time.Time         // whole seconds count
}

// File is one file of the model on disk; it becomes models/<Path> in the
// image. One without a role is a model file.
type File = tree.File

// ListFiles are the model's files under paths, as tree.List finds them.
func ListFiles(dir string, paths []string) ([]File, error) { return tree.List(dir, paths) }

// FileInfo is one file of a model image.
type FileInfo struct {
	Path   string `json:"path"`
	Digest string `json:"digest"`
	Size   int64  `json:"size"` // bytes
	Role   string `json:"role"`
}

// Image is a model image that was packed, or would be.
type Image struct {
	Descriptor oci.Descriptor // of the manifest
	Files      []FileInfo     // by path
	Manifest   []byte
}

// Progress is told how far packing is. It may be told from several goroutines.
type Progress interface {
	Start(what string, total int64) // a phase begins, of so many bytes: packing, hashing, uploading
	Add(n int64)                    // so many more bytes are done; fewer, where an upload begins again
}

// Digest is the image that Push would make, without writing anything.
func Digest(ctx context.Context, in Input) (*Image, error) {
	return pushed(ctx, nil, in, nil)
}

// Push stages the image in repo, untagged, and returns it. Into a layout, files
// are read once. For a registry they are read for their digests first, so
// that a layer that it already holds is never sent; only what is missing is
// read again. When it fails or ctx ends, no manifest has been written.
func Push(ctx context.Context, repo *oci.Repository, in Input, p Progress) (*Image, error) {
	return pushed(ctx, repo, in, p)
}

func pushed(ctx context.Context, repo *oci.Repository, in Input, p Progress) (*Image, error) {
	s, err := NewStage(ctx, repo, in.Files, p)
	if err != nil {
		return nil, err
	}
	return s.Image(ctx, in)
}

// survey looks at every file once before any is read.
func survey(files []File) ([]source, error) {
	if len(files) == 0 {
		return nil, errors.New("packing: no model file")
	}
	var sources []source
	for _, f := range files {
		if err := tree.Check(f.Path); err != nil {
			return nil, fmt.Errorf("packing: %w", err)
		}
		info, err := os.Stat(f.Abs)
		if err != nil {
			return nil, fmt.Errorf("packing: %w", err)
		}
		if !info.Mode().IsRegular() {
			return nil, fmt.Errorf("packing: %s is no regular file", f.Path)
		}
		if f.Role == "" {
			f.Role = tree.RoleModel
		}
		sources = append(sources, source{name: path.Join(artifact.ModelsDir, f.Path), path: f.Path, abs: f.Abs, role: f.Role, length: info.Size(), info: info})
	}
	slices.SortFunc(sources, func(a, b source) int { return strings.Compare(a.path, b.path) })
	return sources, distinct(sources)
}

// distinct refuses two files at one path, and a file where another needs a
// folder.
func distinct(sources []source) error {
	files := map[string]bool{}
	for _, s := range sources {
		if files[s.path] {
			return fmt.Errorf("packing: %s is named twice", s.path)
		}
		files[s.path] = true
	}
	for _, s := range sources {
		for dir := path.Dir(s.path); dir != "."; dir = path.Dir(dir) {
			if files[dir] {
				return fmt.Errorf("packing: %s is a file, and the folder of %s", dir, s.path)
			}
		}
	}
	return nil
}

// fileList is the list of the model's files in the metadata folder.
const fileList = "files.json"

// metadataSources are the files of the last layer: what the caller gave, and
// files.json, which maps each path to digest, size and role.
func metadataSources(metadata map[string][]byte, files []FileInfo) ([]source, error) {
	type listed struct {
		Digest string `json:"digest"`
		Size   int64  `json:"size"`
		Role   string `json:"role"`
	}
	list := map[string]listed{}
	for _, f := range files {
		list[f.Path] = listed{f.Digest, f.Size, f.Role}
	}
	text, err := canonical.Marshal(list)
	if err != nil {
		return nil, fmt.Errorf("packing: %s: %w", fileList, err)
	}
	all := maps.Clone(metadata)
	if all == nil {
		all = map[string][]byte{}
	}
	if _, taken := all[fileList]; taken {
		return nil, fmt.Errorf("packing: %s is written by the packer", fileList)
	}
	all[fileList] = text
	var sources []source
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if err := tree.Check(name); err != nil || strings.Contains(name, "/") {
			return nil, fmt.Errorf("packing: %q is no name for a metadata file", name)
		}
		sources = append(sources, source{name: path.Join(artifact.MetadataDir, name), text: all[name], inline: true})
	}
	return sources, nil
}

// source is one entry of a layer: a file on disk, or text.
type source struct {
	name   string // in the tar
	path   string // in the project
	abs    string
	role   string
	length int64
	info   fs.FileInfo // as it was when packing began
	text   []byte
	inline bool
}

func (s source) size() int64 {
	if s.inline {
		return int64(len(s.text))
	}
	return s.length
}

func (s source) group() string { return s.role }

func (f FileInfo) size() int64 { return f.Size }

func (f FileInfo) group() string { return f.Role }

// large is the size from which a file has a layer of its own, so that it is
// never sent again because of a neighbour.
const large = 4 << 20

// plan sorts files, given in path order, into layers: each large one alone,
// then the small ones together by role, roles in alphabetical order.
func plan[F interface {
	size() int64
	group() string
}](files []F) [][]F {
	var layers [][]F
	small := map[string][]F{}
	for _, f := range files {
		if f.size() >= large {
			layers = append(layers, []F{f})
		} else {
			small[f.group()] = append(small[f.group()], f)
		}
	}
	for _, role := range slices.Sorted(maps.Keys(small)) {
		layers = append(layers, small[role])
	}
	return layers
}
