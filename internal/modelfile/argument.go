package modelfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
)

// stepLine does the opcodes of the text protocol.
func (w *walk) stepLine(b byte) error {
	most := maxName
	if b == 'c' || b == 'i' {
		most = 4 * maxName
	}
	text, whole, err := w.src.line(most)
	if err != nil {
		return err
	}
	switch b {
	case 'c', 'i':
		name, whole2, err := w.src.line(most)
		if err != nil {
			return err
		}
		if !whole || !whole2 {
			return fmt.Errorf("a name of more than %d bytes", most)
		}
		v, err := w.fetch(string(text), string(name))
		if err != nil {
			return err
		}
		if b == 'i' { // INST makes an object at once
			items, err := w.popMark()
			if err != nil {
				return err
			}
			if err := w.plain(append(items, v)...); err != nil {
				return err
			}
			if v, err = w.makes(v, someValue); err != nil {
				return err
			}
		}
		w.push(v)
	case 'p', 'g':
		i, err := number(text, whole)
		if err != nil {
			return err
		}
		if b == 'p' {
			return w.put(i)
		}
		return w.get(i)
	case 'I':
		w.push(decimal(text, whole))
	case 'L':
		w.push(decimal(bytes.TrimSuffix(text, []byte("L")), whole))
	case 'F':
		if _, err := strconv.ParseFloat(string(text), 64); err != nil {
			return fmt.Errorf("%q is no number", text)
		}
		w.push(someValue)
	case 'S':
		if whole && (len(text) < 2 || text[0] != text[len(text)-1] || text[0] != '\'' && text[0] != '"') {
			return errors.New("a text without its quotes")
		}
		if whole {
			text = text[1 : len(text)-1]
		}
		w.push(w.text(text, whole && !bytes.ContainsRune(text, '\\')))
	case 'V':
		w.push(w.text(text, whole && !bytes.ContainsRune(text, '\\')))
	case 'P':
		w.persistent()
	}
	return nil
}

// decimal is a number of the text protocol; 00 and 01 are its bools.
func decimal(b []byte, whole bool) *value {
	switch n, err := strconv.ParseInt(string(b), 10, 64); {
	case !whole || err != nil || len(b) > 1 && b[0] == '0':
		return someValue
	default:
		return &value{kind: integer, n: n}
	}
}

// stepCounted does the opcodes that announce how many bytes follow.
func (w *walk) stepCounted(b byte) error {
	var n int64
	width := map[argument]int{counted1: 1, counted4: 4, counted4s: 4, counted8: 8}[opcodes[b].argument]
	raw, err := w.src.take(width)
	if err != nil {
		return err
	}
	var wide [8]byte
	copy(wide[:], raw)
	switch u := binary.LittleEndian.Uint64(wide[:]); {
	case opcodes[b].argument == counted4s:
		n = int64(int32(u))
	case u > math.MaxInt64:
		return fmt.Errorf("%d bytes are announced, more than a file can have", u)
	default:
		n = int64(u)
	}
	if n < 0 {
		return fmt.Errorf("%d bytes are announced, fewer than none", n)
	}
	isText := b == 'X' || b == 0x8c || b == 0x8d || b == 'T' || b == 'U'
	if n > maxName || !isText && b != 0x8a {
		if err := w.src.skip(n); err != nil {
			return err
		}
		if isText {
			w.push(someString)
		} else {
			w.push(someValue)
		}
		return nil
	}
	text, err := w.src.take(int(n))
	if err != nil {
		return err
	}
	if b == 0x8a { // LONG1
		w.push(long(text))
		return nil
	}
	w.push(w.text(text, true))
	return nil
}

// long is a little-endian two's complement of any width.
func long(b []byte) *value {
	if len(b) > 8 {
		return someValue
	}
	var u uint64
	for i, x := range b {
		u |= uint64(x) << (8 * i)
	}
	if n := len(b); n > 0 && n < 8 && b[n-1]&0x80 != 0 {
		u |= math.MaxUint64 << (8 * n)
	}
	return &value{kind: integer, n: int64(u)}
}

// stepFixed does the opcodes with an argument of fixed width.
func (w *walk) stepFixed(b byte) error {
	width := map[argument]int{uint1: 1, uint2: 2, int4: 4, uint4: 4, uint8b: 8, float8: 8}[opcodes[b].argument]
	raw, err := w.src.take(width)
	if err != nil {
		return err
	}
	var wide [8]byte
	copy(wide[:], raw)
	u := binary.LittleEndian.Uint64(wide[:])
	switch b {
	case 0x80: // PROTO
		if u > 5 {
			return fmt.Errorf("protocol %d is not known", u)
		}
	case 0x95: // FRAME
		if u > math.MaxInt64 || w.src.size >= 0 && int64(u) > w.src.size-w.src.pos {
			return fmt.Errorf("a frame of %d bytes: %w", u, errCut)
		}
		if w.reader == byJoblib && w.src.pos-9 < w.frame {
			return errors.New("a frame inside a frame")
		}
		w.frame = w.src.pos + int64(u)
	case 'K', 'M':
		w.push(&value{kind: integer, n: int64(u)})
	case 'J':
		w.push(&value{kind: integer, n: int64(int32(u))})
	case 'G':
		w.push(someValue)
	case 'h', 'j':
		return w.get(int64(u))
	case 'q', 'r':
		return w.put(int64(u))
	case 0x82, 0x83, 0x84:
		w.out.add("loads a name by its number in a registry (an extension code)")
		w.refused = true
		w.push(&value{kind: global, text: "an extension code"})
	}
	return nil
}

func (w *walk) put(i int64) error {
	v, err := w.top()
	if err == nil {
		w.memo[i] = v
	}
	return err
}

func (w *walk) get(i int64) error {
	v, ok := w.memo[i]
	if !ok {
		return fmt.Errorf("the memo holds nothing at %d", i)
	}
	if v.kind == instance {
		if err := w.plain(v); err != nil {
			return err
		}
	}
	w.push(v)
	return nil
}
