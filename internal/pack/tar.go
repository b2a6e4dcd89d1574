package pack

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/tree"
)

// span is where a file's bytes lie in a layer.
type span struct{ offset, size int64 }

// tarIndex says what is in a layer, by name.
type tarIndex struct {
	files   map[string]span
	folders map[string]bool
}

// readTar lists the files of a layer, without reading them. It refuses what a
// container runtime and Weighlock could understand differently, or what would
// reach outside models/: paths that are not clean, links, devices, sparse
// files, deletions, a path given twice, too many entries, bytes after the end.
func readTar(r io.ReaderAt, size int64) (tarIndex, error) {
	section := io.NewSectionReader(r, 0, size)
	tr := tar.NewReader(section)
	index := tarIndex{files: map[string]span{}, folders: map[string]bool{}}
	for n := 0; ; n++ {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return index, atEnd(section, size)
		}
		if err != nil {
			return tarIndex{}, fmt.Errorf("reading the tar: %w", err)
		}
		if n >= 2*tree.MaxFiles {
			return tarIndex{}, fmt.Errorf("more than %d entries", 2*tree.MaxFiles)
		}
		name, err := entryName(h)
		if err != nil {
			return tarIndex{}, err
		}
		if _, twice := index.files[name]; twice || (index.folders[name] && h.Typeflag != tar.TypeDir) {
			return tarIndex{}, fmt.Errorf("%s is in the layer twice", name)
		}
		if h.Typeflag == tar.TypeDir {
			index.folders[name] = true
			continue
		}
		offset, err := section.Seek(0, io.SeekCurrent)
		if err != nil {
			return tarIndex{}, err
		}
		if h.Size > size-offset {
			return tarIndex{}, fmt.Errorf("%s: cut off", name)
		}
		index.files[name] = span{offset, h.Size}
	}
}

// entryName is the checked name of an entry that is a file or a folder.
func entryName(h *tar.Header) (string, error) {
	if h.Typeflag != tar.TypeReg && h.Typeflag != tar.TypeDir {
		return "", fmt.Errorf("%q is neither file nor folder but of type %q", h.Name, h.Typeflag)
	}
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return "", fmt.Errorf("%q is a sparse file", h.Name)
		}
	}
	name := h.Name
	if h.Typeflag == tar.TypeDir {
		name = strings.TrimSuffix(name, "/")
		if h.Size != 0 {
			return "", fmt.Errorf("%q is a folder with bytes", h.Name)
		}
	}
	if name == artifact.ModelsDir && h.Typeflag == tar.TypeDir {
		return name, nil
	}
	rest, ok := strings.CutPrefix(name, artifact.ModelsDir+"/")
	if !ok {
		return "", fmt.Errorf("%q is not under %s/", h.Name, artifact.ModelsDir)
	}
	if name == artifact.MetadataDir {
		return name, nil
	}
	if own, ok := strings.CutPrefix(name, artifact.MetadataDir+"/"); ok {
		rest = own
	}
	return name, tree.Check(rest)
}

// atEnd refuses bytes behind the end of the tar, which other readers may see.
func atEnd(section *io.SectionReader, size int64) error {
	at, err := section.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	if at != size {
		return fmt.Errorf("%d bytes after the end of the tar", size-at)
	}
	return nil
}
