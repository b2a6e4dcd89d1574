package modelfile

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"slices"
)

const maxHeader = 100_000_000 // bytes of a safetensors header, by its own rules

// safetensors is a length, a JSON header and tensors that fill the rest
// without gap or overlap.
func safetensors(f *file) (Finding, bool) {
	if len(f.head) < 10 || f.head[8] != '{' {
		return Finding{}, false
	}
	n := binary.LittleEndian.Uint64(f.head)
	if n > uint64(f.size) && n > maxHeader {
		return Finding{}, false
	}
	err := safetensorsHeader(f, n)
	return result("safetensors", &findings{}, err), true
}

func safetensorsHeader(f *file, n uint64) error {
	switch {
	case n > maxHeader:
		return fmt.Errorf("a header of %d bytes, where %d are the most", n, maxHeader)
	case int64(n) > f.size-8:
		return fmt.Errorf("a header of %d bytes in a file of %d: %w", n, f.size, errCut)
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(io.NewSectionReader(f.r, 8, int64(n)), text); err != nil {
		return err
	}
	if err := oneJSON(bytes.NewReader(text)); err != nil {
		return fmt.Errorf("header: %w", err)
	}
	var header map[string]json.RawMessage
	if err := json.Unmarshal(text, &header); err != nil {
		return fmt.Errorf("header: %w", err)
	}
	type tensor struct {
		Type    string   `json:"dtype"`
		Shape   []uint64 `json:"shape"`
		Offsets []uint64 `json:"data_offsets"`
	}
	var all []tensor
	for name, raw := range header {
		if name == "__metadata__" {
			var m map[string]string
			if err := json.Unmarshal(raw, &m); err != nil {
				return fmt.Errorf("header: __metadata__: %w", err)
			}
			continue
		}
		var t tensor
		d := json.NewDecoder(bytes.NewReader(raw))
		d.DisallowUnknownFields()
		if err := d.Decode(&t); err != nil {
			return fmt.Errorf("header: %q: %w", name, err)
		}
		if err := tensorSize(t.Type, t.Shape, t.Offsets); err != nil {
			return fmt.Errorf("header: %q: %w", name, err)
		}
		all = append(all, t)
	}
	slices.SortFunc(all, func(a, b tensor) int {
		return cmp.Or(cmp.Compare(a.Offsets[0], b.Offsets[0]), cmp.Compare(a.Offsets[1], b.Offsets[1]))
	})
	at := uint64(0)
	for _, t := range all {
		if t.Offsets[0] != at {
			return fmt.Errorf("the tensors leave a gap or overlap at byte %d", at)
		}
		at = t.Offsets[1]
	}
	if at != uint64(f.size)-8-n {
		return fmt.Errorf("the tensors end at byte %d of %d", at, uint64(f.size)-8-n)
	}
	return nil
}

// tensorBits are the bits of one element.
var tensorBits = map[string]uint64{"BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
	"I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32, "I64": 64, "U64": 64, "F64": 64, "C64": 64}

func tensorSize(kind string, shape, offsets []uint64) error {
	size, ok := tensorBits[kind]
	if !ok {
		return fmt.Errorf("the type %q is not known", kind)
	}
	if len(offsets) != 2 || offsets[1] < offsets[0] {
		return fmt.Errorf("the offsets %v, where a begin and an end belong", offsets)
	}
	for _, n := range shape {
		high, low := bits.Mul64(size, n)
		if high != 0 {
			return errors.New("more elements than can be")
		}
		size = low
	}
	if size%8 != 0 || size/8 != offsets[1]-offsets[0] {
		return fmt.Errorf("%d bytes where its shape asks for %d bits", offsets[1]-offsets[0], size)
	}
	return nil
}
