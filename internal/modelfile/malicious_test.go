package modelfile

import (
	"archive/zip"
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The pickles here are put together by hand, opcode by opcode; all would run
// a command if they were loaded.

const (
	systemGlobal = "cos\nsystem\n"                                              // GLOBAL
	callID       = "(S'id'\ntR"                                                 // MARK, STRING, TUPLE, REDUCE
	command      = "\x80\x02" + systemGlobal + "X\x02\x00\x00\x00id" + "\x85R." // as pickle.dump writes it
)

func short(s string) string { return "\x8c" + string(rune(len(s))) + s } // SHORT_BINUNICODE, below 128 bytes

// wrapped is a joblib array wrapper up to its BUILD: the opcodes that joblib
// writes before an array's bytes.
func wrapped(code, shape, dtypeState, more string) string {
	return short("joblib.numpy_pickle") + short("NumpyArrayWrapper") + "\x93)\x81}(" +
		short("subclass") + short("numpy") + short("ndarray") + "\x93" +
		short("shape") + shape +
		short("order") + short("C") +
		short("dtype") + short("numpy") + short("dtype") + "\x93" + short(code) + "\x89\x88\x87R" + dtypeState +
		short("allow_mmap") + "\x89" + more + "ub"
}

const (
	aligned   = "\x8c\x1bnumpy_array_alignment_bytesK\x10"
	plainF8   = "(K\x03\x8c\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
	objectF8  = "(K\x03\x8c\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x01tb" // says it holds objects
	objects   = "(K\x03\x8c\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x3ftb"
	one       = "K\x01\x85"
	eight     = "\x00\x00\x00\x00\x00\x00\x00\x00"
	noPadding = "\x00"
)

func zipOf(t testing.TB, files ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		f, err := w.Create(files[i])
		if err != nil {
			t.Fatal(err)
		}
		f.Write([]byte(files[i+1]))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zlibOf(s string) []byte {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	w.Write([]byte(s))
	w.Close()
	return b.Bytes()
}

func TestMaliciousPickles(t *testing.T) {
	const system = "names os.system, which is not on the list of what a model may load"
	not := func(name string) string {
		return "names " + name + ", which is not on the list of what a model may load"
	}
	frame := func(s string) string {
		return "\x95" + string(binary.LittleEndian.AppendUint64(nil, uint64(len(s)))) + s
	}
	hidden := wrapped("f8", one, plainF8, aligned) + noPadding
	for _, test := range []struct {
		name, b string
		want    Finding
	}{
		{"protocol 0", systemGlobal + callID + ".", unsafe("pickle", system)},
		{"protocol 2", command, unsafe("pickle", system)},
		{"protocol 4", "\x80\x04" + short("os") + short("system") + "\x93" + short("id") + "\x85R.", unsafe("pickle", system)},
		{"named and not called", "\x80\x04" + short("os") + short("system") + "\x93.", unsafe("pickle", system)},
		{"INST", "(S'id'\nios\nsystem\n.", unsafe("pickle", system)},
		{"OBJ", "\x80\x02(cos\nsystem\nX\x02\x00\x00\x00ido.", unsafe("pickle", system)},
		{"NEWOBJ", "\x80\x02csubprocess\nPopen\nX\x02\x00\x00\x00id\x85\x81.", unsafe("pickle", not("subprocess.Popen"))},
		{"NEWOBJ_EX", "\x80\x04" + short("subprocess") + short("Popen") + "\x93" + short("id") + "\x85}\x92.", unsafe("pickle", not("subprocess.Popen"))},
		{"names through the memo", "\x80\x04" + short("system") + "\x940" + short("os") + "q\x070h\x07h\x00\x93.", unsafe("pickle", system)},
		{"a memo that is overwritten", "\x80\x04" + short("collections") + "q\x000" + short("os") + "q\x000h\x00" + short("system") + "\x93.", unsafe("pickle", system)},
		{"MEMOIZE counts what was put", "\x80\x04" + short("os") + "q\x05\x940" + "h\x01" + short("system") + "\x93.", unsafe("pickle", system)},
		{"names behind POP and DUP", "\x80\x04" + short("os") + short("collections") + "0" + short("system") + "2\x930.", unsafe("pickle", not("system.system"))},
		{"names behind POP_MARK", "\x80\x04" + short("os") + "(" + short("collections") + "1" + short("system") + "\x93.", unsafe("pickle", system)},
		{"names of the text protocol", "Vos\nVsystem\n\x93.", unsafe("pickle", system)},
		{"a name with an escape", "V\\u006fs\nVsystem\n\x93.", unsafe("pickle", "loads a name that is computed")},
		{"a name that a call returns", "\x80\x04" + short("builtins") + short("str") + "\x93" + short("os") + "\x85R" + short("system") + "\x93.", unsafe("pickle", "loads a name that is computed")},
		{"a name of bytes", "\x80\x04C\x02os" + short("system") + "\x93.", unsafe("pickle", "loads a name that is computed")},
		{"a name with dots", "\x80\x04" + short("sklearn.datasets._base") + short("os.system") + "\x93.", unsafe("pickle", not("sklearn.datasets._base.os.system"))},
		{"what a good module has imported", "\x80\x04" + short("sklearn.datasets._openml") + short("GzipFile") + "\x93.", unsafe("pickle", not("sklearn.datasets._openml.GzipFile"))},
		{"getattr", "\x80\x02cbuiltins\ngetattr\n.", unsafe("pickle", not("builtins.getattr"))},
		{"numpy's exec", "\x80\x02cnumpy.testing._private.utils\nrunstring\n.", unsafe("pickle", not("numpy.testing._private.utils.runstring"))},
		{"numpy.load", "\x80\x02cnumpy\nload\n.", unsafe("pickle", not("numpy.load"))},
		{"numpy.memmap, which can empty a file", "\x80\x02cnumpy\nmemmap\n.", unsafe("pickle", not("numpy.memmap"))},
		{"partial", "\x80\x02cfunctools\npartial\n.", unsafe("pickle", not("functools.partial"))},
		{"a codec that unpacks", "\x80\x02c_codecs\nencode\nX\x01\x00\x00\x00aX\x03\x00\x00\x00zip\x86R.", unsafe("pickle", "calls _codecs.encode with a codec that is not plain text")},
		{"a class that is changed", "\x80\x02csklearn.pipeline\nPipeline\n}X\x07\x00\x00\x00predictK\x01sb.", unsafe("pickle", "changes sklearn.pipeline.Pipeline itself, not an object of it")},
		{"calling an object", "\x80\x02ccollections\nOrderedDict\n)R)R.", unsafe("pickle", "calls what is not a name but computed")},
		{"an extension code", "\x80\x02\x82\x01.", unsafe("pickle", "loads a name by its number in a registry (an extension code)")},
		{"a persistent id", "\x80\x02X\x01\x00\x00\x00aQ.", unsafe("pickle", "needs objects that lie outside of the file (a persistent id)")},
		{"buffers elsewhere", "\x80\x05\x97.", unsafe("pickle", "needs buffers that lie outside of the file")},
		{"behind a harmless pickle", "\x80\x02N." + command, unsafe("pickle", system)},
		{"cut short", command[:len(command)-1], unsafe("pickle", system)},
		{"text protocol with rubbish behind", systemGlobal + callID + "0\xff\xff", unsafe("pickle", system)},

		{"beside an array", "\x80\x04" + frame("("+wrapped("f8", one, plainF8, aligned)) + noPadding + eight + "cos\nsystem\n" + callID + "t.", unsafe("joblib", system)},
		{"in an array of objects", "\x80\x04" + wrapped("O8", one, objects, aligned) + command + ".", unsafe("joblib", system)},
		{"behind an array of objects, where the memo begins anew", behindObjects("posix", "system"), unsafe("joblib", not("posix.system"))},
		{"a module inside one of an attribute's name, behind an array of objects", behindObjects("n_features_in_.posix", "system"), unsafe("joblib", not("n_features_in_.posix.system"))},
		{"a module of an attribute's name, in a pickle without arrays", "\x80\x02N.\x80\x04" + short("n_features_in_") + short("system") + "\x93.", unsafe("pickle", not("n_features_in_.system"))},
		{"a module of an attribute's name, in joblib's own pickle", "\x80\x04(" + wrapped("O8", one, objects, aligned) + "\x80\x02N." + short("n_features_in_") + short("system") + "\x93t.", unsafe("joblib", not("n_features_in_.system"))},
		{"array bytes are a pickle", "\x80\x04" + wrapped("f8", "K\x04\x85", plainF8, "") + "cos\nsystem\n(S'id'\ntR." + strings.Repeat("N", 12) + ".", unsafe("joblib", system)},
		{"array inside a frame", "\x80\x04" + frame(hidden+eight+".") + eight, unsafe("joblib", "uses joblib's array wrapper in a way that joblib does not write")},
		{"a dtype that contradicts itself", "\x80\x04" + wrapped("f8", one, objectF8, aligned) + noPadding + eight + ".", unsafe("joblib", "uses joblib's array wrapper in a way that joblib does not write")},
		{"a shape that overflows", "\x80\x04" + wrapped("f8", "\x8a\x08\x00\x00\x00\x00\x00\x00\x00\x40K\x08\x86", plainF8, aligned) + noPadding + ".", unsafe("joblib", "uses joblib's array wrapper in a way that joblib does not write")},
		{"a shape below zero", "\x80\x04" + wrapped("f8", "J\xff\xff\xff\xff\x85", plainF8, aligned) + noPadding + ".", unsafe("joblib", "uses joblib's array wrapper in a way that joblib does not write")},
		{"a wrapper used twice", "\x80\x04" + strings.Replace(wrapped("f8", one, plainF8, aligned), ")\x81", ")\x81q\x09", 1) + noPadding + eight + "h\x09}b.", unsafe("joblib", "uses joblib's array wrapper in a way that joblib does not write")},
		{"a wrapper that a call makes", "\x80\x04" + short("joblib.numpy_pickle") + short("NumpyArrayWrapper") + "\x93(NNNNtR}b.", unsafe("joblib", "uses joblib's array wrapper in a way that joblib does not write")},
		{"a wrapper of the text protocol", "\x80\x02ccopyreg\n_reconstructor\ncjoblib.numpy_pickle\nNumpyArrayWrapper\nc__builtin__\nobject\nN\x87R}b.", unsafe("joblib", "uses joblib's array wrapper in a way that joblib does not write")},
		{"joblib's old wrapper", "\x80\x02cjoblib.numpy_pickle\nNDArrayWrapper\n.", unsafe("pickle", not("joblib.numpy_pickle.NDArrayWrapper"))},
		{"packed", string(zlibOf(command)), unsafe("joblib", system)},
		{"in PyTorch's archive", string(zipOf(t, "m/data.pkl", command, "m/version", "3")), unsafe("pytorch", system)},
		{"in another pickle of PyTorch's archive", string(zipOf(t, "m/data.pkl", "\x80\x02N.", "m/more.pkl", command)), unsafe("pytorch", system)},
		{"in numpy's archive", string(zipOf(t, "a.npy", npyObjects(command))), unsafe("npz", "a.npy: "+system)},
		{"in numpy's file", npyObjects(command), unsafe("npy", system)},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := inspect([]byte(test.b))
			if len(got.Findings) > 1 {
				got.Findings = got.Findings[:1] // the first says it
			}
			if d := cmp.Diff(test.want, got); d != "" {
				t.Errorf("want, got:\n%s", d)
			}
		})
	}
}

// behindObjects is what joblib.load takes for sklearn's Pipeline, and a second
// pickle.load on the same file for another name.
func behindObjects(module, name string) string {
	return "\x80\x04(" + short("sklearn.pipeline") + "\x94" + short("Pipeline") + "\x94" +
		wrapped("O8", one, objects, aligned) + "\x80\x02N." +
		short(module) + "\x94" + short(name) + "\x94h\x00h\x01\x93t."
}

// Nothing but the middle of a file that joblib wrote may hold such a name.
func TestAttributeThatLooksLikeAModule(t *testing.T) {
	if d := cmp.Diff(safe("joblib"), inspect([]byte(behindObjects("n_features_in_", "_Binary")))); d != "" {
		t.Errorf("want, got:\n%s", d)
	}
}

func npyObjects(pickle string) string {
	header := "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n"
	return "\x93NUMPY\x01\x00" + string(rune(len(header))) + "\x00" + header + pickle
}

func TestAllowMore(t *testing.T) {
	b := []byte("\x80\x02cmypackage.models\nScorer\n)\x81.")
	if got := inspect(b, "mypackage.models.Scorer"); got.Status != Safe {
		t.Errorf("got %+v", got)
	}
	if got := inspect(b, "mypackage.models"); got.Status != Unsafe {
		t.Errorf("got %+v", got)
	}
	if got := inspect([]byte(command), "os.system"); got.Status != Unsafe {
		t.Errorf("os.system was allowed: %+v", got)
	}
}

func TestDamagedPickles(t *testing.T) {
	inFrame := "\x95\x01\x00\x00\x00\x00\x00\x00\x00N" + "0cjoblib.numpy_pickle\nNumpyArrayWrapper\n0N."
	for name, c := range map[string]struct{ b, format, want string }{
		"nothing but a protocol":      {"\x80\x04", "pickle", "byte 2: the pickle ends without STOP: it is cut short"},
		"no STOP":                     {"\x80\x04N", "pickle", "byte 3: the pickle ends without STOP: it is cut short"},
		"a length beyond the file":    {"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x7f", "pickle", "byte 2: BINBYTES8: 9223372036854775807 bytes are announced where 0 are left: it is cut short"},
		"a length beyond all":         {"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\xff", "pickle", "byte 2: BINBYTES8: 18446744073709551615 bytes are announced, more than a file can have"},
		"a length below zero":         {"\x80\x02T\xff\xff\xff\xff", "pickle", "byte 2: BINSTRING: -1 bytes are announced, fewer than none"},
		"a frame beyond the file":     {"\x80\x04\x95\xff\x00\x00\x00\x00\x00\x00\x00N.", "pickle", "byte 2: FRAME: a frame of 255 bytes: it is cut short"},
		"a frame in a frame":          {"\x80\x04\x95" + le(8, uint64(len(inFrame))) + inFrame, "joblib", "byte 11: FRAME: a frame inside a frame"},
		"STOP on an empty stack":      {"\x80\x04.", "pickle", "byte 2: STOP: nothing is on the stack"},
		"APPEND on an empty stack":    {"\x80\x04Na.", "pickle", "byte 3: APPEND: nothing is on the stack"},
		"TUPLE without a mark":        {"\x80\x04Nt.", "pickle", "byte 3: TUPLE: no mark is on the stack"},
		"a tuple beyond the mark":     {"\x80\x04N(\x85.", "pickle", "byte 4: TUPLE1: nothing is on the stack"},
		"a key without a value":       {"\x80\x04(Nd.", "pickle", "byte 4: DICT: a key without a value"},
		"an item without a value":     {"\x80\x04}(Nu.", "pickle", "byte 5: SETITEMS: a key without a value"},
		"GET of nothing":              {"\x80\x04h\x01.", "pickle", "byte 2: BINGET: the memo holds nothing at 1"},
		"GET of a word":               {"\x80\x02gx\n.", "pickle", `byte 2: GET: "x" is no number`},
		"FLOAT of a word":             {"\x80\x02Fx\n.", "pickle", `byte 2: FLOAT: "x" is no number`},
		"a text without quotes":       {"\x80\x02Sid\n.", "pickle", "byte 2: STRING: a text without its quotes"},
		"a line that does not end":    {"\x80\x02S'id'", "pickle", "byte 2: STRING: it is cut short"},
		"a name without end":          {"\x80\x02c" + strings.Repeat("m", 1025) + "\nn\n.", "pickle", "byte 2: GLOBAL: a name of more than 1024 bytes"},
		"a byte that is no opcode":    {"\x80\x04\xff.", "pickle", "byte 2: 0xff is no pickle opcode"},
		"a protocol of the future":    {"\x80\x06N.", "pickle", "byte 0: PROTO: protocol 6 is not known"},
		"rubbish behind":              {"\x80\x04N.\x00", "pickle", "byte 4: 0x00 is no pickle opcode"},
		"more values than can be":     {"\x80\x04" + strings.Repeat("N", maxStack+1) + ".", "pickle", "byte 16777218: more than 16777216 values at once"},
		"more marks than can be":      {"\x80\x04" + strings.Repeat("(", maxStack+1) + ".", "pickle", "byte 16777218: MARK: more than 16777216 marks"},
		"joblib's array is cut short": {"\x80\x04" + wrapped("f8", one, plainF8, aligned) + noPadding + eight[1:], "joblib", "byte 192: BUILD: array: 8 bytes are announced where 7 are left: it is cut short"},
		"joblib's array has no size":  {"\x80\x04" + wrapped("f8", "\x8a\x08\x00\x00\x00\x00\x00\x00\x00\x40\x85", plainF8, aligned) + noPadding + ".", "joblib", "byte 200: BUILD: array: more bytes than can be"},
		"bytes behind joblib's array": {"\x80\x04" + wrapped("f8", one, plainF8, aligned) + noPadding + eight + ".x", "joblib", "byte 203: bytes follow behind the end"},
		"bytes behind a packed one":   {string(zlibOf("\x80\x04N.")) + "x", "joblib", "bytes follow behind the packed ones"},
		"a packed one cut short":      {string(zlibOf("\x80\x04N."))[:8], "joblib", "it is cut short"},
		"nothing, packed":             {string(zlibOf("")), "unknown", "holds nothing, packed with zlib"},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(Finding{c.format, Error, []string{c.want}}, inspect([]byte(c.b))); d != "" {
				t.Errorf("want, got:\n%s", d)
			}
		})
	}
}

// TestWhereAWalkEnds shows errors that end a walk and are not printed: what was
// found until then is, or the bytes are no pickle.
func TestWhereAWalkEnds(t *testing.T) {
	list, err := allowed(nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		reader  reader
		b, want string
	}{
		"a name that no module has":  {byPickle, "colour and\nred\n", `byte 0: GLOBAL: no module is called "olour and"`},
		"a wrapper that goes astray": {byJoblib, "cjoblib.numpy_pickle\nNumpyArrayWrapper\n)R.", "what follows cannot be known"},
	} {
		w := &walk{src: fileSource(strings.NewReader(c.b), int64(len(c.b))), reader: c.reader, allow: list, out: &findings{}}
		if err := w.one(); err == nil || err.Error() != c.want {
			t.Errorf("%s: got %v; want %s", name, err, c.want)
		}
	}
}

// TestAllowList: every line is one exact name, and none is on the list of
// those that are never allowed.
func TestAllowList(t *testing.T) {
	list, err := allowed(nil)
	if err != nil || len(list) < 800 {
		t.Fatalf("%d names, %v", len(list), err)
	}
	for name := range list {
		if !identifiers.MatchString(name) || !strings.Contains(name, ".") {
			t.Errorf("%q is no name", name)
		}
	}
	for _, name := range never {
		if list[name] {
			t.Errorf("%s is allowed", name)
		}
	}
}
