package modelfile

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func tensors(header, body string) string {
	return string(binary.LittleEndian.AppendUint64(nil, uint64(len(header)))) + header + body
}

// field is a protobuf field of bytes.
func field(n int, body string) string {
	b := binary.AppendUvarint(nil, uint64(n<<3|2))
	return string(binary.AppendUvarint(b, uint64(len(body)))) + body
}

func onnxOf(graph string) string {
	return "\x08\x08" + field(2, "test") + field(7, graph) + field(8, "\x10\x0d")
}

func external(location string) string {
	return field(5, field(8, "w")+field(13, field(1, "location")+field(2, location)))
}

func le(width int, n uint64) string {
	return string(binary.LittleEndian.AppendUint64(nil, n)[:width])
}

func ggufText(s string) string { return le(8, uint64(len(s))) + s }

func ggufOf(version, tensors, pairs uint64, rest string) string {
	return "GGUF" + le(4, version) + le(8, tensors) + le(8, pairs) + rest
}

func TestFormats(t *testing.T) {
	failed := func(format, problem string) Finding { return Finding{format, Error, []string{problem}} }
	pair := ggufText("general.name") + le(4, 8) + ggufText("m")
	list := ggufText("tokens") + le(4, 9) + le(4, 8) + le(8, 2) + ggufText("a") + ggufText("b")
	tensor := ggufText("w") + le(4, 1) + le(8, 4) + le(4, 0) + le(8, 0)
	code := unsafe("executable", "is the text of a program")
	unknown := unsafe("unknown", "its format is not known, so what loading it does is not either")
	for _, test := range []struct {
		name, b string
		want    Finding
	}{
		{"empty", "", failed("unknown", "is empty")},
		{"safetensors", tensors(`{"__metadata__":{"a":"b"},"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"v":{"dtype":"U8","shape":[],"data_offsets":[8,9]}}`, "123456789"), safe("safetensors")},
		{"safetensors with an overlap", tensors(`{"w":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"v":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}`, "123"), failed("safetensors", "the tensors leave a gap or overlap at byte 2")},
		{"safetensors with a gap", tensors(`{"w":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}`, "123"), failed("safetensors", "the tensors leave a gap or overlap at byte 0")},
		{"safetensors with bytes behind", tensors(`{"w":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}`, "123"), failed("safetensors", "the tensors end at byte 2 of 3")},
		{"safetensors of another shape", tensors(`{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,2]}}`, "12"), failed("safetensors", `header: "w": 2 bytes where its shape asks for 64 bits`)},
		{"safetensors with a name twice", tensors(`{"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, "1"), failed("safetensors", `header: "w" twice`)},
		{"safetensors cut short", tensors(`{"w":{}}`, "")[:12], failed("safetensors", "a header of 8 bytes in a file of 12: it is cut short")},
		{"safetensors with a shape that overflows", tensors(`{"w":{"dtype":"U8","shape":[9223372036854775807,4],"data_offsets":[0,1]}}`, "1"), failed("safetensors", `header: "w": more elements than can be`)},
		{"onnx", onnxOf(external("weights.bin")), safe("onnx")},
		{"onnx that leaves its folder", onnxOf(external("../../etc/passwd")), unsafe("onnx", `takes weights from "../../etc/passwd", outside of its folder`)},
		{"onnx that leaves it in a branch", onnxOf(field(1, field(5, field(6, external("/etc/passwd"))))), unsafe("onnx", `takes weights from "/etc/passwd", outside of its folder`)},
		{"onnx without operators", "\x08\x08" + field(7, ""), failed("onnx", "1 graphs and 0 operator sets")},
		{"saved model", "\x08\x01" + field(2, "graph"), unsafe("savedmodel", "is a TensorFlow graph, which can read and write files and may call Python")},
		{"gguf", ggufOf(3, 1, 2, pair+list+tensor), safe("gguf")},
		{"gguf of an old version", ggufOf(1, 0, 0, ""), failed("gguf", "GGUF version 1 is not known")},
		{"gguf that announces too much", ggufOf(3, 1<<40, 0, ""), failed("gguf", "1099511627776 tensors and 0 keys in 24 bytes")},
		{"gguf cut short", ggufOf(3, 1, 2, pair+list+tensor)[:80], failed("gguf", "byte 80: it is cut short")},
		{"pytorch", string(zipOf(t, "m/data.pkl", torchState, "m/data/0", "\x00\x00\x80\x3f", "m/version", "3\n", "m/byteorder", "little")), safe("pytorch")},
		{"torchscript", string(zipOf(t, "m/data.pkl", "\x80\x02N.", "m/code/__torch__.py", "x")), unsafe("torchscript", "holds TorchScript, a program")},
		{"keras", string(zipOf(t, "config.json", "{}", "metadata.json", "{}", "model.weights.h5", "x")), unsafe("keras", "may hold code: Keras keeps Lambda layers in its files")},
		{"some zip", string(zipOf(t, "a.txt", "x")), unsafe("zip", "is an archive of no known kind: what loading it does is not known")},
		{"zip that leads out", string(zipOf(t, "../a.npy", "x")), failed("zip", `holds "../a.npy", which leads out of the archive`)},
		{"zip with a name twice", string(zipOf(t, "m/data.pkl", "\x80\x02N.", "m/data.pkl", "\x80\x02N.")), failed("zip", `holds "m/data.pkl" twice`)},
		{"hdf5", "\x89HDF\r\n\x1a\nrest", unsafe("hdf5", "may hold code: Keras keeps Lambda layers in HDF5 files")},
		{"json", " {\"a\": [1, {\"b\": null}], \"c\": \"a\"}\n", safe("json")},
		{"json with a name twice", `{"a":1,"a":2}`, safe("text")},
		{"yaml that looks like json", "{a: 1}\n", safe("text")},
		{"lightgbm", "tree\nversion=v3\nnum_class=1\n", safe("text")},
		{"text that begins like a pickle", "colour\nred\nblue\n", safe("text")},
		{"text that begins like a number", "intercept 0.5\nslope 1\n", safe("text")},
		{"pmml", "<?xml version=\"1.0\"?>\n<PMML version=\"4.4\"/>\n", safe("text")},
		{"xml with entities", "<?xml version=\"1.0\"?>\n<!DOCTYPE x [<!ENTITY y SYSTEM \"file:///etc/passwd\">]>\n", unsafe("text", "is XML that makes its loader read other files")},
		{"yaml that calls", "a: !!python/object/apply:os.system [id]\n", unsafe("text", "is YAML that makes its loader call Python")},
		{"long text", strings.Repeat("é", 100_000), safe("text")},
		{"long text that is cut", strings.Repeat("é", 100_000) + "\xc3", unknown},
		{"text with a NUL", "abc\x00", unknown},
		{"python", "# a model\n\nimport os\n", code},
		{"python function", "def predict(x):\n    return x\n", code},
		{"shell script", "#!/bin/sh\n", unsafe("executable", "is a script")},
		{"elf", "\x7fELF\x02\x01", unsafe("executable", "is a program or library (ELF)")},
		{"windows", "MZ\x90\x00", unsafe("executable", "is a program or library (Windows)")},
		{"random bytes", "\x00\xff\xfe\x01", unknown},
		{"packed text", string(zlibOf("zzz")), unsafe("unknown", "is packed with zlib and holds no pickle: what it is, is not known")},
		{"lz4", "\x04\x22\x4d\x18rest", failed("unknown", "is packed with lz4, which cannot be looked into; save it without, or with zlib")},
	} {
		t.Run(test.name, func(t *testing.T) {
			if d := cmp.Diff(test.want, inspect([]byte(test.b))); d != "" {
				t.Errorf("want, got:\n%s", d)
			}
		})
	}
}

// torchState is the pickle of torch.save({"w": tensor([1.])}).
const torchState = "\x80\x02}q\x00X\x01\x00\x00\x00wq\x01ctorch._utils\n_rebuild_tensor_v2\nq\x02((X\x07\x00\x00\x00storageq\x03" +
	"ctorch\nFloatStorage\nq\x04X\x01\x00\x00\x000q\x05X\x03\x00\x00\x00cpuq\x06K\x01tq\x07QK\x00K\x01\x85q\x08K\x01\x85q\x09\x89" +
	"ccollections\nOrderedDict\nq\x0a)Rq\x0btq\x0cRq\x0ds."

// TestAPickleInDisguise: a file that is safe as what it seems is not where
// loading it as a pickle would run it.
func TestAPickleInDisguise(t *testing.T) {
	// A GGUF header is a float to a pickle ("G" and eight bytes).
	b := ggufOf(2, 0, 1, ggufText("cos\nsystem\n(S'id'\ntR.")+le(4, 0)+"\x00")
	got := inspect([]byte(b))
	if got.Status != Safe {
		t.Errorf("a pickle that fails at once counts: %+v", got)
	}
	text := "cos\nsystem\n(S'id'\ntR and so on\n"
	if got := inspect([]byte(text)); got.Status != Unsafe {
		t.Errorf("got %+v", got)
	}
}

func FuzzInspect(f *testing.F) {
	files, err := filepath.Glob("testdata/*.*")
	if err != nil || len(files) == 0 {
		f.Fatal("no files")
	}
	for _, path := range files {
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		if len(b) < 4096 {
			f.Add(b)
		}
	}
	f.Add([]byte(command))
	f.Add([]byte(onnxOf(external("../w"))))
	f.Add([]byte(ggufOf(3, 0, 0, "")))
	f.Add([]byte(tensors(`{"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, "1")))
	f.Add(zipOf(f, "m/data.pkl", torchState, "m/version", "3"))
	f.Add([]byte("\x80\x04" + wrapped("f8", one, plainF8, aligned) + noPadding + eight + "."))
	f.Fuzz(func(t *testing.T, b []byte) {
		got := inspect(b)
		if got.Status != Safe && got.Status != Unsafe && got.Status != Error || got.Format == "" {
			t.Fatalf("got %+v", got)
		}
		if (got.Status == Safe) != (len(got.Findings) == 0) || got.Findings == nil {
			t.Fatalf("got %+v", got)
		}
		for _, s := range got.Findings {
			if strings.Contains(s, "cannot be read: ") {
				t.Fatalf("it panicked: %s", s)
			}
		}
		if got.Status == Safe && bytes.Contains(b, []byte("cos\nsystem\n(S'id'\ntR.")) && b[0] == 'c' {
			t.Fatalf("%q is safe", b)
		}
	})
}
