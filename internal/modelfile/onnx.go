package modelfile

import (
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

// proto reads a protobuf message field by field, without keeping it.
type proto struct {
	src *source
	end int64
}

// next is the following field: its number, its wire type, and the number
// itself or how many bytes follow. It is io.EOF at the message's end.
func (p *proto) next() (field, wire uint64, n uint64, err error) {
	if p.src.pos == p.end {
		return 0, 0, 0, io.EOF
	}
	tag, err := p.varint()
	if err != nil {
		return 0, 0, 0, err
	}
	field, wire = tag>>3, tag&7
	switch wire {
	case 0:
		n, err = p.varint()
	case 1:
		n = 8
	case 2:
		n, err = p.varint()
	case 5:
		n = 4
	default:
		return 0, 0, 0, fmt.Errorf("byte %d: the wire type %d is not known", p.src.pos, wire)
	}
	if err == nil && (field == 0 || wire != 0 && n > uint64(p.end-p.src.pos)) {
		err = fmt.Errorf("byte %d: a field %d of %d bytes, which cannot be", p.src.pos, field, n)
	}
	return field, wire, n, err
}

func (p *proto) varint() (n uint64, err error) {
	for shift := 0; shift < 64; shift += 7 {
		if p.src.pos >= p.end {
			return 0, fmt.Errorf("byte %d: %w", p.src.pos, errCut)
		}
		b, err := p.src.next()
		if err != nil {
			return 0, err
		}
		n |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return n, nil
		}
	}
	return 0, fmt.Errorf("byte %d: a number of more than ten bytes", p.src.pos)
}

// each calls do for every field; do reads the bytes of a message, or leaves
// them.
func (p *proto) each(do func(field, wire, n uint64) error) error {
	for {
		field, wire, n, err := p.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		end := p.src.pos
		if wire != 0 {
			end += int64(n)
		}
		if err := do(field, wire, n); err != nil {
			return err
		}
		if err := p.src.skip(end - p.src.pos); err != nil {
			return err
		}
	}
}

// within is the message that the next n bytes hold.
func (p *proto) within(n uint64) *proto { return &proto{p.src, p.src.pos + int64(n)} }

func (p *proto) text(n uint64) (string, error) {
	if n > 4096 {
		return "", fmt.Errorf("byte %d: a text of %d bytes about weights that lie elsewhere", p.src.pos, n)
	}
	b, err := p.src.take(int(n))
	if err == nil && !utf8.Valid(b) {
		err = fmt.Errorf("byte %d: a text that is not UTF-8 about weights that lie elsewhere", p.src.pos)
	}
	return string(b), err
}

// ONNX field numbers (onnx.proto).
const (
	modelIRVersion, modelGraph, modelOpset, modelFunctions                        = 1, 7, 8, 25
	graphNode, graphInitializer, graphSparse                                      = 1, 5, 15
	nodeAttribute, attributeTensor, attributeGraph, attributeTensors, attributeGs = 5, 5, 6, 10, 11
	sparseValues, sparseIndices, functionNode                                     = 1, 2, 7
	tensorExternal, entryKey, entryValue                                          = 13, 1, 2
	opsetVersion                                                                  = 2
)

// onnx is a ModelProto: a version, an operator set and a graph. Its operators
// are a fixed list of the runtime's; what it can do beyond is to name files,
// and those must lie beside it.
func onnx(f *file) (Finding, bool) {
	if f.head[0] != modelIRVersion<<3 { // serializers write fields in order
		return Finding{}, false
	}
	out := &findings{}
	var version, opsets, graphs int
	p := &proto{fileSource(f.r, f.size), f.size}
	w := &onnxWalk{out: out}
	err := p.each(func(field, wire, n uint64) error {
		switch {
		case field == modelIRVersion && wire == 0 && n > 0 && n < 1000:
			version++
		case field == modelGraph && wire == 2:
			graphs++
			return w.graph(p.within(n), 0)
		case field == modelOpset && wire == 2:
			opsets++
		case field == modelFunctions && wire == 2:
			return p.within(n).each(func(field, wire, n uint64) error {
				if field == functionNode && wire == 2 {
					return w.node(p.within(n), 0)
				}
				return nil
			})
		case field > 1000:
			return fmt.Errorf("the field %d", field)
		}
		return nil
	})
	if version == 0 || graphs == 0 && err != nil {
		return Finding{}, false // some other bytes that begin so
	}
	if err == nil && (graphs != 1 || opsets == 0) {
		err = fmt.Errorf("%d graphs and %d operator sets", graphs, opsets)
	}
	return result("onnx", out, err), true
}

// onnxWalk finds the tensors of a graph, wherever they are.
type onnxWalk struct{ out *findings }

const deepestGraph = 50

func (w *onnxWalk) graph(p *proto, depth int) error {
	if depth > deepestGraph {
		return fmt.Errorf("graphs more than %d deep", deepestGraph)
	}
	return p.each(func(field, wire, n uint64) error {
		switch {
		case wire != 2:
		case field == graphNode:
			return w.node(p.within(n), depth)
		case field == graphInitializer:
			return w.tensor(p.within(n))
		case field == graphSparse:
			return w.sparse(p.within(n))
		}
		return nil
	})
}

func (w *onnxWalk) sparse(p *proto) error {
	return p.each(func(field, wire, n uint64) error {
		if wire == 2 && (field == sparseValues || field == sparseIndices) {
			return w.tensor(p.within(n))
		}
		return nil
	})
}

func (w *onnxWalk) node(p *proto, depth int) error {
	return p.each(func(field, wire, n uint64) error {
		if field != nodeAttribute || wire != 2 {
			return nil
		}
		a := p.within(n)
		return a.each(func(field, wire, n uint64) error {
			switch {
			case wire != 2:
			case field == attributeTensor, field == attributeTensors:
				return w.tensor(a.within(n))
			case field == attributeGraph, field == attributeGs:
				return w.graph(a.within(n), depth+1)
			case field == 22, field == 23: // sparse tensors
				return w.sparse(a.within(n))
			}
			return nil
		})
	})
}

func (w *onnxWalk) tensor(p *proto) error {
	return p.each(func(field, wire, n uint64) error {
		if field != tensorExternal || wire != 2 {
			return nil
		}
		var key, value string
		entry := p.within(n)
		err := entry.each(func(field, wire, n uint64) (err error) {
			switch {
			case wire != 2:
			case field == entryKey:
				key, err = entry.text(n)
			case field == entryValue:
				value, err = entry.text(n)
			}
			return err
		})
		if err == nil && key == "location" && !beside(value) {
			w.out.add("takes weights from %q, outside of its folder", value)
		}
		return err
	})
}

// beside says whether a file's name stays in the folder.
func beside(name string) bool {
	return name != "" && !path.IsAbs(name) && !strings.ContainsAny(name, "\\:\x00") && !slices.Contains(strings.Split(name, "/"), "..")
}

// savedModel is TensorFlow's saved_model.pb: a schema version, then graphs,
// whose operators read and write files.
func savedModel(f *file) (Finding, bool) {
	if len(f.head) < 3 || f.head[0] != 0x08 || f.head[1] != 0x01 || f.head[2] != 0x12 {
		return Finding{}, false
	}
	p := &proto{fileSource(f.r, f.size), f.size}
	graphs := 0
	err := p.each(func(field, wire, _ uint64) error {
		if field == 2 && wire == 2 {
			graphs++
		} else if field != 1 {
			return fmt.Errorf("the field %d", field)
		}
		return nil
	})
	if err != nil || graphs == 0 {
		return Finding{}, false
	}
	return unsafe("savedmodel", "is a TensorFlow graph, which can read and write files and may call Python"), true
}
