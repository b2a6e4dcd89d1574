package modelfile

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// Member is one file of a model.
type Member struct {
	Path string // in the model, with forward slashes
	Size int64  // bytes
	// Open is asked only for files that say what else there must be.
	Open func() (io.ReaderAt, io.Closer, error)
}

// Complete looks for what a model's files promise of each other, and is what
// is missing, by the path of the file that promised it: all shards of an index
// and every tensor that it says they hold (Hugging Face's *.index.json); all
// parts of a numbered set (name-00001-of-00100.gguf, TensorFlow's
// variables.data-00000-of-00002); the files that an MLflow MLmodel loads; the
// weights beside a PEFT adapter_config.json, and the base model that it is
// trained for, which is pinned where based is true. A list that is not of its
// form is itself what is missing; a file that cannot be read is an error.
func Complete(files []Member, based bool) (map[string][]string, error) {
	s := set{at: map[string]Member{}, lacks: map[string][]string{}, based: based}
	for _, f := range files {
		s.at[f.Path] = f
	}
	s.numbered()
	for _, name := range slices.Sorted(maps.Keys(s.at)) {
		var look func(name string, text []byte) error
		switch base := path.Base(name); {
		case strings.HasSuffix(base, ".safetensors.index.json"), strings.HasSuffix(base, ".bin.index.json"):
			look = s.index
		case base == "MLmodel":
			look = s.mlflow
		case base == "adapter_config.json":
			look = s.adapter
		default:
			continue
		}
		text, err := s.text(name)
		if err == nil && text != nil {
			err = look(name, text)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return s.lacks, nil
}

// set is a model's files, and what they lack.
type set struct {
	at    map[string]Member
	lacks map[string][]string
	based bool
}

func (s *set) lack(name, format string, args ...any) {
	s.lacks[name] = append(s.lacks[name], fmt.Sprintf(format, args...))
}

// maxListing bounds what is read of a file that lists others: the index of a
// model of a million tensors has about 100 MB.
const maxListing = 256 << 20

func (s *set) text(name string) ([]byte, error) {
	m := s.at[name]
	if m.Size > maxListing {
		s.lack(name, "lists other files, and has %d bytes, where %d are the most", m.Size, maxListing)
		return nil, nil
	}
	r, end, err := m.Open()
	if err != nil {
		return nil, err
	}
	defer end.Close()
	text := make([]byte, m.Size)
	_, err = io.ReadFull(io.NewSectionReader(r, 0, m.Size), text)
	return text, err
}

// ofMany is how a file of a set says which it is: from 1 in Hugging Face's and
// llama.cpp's names, from 0 in TensorFlow's.
var ofMany = regexp.MustCompile(`^(.*?)([-.]data)?-([0-9]{5})-of-([0-9]{5})(\.[^/]*)?$`)

// numbered holds every numbered set against its own count.
func (s *set) numbered() {
	type group struct {
		first string // the file that is blamed
		from  int
		count int
		there map[int]bool
	}
	groups := map[string]*group{}
	for _, name := range slices.Sorted(maps.Keys(s.at)) {
		m := ofMany.FindStringSubmatch(name)
		if m == nil {
			continue
		}
		key := m[1] + "\x00" + m[2] + "\x00" + m[4] + m[5]
		g := groups[key]
		if g == nil {
			g = &group{first: name, from: 1, there: map[int]bool{}}
			if m[2] != "" {
				g.from = 0
			}
			g.count, _ = strconv.Atoi(m[4]) // five digits
			groups[key] = g
		}
		at, _ := strconv.Atoi(m[3])
		g.there[at] = true
	}
	for _, key := range slices.Sorted(maps.Keys(groups)) {
		g := groups[key]
		var gone []string
		for i := g.from; i < g.from+g.count; i++ {
			if !g.there[i] {
				gone = append(gone, fmt.Sprintf("%05d", i))
			}
		}
		if len(gone) > 0 {
			s.lack(g.first, "is one of %d files, of which the model lacks %d: %s", g.count, len(gone), some(gone))
		}
	}
}

// shards is a Hugging Face index: the shard that holds each tensor.
type shards struct {
	Weights map[string]string `json:"weight_map"`
}

// index holds a Hugging Face index against the shards.
func (s *set) index(name string, text []byte) error {
	var index shards
	if err := json.Unmarshal(text, &index); err != nil {
		s.lack(name, "is no index of shards: %v", err)
		return nil
	}
	if len(index.Weights) == 0 {
		s.lack(name, "lists no weights, in weight_map")
		return nil
	}
	tensors := map[string][]string{} // by shard
	for _, tensor := range slices.Sorted(maps.Keys(index.Weights)) {
		shard := path.Join(path.Dir(name), index.Weights[tensor])
		tensors[shard] = append(tensors[shard], tensor)
	}
	for _, shard := range slices.Sorted(maps.Keys(tensors)) {
		if _, ok := s.at[shard]; !ok {
			s.lack(name, "lists %s, which the model does not have", shard)
			continue
		}
		if !strings.HasSuffix(shard, ".safetensors") {
			continue // other formats are not read for their tensors
		}
		held, err := s.tensors(shard)
		if err != nil {
			return fmt.Errorf("the shard %s: %w", shard, err)
		}
		gone := slices.DeleteFunc(tensors[shard], func(t string) bool { return held[t] })
		if len(gone) > 0 {
			s.lack(name, "lists %d tensors in %s that it does not hold: %s", len(gone), shard, some(gone))
		}
	}
	return nil
}

// tensors are the names that a safetensors file holds. What is wrong with the
// file itself is left to Inspect: here it holds nothing.
func (s *set) tensors(name string) (map[string]bool, error) {
	held := map[string]bool{}
	m := s.at[name]
	r, end, err := m.Open()
	if err != nil {
		return nil, err
	}
	defer end.Close()
	if m.Size < 8 {
		return held, nil
	}
	size := make([]byte, 8)
	if _, err := io.ReadFull(io.NewSectionReader(r, 0, 8), size); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint64(size)
	if n > maxHeader || int64(n) > m.Size-8 {
		return held, nil
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(io.NewSectionReader(r, 8, int64(n)), text); err != nil {
		return nil, err
	}
	var header map[string]json.RawMessage
	if json.Unmarshal(text, &header) != nil {
		return held, nil
	}
	for tensor := range header {
		held[tensor] = tensor != "__metadata__"
	}
	return held, nil
}

// loads are the keys under which MLflow's flavors name what they load, as a
// file or folder beside MLmodel.
var loads = []string{"data", "model_path", "pickled_model", "model_data", "model_binary", "model_file", "saved_model_dir", "python_model"}

// mlflow holds an MLmodel against the files that it loads.
func (s *set) mlflow(name string, text []byte) error {
	var model struct {
		Flavors map[string]map[string]any `yaml:"flavors"`
	}
	if err := yaml.NewDecoder(bytes.NewReader(text)).Decode(&model); err != nil {
		s.lack(name, "is no MLmodel: %v", err)
		return nil
	}
	if len(model.Flavors) == 0 {
		s.lack(name, "names no flavor to load it by")
		return nil
	}
	for _, flavor := range slices.Sorted(maps.Keys(model.Flavors)) {
		for _, key := range loads {
			file, ok := model.Flavors[flavor][key].(string)
			if !ok || s.has(path.Join(path.Dir(name), file)) {
				continue
			}
			s.lack(name, "loads %s (%s of %s), which the model does not have", file, key, flavor)
		}
	}
	return nil
}

// has says whether there is a file of that path, or one in a folder of it.
func (s *set) has(name string) bool {
	if _, ok := s.at[name]; ok {
		return true
	}
	for other := range s.at {
		if strings.HasPrefix(other, name+"/") || name == "." {
			return true
		}
	}
	return false
}

// adapter holds a PEFT adapter against its weights and its base model.
func (s *set) adapter(name string, text []byte) error {
	var config struct {
		Base string `json:"base_model_name_or_path"`
		Kind string `json:"peft_type"`
	}
	if err := json.Unmarshal(text, &config); err != nil {
		s.lack(name, "is no adapter's configuration: %v", err)
		return nil
	}
	dir := path.Dir(name)
	if !s.has(path.Join(dir, "adapter_model.safetensors")) && !s.has(path.Join(dir, "adapter_model.bin")) {
		s.lack(name, "has no adapter_model.safetensors beside it")
	}
	if !s.based {
		if config.Base == "" {
			config.Base = "a base model that it does not name"
		}
		s.lack(name, "is an adapter of %s, which nothing pins; name it under base, with its digest", config.Base)
	}
	return nil
}

// some names what there is, and not more than can be read.
func some(all []string) string {
	const most = 5
	text := strings.Join(all[:min(len(all), most)], ", ")
	if more := len(all) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
