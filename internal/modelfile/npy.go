package modelfile

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// npy is numpy's own array file: a header, which numpy reads as a Python literal, then
// numbers or one pickle.
func npy(f *file) Finding {
	return f.array(fileSource(f.r, f.size))
}

func (f *file) array(src *source) Finding {
	out := &findings{strict: true}
	size, objects, err := npyHeader(src)
	switch {
	case err != nil:
	case objects:
		w := &walk{src: src, allow: f.allow, out: out}
		if err = w.one(); err == nil {
			err = atEnd(src)
		}
	default:
		if err = src.skip(size); err == nil {
			err = atEnd(src)
		}
	}
	return result("npy", out, err)
}

// npyHeader is the bytes of the array behind the header; objects is true where
// they are a pickle.
func npyHeader(src *source) (size int64, objects bool, err error) {
	head, err := src.take(8)
	if err != nil {
		return 0, false, err
	}
	width := 2
	if !bytes.HasPrefix(head, []byte("\x93NUMPY")) {
		return 0, false, errors.New("is no numpy array")
	}
	if head[6] < 1 || head[6] > 3 {
		return 0, false, fmt.Errorf("numpy format version %d is not known", head[6])
	}
	if head[6] > 1 {
		width = 4
	}
	raw, err := src.take(width)
	if err != nil {
		return 0, false, err
	}
	n := 0
	for i, b := range raw {
		n |= int(b) << (8 * i)
	}
	if n > 1<<16 {
		return 0, false, fmt.Errorf("a numpy header of %d bytes, where %d are the most", n, 1<<16)
	}
	text, err := src.take(n)
	if err != nil {
		return 0, false, err
	}
	return npyText(string(text))
}

// npyForm is the header just as numpy writes it, for arrays without fields.
var npyForm = regexp.MustCompile(`^\{'descr': '([<>|=]?[a-zA-Z][0-9]*)', 'fortran_order': (?:True|False), 'shape': \(([0-9, ]*)\), \} *\n?$`)

// npyText reads an array's header: how many bytes follow, or that a pickle does.
func npyText(text string) (size int64, objects bool, err error) {
	m := npyForm.FindStringSubmatch(text)
	if m == nil {
		return 0, false, errors.New("its numpy header is not one of a plain array")
	}
	shape := &value{kind: tuple}
	for _, s := range strings.Split(m[2], ",") {
		if s = strings.TrimSpace(s); s == "" {
			continue
		}
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return 0, false, fmt.Errorf("its numpy header has the shape (%s), which no array has", m[2])
		}
		shape.items = append(shape.items, &value{kind: integer, n: n})
	}
	if m[1] == "|O" { // objects have no width of their own
		m[1] = "O8"
	}
	count, ok := elements(shape)
	width, objects, known := (&value{kind: dtype, text: m[1]}).layout(0)
	if !ok || !known || width > 0 && count > math.MaxInt64/width {
		return 0, false, fmt.Errorf("its numpy header says an array (%s) of %s, which cannot be", m[2], m[1])
	}
	return count * width, objects, nil
}
