package modelfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// members are files by path and content.
func members(files map[string]string) []Member {
	var all []Member
	for name, text := range files {
		all = append(all, Member{Path: name, Size: int64(len(text)), Open: func() (io.ReaderAt, io.Closer, error) {
			return strings.NewReader(text), io.NopCloser(nil), nil
		}})
	}
	return all
}

// shard is a safetensors file with tensors of one byte.
func shard(tensors ...string) string {
	var header []string
	for i, name := range tensors {
		header = append(header, fmt.Sprintf(`%q:{"dtype":"U8","shape":[1],"data_offsets":[%d,%d]}`, name, i, i+1))
	}
	text := "{" + strings.Join(header, ",") + "}"
	var out bytes.Buffer
	_ = binary.Write(&out, binary.LittleEndian, uint64(len(text)))
	return out.String() + text + strings.Repeat("x", len(tensors))
}

// sharded is a model of n shards, each with two tensors, and their index.
func sharded(n int) map[string]string {
	files, index := map[string]string{}, []string{}
	for i := 1; i <= n; i++ {
		name := fmt.Sprintf("model-%05d-of-%05d.safetensors", i, n)
		a, b := fmt.Sprintf("layers.%d.a", i), fmt.Sprintf("layers.%d.b", i)
		files["llm/"+name] = shard(a, b)
		index = append(index, fmt.Sprintf("%q:%q,%q:%q", a, name, b, name))
	}
	files["llm/model.safetensors.index.json"] = `{"metadata":{"total_size":1},"weight_map":{` + strings.Join(index, ",") + `}}`
	return files
}

func TestComplete(t *testing.T) {
	without := func(files map[string]string, names ...string) map[string]string {
		files = maps.Clone(files)
		for _, name := range names {
			delete(files, name)
		}
		return files
	}
	with := func(files map[string]string, name, text string) map[string]string {
		files = maps.Clone(files)
		files[name] = text
		return files
	}
	gguf := map[string]string{}
	for i := 1; i <= 100; i++ {
		gguf[fmt.Sprintf("big-%05d-of-00100.gguf", i)] = "GGUF"
	}
	mlflow := map[string]string{
		"m/MLmodel":    "artifact_path: model\nflavors:\n  python_function:\n    loader_module: mlflow.sklearn\n    model_path: model.pkl\n    env: {conda: conda.yaml}\n  sklearn:\n    pickled_model: model.pkl\n",
		"m/model.pkl":  "x",
		"m/conda.yaml": "x",
	}
	adapter := map[string]string{
		"adapter_config.json":       `{"peft_type":"LORA","base_model_name_or_path":"meta-llama/Llama-3.1-8B"}`,
		"adapter_model.safetensors": shard("lora_A"),
	}
	saved := map[string]string{
		"net/saved_model.pb": "x", "net/variables/variables.index": "x",
		"net/variables/variables.data-00000-of-00002": "x", "net/variables/variables.data-00001-of-00002": "x",
	}
	for name, c := range map[string]struct {
		files map[string]string
		based bool
		want  map[string][]string
	}{
		"one file":                     {files: map[string]string{"model.json": "{}"}},
		"a hundred shards":             {files: sharded(100)},
		"a hundred parts of GGUF":      {files: gguf},
		"an MLflow model":              {files: mlflow},
		"an adapter and its base":      {files: adapter, based: true},
		"a saved model":                {files: saved},
		"a name that only looks so":    {files: map[string]string{"run-1-of-2.json": "{}"}},
		"a part that holds more":       {files: with(sharded(2), "llm/model-00001-of-00002.safetensors", shard("layers.1.a", "layers.1.b", "extra"))},
		"an MLflow model in a folder":  {files: map[string]string{"MLmodel": "flavors: {tensorflow: {saved_model_dir: tf}}", "tf/saved_model.pb": "x"}},
		"an MLflow model of its place": {files: map[string]string{"MLmodel": "flavors: {keras: {data: .}}"}},
		"a shard that is gone": {
			files: without(sharded(100), "llm/model-00042-of-00100.safetensors"),
			want: map[string][]string{
				"llm/model-00001-of-00100.safetensors": {"is one of 100 files, of which the model lacks 1: 00042"},
				"llm/model.safetensors.index.json":     {"lists llm/model-00042-of-00100.safetensors, which the model does not have"},
			},
		},
		"many parts gone": {
			files: map[string]string{"big-00003-of-00100.gguf": "GGUF"},
			want:  map[string][]string{"big-00003-of-00100.gguf": {"is one of 100 files, of which the model lacks 99: 00001, 00002, 00004, 00005, 00006 and 94 more"}},
		},
		"a part of variables gone": {
			files: without(saved, "net/variables/variables.data-00000-of-00002"),
			want:  map[string][]string{"net/variables/variables.data-00001-of-00002": {"is one of 2 files, of which the model lacks 1: 00000"}},
		},
		"a shard of another training": {
			files: with(sharded(2), "llm/model-00002-of-00002.safetensors", shard("layers.2.a", "layers.9.b")),
			want:  map[string][]string{"llm/model.safetensors.index.json": {"lists 1 tensors in llm/model-00002-of-00002.safetensors that it does not hold: layers.2.b"}},
		},
		"a shard that is damaged": {
			files: with(sharded(1), "llm/model-00001-of-00001.safetensors", "\xff\xff\xff\xff\xff\xff\xff\xff{"),
			want:  map[string][]string{"llm/model.safetensors.index.json": {"lists 2 tensors in llm/model-00001-of-00001.safetensors that it does not hold: layers.1.a, layers.1.b"}},
		},
		"a shard too short for a header": {
			files: with(sharded(1), "llm/model-00001-of-00001.safetensors", "x"),
			want:  map[string][]string{"llm/model.safetensors.index.json": {"lists 2 tensors in llm/model-00001-of-00001.safetensors that it does not hold: layers.1.a, layers.1.b"}},
		},
		"an index of nothing": {
			files: map[string]string{"model.safetensors.index.json": `{"metadata":{}}`},
			want:  map[string][]string{"model.safetensors.index.json": {"lists no weights, in weight_map"}},
		},
		"an index of pickled shards": {
			files: map[string]string{"pytorch_model.bin.index.json": `{"weight_map":{"a":"p-1.bin","b":"p-2.bin"}}`, "p-1.bin": "x"},
			want:  map[string][]string{"pytorch_model.bin.index.json": {"lists p-2.bin, which the model does not have"}},
		},
		"an MLflow model without its pickle": {
			files: without(mlflow, "m/model.pkl"),
			want: map[string][]string{"m/MLmodel": {
				"loads model.pkl (model_path of python_function), which the model does not have",
				"loads model.pkl (pickled_model of sklearn), which the model does not have",
			}},
		},
		"an MLflow model without a flavor": {
			files: map[string]string{"MLmodel": "run_id: x\n"},
			want:  map[string][]string{"MLmodel": {"names no flavor to load it by"}},
		},
		"an adapter without a base": {
			files: adapter,
			want:  map[string][]string{"adapter_config.json": {"is an adapter of meta-llama/Llama-3.1-8B, which nothing pins; name it under base, with its digest"}},
		},
		"an index that is none": {
			files: map[string]string{"a.bin.index.json": "[]"},
			want:  map[string][]string{"a.bin.index.json": {"is no index of shards: json: cannot unmarshal array into Go value of type modelfile.shards"}},
		},
		"an MLmodel that is none": {
			files: map[string]string{"MLmodel": "\tx"},
			want:  map[string][]string{"MLmodel": {"is no MLmodel: yaml: found character that cannot start any token"}},
		},
		"an adapter that is none": {
			files: with(adapter, "adapter_config.json", "{"),
			want:  map[string][]string{"adapter_config.json": {"is no adapter's configuration: unexpected end of JSON input"}},
		},
		"an adapter without anything": {
			files: map[string]string{"adapter_config.json": "{}"},
			want: map[string][]string{"adapter_config.json": {
				"has no adapter_model.safetensors beside it",
				"is an adapter of a base model that it does not name, which nothing pins; name it under base, with its digest",
			}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Complete(members(c.files), c.based)
			if err != nil {
				t.Fatal(err)
			}
			if c.want == nil {
				c.want = map[string][]string{}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestCompleteOfWhatCannotBeRead(t *testing.T) {
	broken := errors.New("the disk is gone")
	unreadable := func(name string) []Member {
		return []Member{{Path: name, Size: 10, Open: func() (io.ReaderAt, io.Closer, error) { return nil, nil, broken }}}
	}
	for name, c := range map[string]struct {
		files []Member
		want  string
	}{
		"an index": {unreadable("a.safetensors.index.json"), "a.safetensors.index.json: the disk is gone"},
		"a shard": {
			append(members(map[string]string{"a.safetensors.index.json": `{"weight_map":{"t":"s.safetensors"}}`}), unreadable("s.safetensors")...),
			"a.safetensors.index.json: the shard s.safetensors: the disk is gone",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Complete(c.files, true)
			if !errors.Is(err, broken) || err.Error() != c.want {
				t.Errorf("got %v, %v; want %q", got, err, c.want)
			}
		})
	}
	lacks, err := Complete([]Member{{Path: "MLmodel", Size: 1 << 40}}, false)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{"MLmodel": {"lists other files, and has 1099511627776 bytes, where 268435456 are the most"}}
	if diff := cmp.Diff(want, lacks); diff != "" {
		t.Errorf("a list without an end (-want +got):\n%s", diff)
	}
}
