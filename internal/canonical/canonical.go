// Package canonical writes and reads JSON in the one form that may be signed:
// RFC 8785, with no duplicate key, no broken text and no number that is not
// finite. A whole number beyond 2^53 that a float64 would turn into another
// is refused; write it as a string.
package canonical

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/cyberphone/json-canonicalization/go/src/webpki.org/jsoncanonicalizer"
)

// Marshal is v as RFC 8785 JSON.
func Marshal(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return Transform(buf.Bytes())
}

// Transform brings JSON text into RFC 8785 form. It refuses what Check
// refuses.
func Transform(text []byte) ([]byte, error) {
	if err := Check(text); err != nil {
		return nil, err
	}
	text = bytes.TrimLeft(text, " \t\r\n")
	if text[0] == '{' || text[0] == '[' {
		return jsoncanonicalizer.Transform(text)
	}
	// The library wants an object or a list around a scalar.
	list, err := jsoncanonicalizer.Transform(slices.Concat([]byte("["), text, []byte("]")))
	if err != nil {
		return nil, err
	}
	return list[1 : len(list)-1], nil
}

// Digest is the SHA-256 of v's canonical JSON, as sha256:<64 hex digits>.
func Digest(v any) (string, error) {
	b, err := Marshal(v)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}

// Unmarshal reads one JSON value into v. Duplicate keys, trailing text,
// fields that v does not have, and inexact integers are refused.
func Unmarshal(text []byte, v any) error {
	if err := Check(text); err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	return dec.Decode(v)
}

// Check refuses text that is not exactly one JSON value, that has a duplicate
// key at any depth, that Go would mend in silence (broken UTF-8, half a
// surrogate pair), or that holds a number which a float64 cannot hold.
func Check(text []byte) error {
	if !utf8.Valid(text) {
		return errors.New("broken UTF-8")
	}
	if i := loneSurrogate(text); i >= 0 {
		return fmt.Errorf("offset %d: half of a surrogate pair", i)
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	if err := checkValue(dec, "", 0); errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("offset %d: unexpected end of JSON", len(text))
	} else if err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("offset %d: text after the JSON value", dec.InputOffset())
	}
	return nil
}

// maxDepth bounds the nesting of foreign JSON.
const maxDepth = 200

func checkValue(dec *json.Decoder, path string, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("%s: nested deeper than %d", path, maxDepth)
	}
	tok, err := dec.Token()
	if err != nil {
		return err
	}
	switch t := tok.(type) {
	case json.Delim:
		if t == '{' {
			return checkObject(dec, path, depth)
		}
		for i := 0; dec.More(); i++ {
			if err := checkValue(dec, fmt.Sprintf("%s[%d]", path, i), depth+1); err != nil {
				return err
			}
		}
		_, err = dec.Token()
		return err
	case json.Number:
		return checkNumber(t.String(), path)
	}
	return nil
}

func checkObject(dec *json.Decoder, path string, depth int) error {
	seen := map[string]bool{}
	for dec.More() {
		tok, err := dec.Token()
		if err != nil {
			return err
		}
		key := tok.(string)
		at := strings.TrimPrefix(path+"."+key, ".")
		if seen[key] {
			return fmt.Errorf("duplicate key %q (at %s, offset %d)", key, at, dec.InputOffset())
		}
		seen[key] = true
		if err := checkValue(dec, at, depth+1); err != nil {
			return err
		}
	}
	_, err := dec.Token()
	return err
}

func checkNumber(text, path string) error {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(f, 0) {
		return fmt.Errorf("%s: number %s is out of range", path, text)
	}
	if !strings.ContainsAny(text, ".eE") && math.Abs(f) >= 1<<53 && strconv.FormatFloat(f, 'f', -1, 64) != text {
		return fmt.Errorf("%s: integer %s is beyond 2^53; write it as a string", path, text)
	}
	return nil
}

// loneSurrogate is the offset of an escape \ud800 to \udfff in JSON text
// without its other half, or -1.
func loneSurrogate(text []byte) int {
	for i := 0; i+1 < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		r, ok := escape(text[i:])
		switch {
		case !ok:
			i++ // another escape, such as \n
		case r >= 0xdc00 && r <= 0xdfff:
			return i
		case r >= 0xd800 && r <= 0xdbff:
			if low, ok := escape(text[i+6:]); !ok || low < 0xdc00 || low > 0xdfff {
				return i
			}
			i += 11
		default:
			i += 5
		}
	}
	return -1
}

// escape reads \uXXXX at the start of text.
func escape(text []byte) (rune, bool) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	return rune(n), err == nil
}
