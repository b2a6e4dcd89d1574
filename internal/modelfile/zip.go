package modelfile

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
)

const maxEntries = 100_000

// zipped looks into a ZIP archive: PyTorch's, numpy's or Keras's.
func zipped(f *file) Finding {
	z, err := zip.NewReader(f.r, f.size)
	if err != nil {
		return broken("zip", err)
	}
	if err := entries(z); err != nil {
		return broken("zip", err)
	}
	names := make([]string, len(z.File))
	for i, e := range z.File {
		names[i] = e.Name
	}
	has := func(name string) bool { return slices.Contains(names, name) }
	switch {
	case len(names) == 0:
		return broken("zip", errors.New("is an archive of nothing"))
	case !slices.ContainsFunc(names, func(n string) bool { return !strings.HasSuffix(n, ".npy") }):
		return f.npz(z)
	case slices.ContainsFunc(names, func(n string) bool { return path.Base(n) == "data.pkl" }):
		return f.torch(z)
	case has("config.json") && has("metadata.json"):
		return unsafe("keras", "may hold code: Keras keeps Lambda layers in its files")
	}
	return unsafe("zip", "is an archive of no known kind: what loading it does is not known")
}

// entries refuses archives that two readers may see differently.
func entries(z *zip.Reader) error {
	if len(z.File) > maxEntries {
		return fmt.Errorf("holds more than %d files", maxEntries)
	}
	seen := map[string]bool{}
	for _, e := range z.File {
		switch name := e.Name; {
		case seen[strings.ToLower(name)]:
			return fmt.Errorf("holds %q twice", name)
		case strings.ContainsAny(name, "\\\x00") || path.IsAbs(name) || slices.Contains(strings.Split(name, "/"), ".."):
			return fmt.Errorf("holds %q, which leads out of the archive", name)
		case e.Flags&1 != 0:
			return fmt.Errorf("holds %q encrypted", name)
		}
		seen[strings.ToLower(e.Name)] = true
	}
	return nil
}

// npz is an archive of numpy arrays.
func (f *file) npz(z *zip.Reader) Finding {
	out := &findings{}
	for _, e := range z.File {
		found, err := f.entry(e, f.array)
		if err != nil {
			return broken("npz", err)
		}
		for _, s := range found.Findings {
			out.add("%s: %s", e.Name, s)
		}
		if found.Status == Error {
			return Finding{"npz", Error, out.all()}
		}
	}
	return result("npz", out, nil)
}

// torch is what torch.save writes: data.pkl, and storages that are numbers.
func (f *file) torch(z *zip.Reader) Finding {
	out := &findings{strict: true}
	for _, e := range z.File {
		_, within, _ := strings.Cut(e.Name, "/")
		switch {
		case strings.HasPrefix(within, "code/") || within == "constants.pkl":
			return unsafe("torchscript", "holds TorchScript, a program")
		case strings.HasSuffix(e.Name, ".pkl"):
			_, err := f.entry(e, func(src *source) Finding {
				w := &walk{src: src, reader: byTorch, allow: f.allow, out: out}
				return result("pytorch", out, w.all())
			})
			if err != nil {
				return broken("pytorch", err)
			}
		case strings.HasPrefix(within, "data/"), strings.HasPrefix(within, ".data/"), within == "version", within == "byteorder",
			within == ".format_version", within == ".storage_alignment":
		default:
			out.add("holds %q, which is no part of a PyTorch file", e.Name)
		}
	}
	return result("pytorch", out, nil)
}

// entry reads one file of an archive to its end, so that its checksum counts.
func (f *file) entry(e *zip.File, inspect func(*source) Finding) (Finding, error) {
	r, err := e.Open()
	if err != nil {
		return Finding{}, fmt.Errorf("%s: %w", e.Name, err)
	}
	defer r.Close()
	src := streamSource(r)
	found := inspect(src)
	if found.Status == Error {
		return found, fmt.Errorf("%s: %s", e.Name, strings.Join(found.Findings, "; "))
	}
	if _, err := io.Copy(io.Discard, src.r); err != nil {
		return found, fmt.Errorf("%s: %w", e.Name, err)
	}
	return found, nil
}
