package modelfile

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"regexp"
	"slices"
	"strconv"
)

// wrapperName is the class behind whose objects joblib.load reads raw array
// bytes out of the file.
const wrapperName = "joblib.numpy_pickle.NumpyArrayWrapper"

// wrapperKeys are what joblib has ever written into its wrapper.
var wrapperKeys = []string{"subclass", "shape", "order", "dtype", "allow_mmap", "numpy_array_alignment_bytes"}

// array passes over the bytes of an array, as NumpyArrayWrapper.read_array
// does: one byte of padding's length and the padding, then the elements; or a
// whole pickle where the elements are objects. What its state says must be
// certain, or a pickle could hide in what is taken for numbers.
func (w *walk) array(state *value) error {
	if state.kind != dict {
		return w.stray()
	}
	for i := 0; i < len(state.items); i += 2 {
		if k := state.items[i]; k.kind != str || !slices.Contains(wrapperKeys, k.text) {
			return w.stray()
		}
	}
	if w.src.pos < w.frame {
		return w.stray() // joblib would read the array from behind the frame
	}
	count, ok := elements(state.lookup("shape"))
	if !ok {
		return w.stray()
	}
	size, objects, ok := state.lookup("dtype").layout(0)
	if !ok {
		return w.stray()
	}
	if objects {
		inner := &walk{src: w.src, reader: byPickle, allow: w.allow, out: w.out}
		err := inner.one()
		w.refused = w.refused || inner.refused
		return err
	}
	switch align := state.lookup("numpy_array_alignment_bytes"); {
	case align == nil || align.kind == null: // joblib before 1.2
	case align.kind == integer:
		n, err := w.src.next()
		if err != nil {
			return fmt.Errorf("array: %w", err)
		}
		if err := w.src.skip(int64(n)); err != nil {
			return fmt.Errorf("array: %w", err)
		}
	default:
		return w.stray()
	}
	high, low := bits.Mul64(uint64(count), uint64(size))
	if high != 0 || low > math.MaxInt64 {
		return errors.New("array: more bytes than can be")
	}
	if err := w.src.skip(int64(low)); err != nil {
		return fmt.Errorf("array: %w", err)
	}
	return nil
}

// elements is the product of a shape.
func elements(shape *value) (int64, bool) {
	if shape == nil || shape.kind != tuple {
		return 0, false
	}
	count := int64(1)
	for _, v := range shape.items {
		if v.kind != integer || v.n < 0 {
			return 0, false
		}
		high, low := bits.Mul64(uint64(count), uint64(v.n))
		if high != 0 || low > math.MaxInt64 {
			return 0, false
		}
		count = int64(low)
	}
	return count, true
}

var (
	typeCode = regexp.MustCompile(`^[<>|=]?([biufcmMUSVO])([0-9]{1,9})$`)
	widths   = map[string][]int64{"b": {1}, "i": {1, 2, 4, 8}, "u": {1, 2, 4, 8}, "f": {2, 4, 8, 12, 16},
		"c": {8, 16, 24, 32}, "m": {8}, "M": {8}, "O": {4, 8}}
)

// layout is the bytes of one element of a dtype, and whether it is a Python
// object. The dtype's own state can contradict its code, and then numpy
// believes now one, now the other: that is refused.
func (v *value) layout(depth int) (size int64, objects, ok bool) {
	if v == nil || v.kind != dtype || depth > 8 {
		return 0, false, false
	}
	m := typeCode.FindStringSubmatch(v.text)
	if m == nil {
		return 0, false, false
	}
	size, _ = strconv.ParseInt(m[2], 10, 64)
	if known := widths[m[1]]; known != nil && !slices.Contains(known, size) || size == 0 {
		return 0, false, false
	}
	if m[1] == "U" {
		size *= 4
	}
	objects = m[1] == "O"
	if v.items == nil { // no state: objects say so themselves
		return size, objects, m[1] != "V"
	}
	// (version, byte order, subarray, names, fields, size, alignment, flags[, metadata])
	if len(v.items) < 8 || len(v.items) > 9 || v.items[2].kind != null {
		return 0, false, false
	}
	said, flags := v.items[5], v.items[7]
	if said.kind != integer || flags.kind != integer {
		return 0, false, false
	}
	sized := m[1] == "U" || m[1] == "S" || m[1] == "V"
	if sized && said.n != size || !sized && said.n != -1 {
		return 0, false, false
	}
	held, ok := v.fields(m[1], size, depth)
	if !ok {
		return 0, false, false
	}
	objects = objects || held
	return size, objects, objects == (flags.n&1 == 1)
}

// fields checks the named fields of a structured dtype.
func (v *value) fields(code string, size int64, depth int) (objects, ok bool) {
	names, fields := v.items[3], v.items[4]
	if names.kind == null && fields.kind == null {
		return false, true
	}
	if fields.kind != dict || code != "V" {
		return false, false
	}
	for i := 0; i < len(fields.items); i += 2 {
		field := fields.items[i+1]
		if field.kind != tuple || len(field.items) < 2 || field.items[1].kind != integer {
			return false, false
		}
		width, held, ok := field.items[0].layout(depth + 1)
		if at := field.items[1].n; !ok || at < 0 || at > size || width > size-at {
			return false, false
		}
		objects = objects || held
	}
	return objects, true
}
