package capture

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/weighlock/weighlock/internal/canonical"
)

// maxParameters bounds the parameter file, in bytes.
const maxParameters = 1 << 20

// readParameters takes hyper-parameters and seeds from the project file and
// from the parameter file that it names.
func (r *run) readParameters() error {
	seeds := maps.Clone(r.project.Run.Seeds)
	if seeds == nil {
		seeds = map[string]string{}
	}
	if name := r.project.Run.Parameters; name != "" {
		f, err := os.Open(r.project.Abs(name))
		if err != nil {
			return fmt.Errorf("run.parameters: %w", err)
		}
		defer f.Close()
		text, err := io.ReadAll(io.LimitReader(f, maxParameters+1))
		if err != nil {
			return fmt.Errorf("run.parameters: %w", err)
		}
		if r.lineage.Parameters, err = flatten(name, text); err != nil {
			return fmt.Errorf("run.parameters: %s: %w", name, err)
		}
	}
	for path, value := range r.lineage.Parameters {
		if _, known := seeds[path]; !known && isSeed(path) {
			seeds[path] = value
		}
	}
	if len(seeds) > 0 {
		r.lineage.Seeds = seeds
	}
	return nil
}

// isSeed says whether a parameter is a random seed, by its name.
func isSeed(path string) bool {
	last := strings.ToLower(path[strings.LastIndex(path, ".")+1:])
	return last == "seed" || strings.HasSuffix(last, "_seed") || last == "random_state"
}

// flatten reads JSON or YAML into one text by path, as in optimizer.lr or
// layers[0]. Numbers stay as they are written.
func flatten(name string, text []byte) (map[string]string, error) {
	if len(text) > maxParameters {
		return nil, fmt.Errorf("more than %d bytes", maxParameters)
	}
	if filepath.Ext(name) == ".json" {
		if err := canonical.Check(text); err != nil {
			return nil, err
		}
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var doc yaml.Node
	if err := dec.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, errors.New("the file is empty")
		}
		return nil, err
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one document")
	}
	if len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		return nil, errors.New("not a mapping of names to values")
	}
	flat := map[string]string{}
	return flat, flattenNode(flat, "", doc.Content[0], 0)
}

func flattenNode(flat map[string]string, path string, n *yaml.Node, depth int) error {
	if depth > 50 {
		return fmt.Errorf("line %d: nested too deep", n.Line)
	}
	switch n.Kind {
	case yaml.ScalarNode:
		if _, twice := flat[path]; twice {
			return fmt.Errorf("line %d: %s is given twice", n.Line, path)
		}
		flat[path] = n.Value
		return nil
	case yaml.SequenceNode:
		for i, item := range n.Content {
			if err := flattenNode(flat, fmt.Sprintf("%s[%d]", path, i), item, depth+1); err != nil {
				return err
			}
		}
		return nil
	case yaml.MappingNode:
		return flattenMapping(flat, path, n, depth)
	}
	return fmt.Errorf("line %d: an alias, where a value is expected\nhint: write the value out", n.Line)
}

func flattenMapping(flat map[string]string, path string, n *yaml.Node, depth int) error {
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind != yaml.ScalarNode || key.Value == "<<" {
			return fmt.Errorf("line %d: a key that is not a plain name", key.Line)
		}
		if seen[key.Value] {
			return fmt.Errorf("line %d: %s is given twice", key.Line, key.Value)
		}
		seen[key.Value] = true
		if err := flattenNode(flat, strings.TrimPrefix(path+"."+key.Value, "."), value, depth+1); err != nil {
			return err
		}
	}
	return nil
}
