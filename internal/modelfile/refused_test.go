package modelfile

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// npyOf is numpy's file of a version whose header's length takes two bytes.
func npyOf(header, body string) string {
	return "\x93NUMPY\x01\x00" + le(2, uint64(len(header))) + header + body
}

// form is the header that numpy writes.
func form(kind, shape string) string {
	return fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }\n", kind, shape)
}

// manyFiles is an archive of n empty files.
func manyFiles(t *testing.T, n int) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := range n {
		if _, err := w.CreateHeader(&zip.FileHeader{Name: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// deep is a graph inside an attribute of a node, n times.
func deep(n int) string {
	g := ""
	for range n {
		g = field(1, field(5, field(6, g)))
	}
	return g
}

// TestDamagedFiles reads files that their first bytes make known, and that do
// not hold what those announce.
func TestDamagedFiles(t *testing.T) {
	u8 := func(offsets string) string { return `{"w":{"dtype":"U8","shape":[1],"data_offsets":` + offsets + `}}` }
	entry := func(location string) string { return onnxOf(external(location)) }
	for name, c := range map[string]struct{ b, format, want string }{
		"numpy of another version":        {"\x93NUMPY\x04\x00\x00\x00", "npy", "numpy format version 4 is not known"},
		"numpy cut short":                 {npyOf(form("<f8", "2,"), eight), "npy", "16 bytes are announced where 8 are left: it is cut short"},
		"numpy cut in its header":         {npyOf(form("<f8", "2,"), "")[:40], "npy", "it is cut short"},
		"numpy with bytes behind":         {npyOf(form("<f8", "1,"), eight+"x"), "npy", "byte 76: bytes follow behind the end"},
		"numpy objects, bytes behind":     {npyOf(form("|O", "1,"), "\x80\x02N.x"), "npy", "byte 71: bytes follow behind the end"},
		"a numpy header that is too long": {"\x93NUMPY\x02\x00" + le(4, 1<<20), "npy", "a numpy header of 1048576 bytes, where 65536 are the most"},
		"a numpy header with fields":      {npyOf("{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,), }\n", eight), "npy", "its numpy header is not one of a plain array"},
		"a numpy shape beyond all":        {npyOf(form("<f8", "99999999999999999999,"), eight), "npy", "its numpy header has the shape (99999999999999999999,), which no array has"},
		"a numpy shape that overflows":    {npyOf(form("<f8", "4611686018427387904, 4"), eight), "npy", "its numpy header says an array (4611686018427387904, 4) of <f8, which cannot be"},
		"a numpy type that is none":       {npyOf(form("<q8", "1,"), eight), "npy", "its numpy header says an array (1,) of <q8, which cannot be"},
		"numpy's archive without numpy":   {string(zipOf(t, "a.npy", "no array at all")), "npz", "a.npy: is no numpy array"},
		"numpy's archive, one cut short":  {string(zipOf(t, "a.npy", npyOf(form("<f8", "2,"), eight))), "npz", "a.npy: it is cut short"},
		"no archive at all":               {"PK\x03\x04", "zip", "zip: not a valid zip file"},
		"an archive of nothing":           {"PK\x03\x04" + manyFiles(t, 0), "zip", "is an archive of nothing"},
		"an archive without end":          {manyFiles(t, maxEntries+1), "zip", "holds more than 100000 files"},
		"PyTorch's pickle cut short":      {string(zipOf(t, "m/data.pkl", "\x80\x02N")), "pytorch", "m/data.pkl: byte 3: the pickle ends without STOP: it is cut short"},

		"safetensors with one offset":    {tensors(u8("[1]"), "1"), "safetensors", `header: "w": the offsets [1], where a begin and an end belong`},
		"safetensors that end too early": {tensors(u8("[1,0]"), "1"), "safetensors", `header: "w": the offsets [1 0], where a begin and an end belong`},
		"safetensors of another type":    {tensors(strings.Replace(u8("[0,1]"), "U8", "U9", 1), "1"), "safetensors", `header: "w": the type "U9" is not known`},
		"safetensors with text behind":   {tensors(u8("[0,1]")+"{}", "1"), "safetensors", "header: more follows behind the JSON value"},
		"safetensors with a deep header": {tensors(`{"w":`+strings.Repeat("[", 1001)+strings.Repeat("]", 1001)+"}", ""), "safetensors", "header: more than 1000 levels deep"},
		"safetensors cut in its header":  {le(8, 20) + `{"w":{"dtype":"U8",  `, "safetensors", "header: it is cut short"},

		"onnx with an endless number":        {onnxOf(strings.Repeat("\xff", 11)), "onnx", "byte 20: a number of more than ten bytes"},
		"onnx that is cut in a number":       {onnxOf("\xff"), "onnx", "byte 11: it is cut short"},
		"onnx of a wire type that is none":   {onnxOf("\x0b"), "onnx", "byte 11: the wire type 3 is not known"},
		"onnx with a field beyond its graph": {onnxOf("\x0a\x05x"), "onnx", "byte 12: a field 1 of 5 bytes, which cannot be"},
		"onnx with a long name":              {entry(strings.Repeat("x", 4097)), "onnx", "byte 33: a text of 4097 bytes about weights that lie elsewhere"},
		"onnx with a name in Latin-1":        {entry("\xe9"), "onnx", "byte 30: a text that is not UTF-8 about weights that lie elsewhere"},
		"onnx that is too deep":              {onnxOf(deep(deepestGraph + 1)), "onnx", "graphs more than 50 deep"},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(Finding{c.format, Error, []string{c.want}}, inspect([]byte(c.b))); d != "" {
				t.Errorf("want, got:\n%s", d)
			}
		})
	}
}

// blank is a file of blanks behind its head.
type blank string

func (f blank) ReadAt(b []byte, at int64) (int, error) {
	for i := range b {
		b[i] = ' '
	}
	if at < int64(len(f)) {
		copy(b, f[at:])
	}
	return len(b), nil
}

func TestHeaderHasAnEnd(t *testing.T) {
	got := Inspect("f", blank(le(8, maxHeader+1)+"{}"), maxHeader+100, nil)
	want := Finding{"safetensors", Error, []string{"a header of 100000001 bytes, where 100000000 are the most"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("want, got:\n%s", d)
	}
}

func TestUnpackingHasAnEnd(t *testing.T) {
	got, err := io.ReadAll(&limited{r: strings.NewReader("four"), left: 3})
	if want := "it unpacks to more than 17179869184 bytes"; string(got) != "fou" || err == nil || err.Error() != want {
		t.Errorf("got %q, %v; want %s", got, err, want)
	}
}
