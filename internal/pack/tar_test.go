package pack

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
)

func tarNames(t *testing.T, r io.ReaderAt, size int64) []string {
	t.Helper()
	index, err := readTar(r, size)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Sorted(maps.Keys(index.files))
}

// makeTar is a tar with the given entries; a file's content is its name.
func makeTar(t testing.TB, headers ...tar.Header) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, h := range headers {
		addEntry(t, w, h, h.Name)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// makeTarOf is a tar with one file.
func makeTarOf(t testing.TB, h tar.Header, content string) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	addEntry(t, w, h, content)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func addEntry(t testing.TB, w *tar.Writer, h tar.Header, content string) {
	t.Helper()
	if h.Typeflag != tar.TypeReg {
		content = ""
	}
	h.Size = int64(len(content))
	if err := w.WriteHeader(&h); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, content); err != nil {
		t.Fatal(err)
	}
}

// asFolder turns the first entry of a tar into a folder that keeps its bytes.
func asFolder(text []byte) []byte {
	text = slices.Clone(text)
	copy(text[148:156], "        ")
	text[156] = tar.TypeDir
	sum := 0
	for _, b := range text[:512] {
		sum += int(b)
	}
	copy(text[148:156], fmt.Sprintf("%06o\x00 ", sum))
	return text
}

func dirHeader(name string) tar.Header { return tar.Header{Name: name, Typeflag: tar.TypeDir} }

func regular(name string) tar.Header {
	return tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644}
}

func TestFilesOfATar(t *testing.T) {
	text := makeTar(t, tar.Header{Name: "models/", Typeflag: tar.TypeDir}, regular("models/a"), regular("models/b/c"), regular("models/.weighlock/spec.json"))
	index, err := readTar(bytes.NewReader(text), int64(len(text)))
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range index.files {
		if got := string(text[s.offset : s.offset+s.size]); got != name {
			t.Errorf("%s holds %q", name, got)
		}
	}
	if len(index.files) != 3 || !index.folders["models"] {
		t.Errorf("got %v", index)
	}
}

func TestRefusedTars(t *testing.T) {
	of := func(h ...tar.Header) []byte { return makeTar(t, h...) }
	sparse := tar.Header{Name: "models/s", Typeflag: tar.TypeReg, Format: tar.FormatPAX, PAXRecords: map[string]string{"WEI.sparse.major": "2"}}
	for name, c := range map[string]struct {
		text []byte
		want string
	}{
		"a path that leaves":              {of(regular("models/../../etc/passwd")), "no path inside"},
		"an absolute path":                {of(regular("/models/a")), `"/models/a" is not under models/`},
		"a path elsewhere":                {of(regular("etc/a")), "is not under models/"},
		"models as a file":                {of(regular("models")), "is not under models/"},
		"a name like models":              {of(regular("models2/a")), "is not under models/"},
		"a path that is not clean":        {of(regular("models//a")), "no path inside"},
		"a backslash":                     {of(regular(`models/a\b`)), "backslash"},
		"a line break":                    {of(regular("models/a\nb")), "control character"},
		"a deletion":                      {of(regular("models/.wh.a")), "deletes files"},
		"a deletion of all":               {of(regular("models/.wh..wh..opq")), "deletes files"},
		"a link":                          {of(tar.Header{Name: "models/a", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}), "neither file nor folder"},
		"a hard link":                     {of(tar.Header{Name: "models/a", Typeflag: tar.TypeLink, Linkname: "models/b"}), "neither file nor folder"},
		"a device":                        {of(tar.Header{Name: "models/a", Typeflag: tar.TypeBlock}), "neither file nor folder"},
		"a pipe":                          {of(tar.Header{Name: "models/a", Typeflag: tar.TypeFifo}), "neither file nor folder"},
		"a path twice":                    {of(regular("models/a"), regular("models/a")), "models/a is in the layer twice"},
		"a folder, then a file":           {of(tar.Header{Name: "models/a/", Typeflag: tar.TypeDir}, regular("models/a")), "models/a is in the layer twice"},
		"a file, then a folder":           {of(regular("models/a"), tar.Header{Name: "models/a/", Typeflag: tar.TypeDir}), "models/a is in the layer twice"},
		"a folder inside Weighlock's own": {of(regular("models/.weighlock/.weighlock/a")), "own folder"},
		"no tar":                          {[]byte(strings.Repeat("x", 1024)), "reading the tar"},
		"a tar cut off in a file":         {of(regular("models/" + strings.Repeat("a", 80)))[:520], "cut off"},
		"bytes after the end":             {append(of(regular("models/a")), make([]byte, 512)...), "after the end"},
		"a sparse file":                   {bytes.ReplaceAll(of(sparse), []byte("WEI.sparse."), []byte("GNU.sparse.")), `"models/s" is a sparse file`},
		"a folder with bytes":             {asFolder(of(regular("models/a"))), `"models/a" is a folder with bytes`},
		"records for other readers":       {of(sparse), ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readTar(bytes.NewReader(c.text), int64(len(c.text)))
			if c.want == "" {
				if err != nil {
					t.Errorf("got %v; want none", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v; want an error with %q", err, c.want)
			}
		})
	}
}

func FuzzReadTar(f *testing.F) {
	f.Add(makeTar(f, regular("models/a"), tar.Header{Name: "models/b/", Typeflag: tar.TypeDir}))
	f.Add(makeTar(f, regular("models/"+strings.Repeat("long/", 60)+"ü")))
	f.Add(makeTar(f, tar.Header{Name: "models/a", Typeflag: tar.TypeSymlink, Linkname: "/"}))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, text []byte) {
		index, err := readTar(bytes.NewReader(text), int64(len(text)))
		if err != nil {
			return
		}
		for name, s := range index.files {
			if s.offset < 0 || s.size < 0 || s.offset+s.size > int64(len(text)) {
				t.Errorf("%s lies at %v of %d bytes", name, s, len(text))
			}
			if !strings.HasPrefix(name, "models/") || strings.Contains("/"+name+"/", "/../") {
				t.Errorf("name %q", name)
			}
		}
	})
}

func FuzzParseFiles(f *testing.F) {
	f.Add([]byte(`{"a":{"digest":"sha256:` + strings.Repeat("0", 64) + `","role":"model","size":1}}`))
	f.Add([]byte(`{"../a":{}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		files, err := parseFiles(text)
		if err == nil && len(files) == 0 {
			t.Error("no file, no error")
		}
	})
}
