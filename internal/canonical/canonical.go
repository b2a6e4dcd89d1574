// Package canonical writes and reads JSON in the one form that may be signed:
// RFC 8785, with no duplicate key and no number that is not finite. Integers
// beyond 2^53 are refused; write them as strings.
package canonical

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/cyberphone/json-canonicalization/go/src/webpki.org/jsoncanonicalizer"

	"github.com/weighlock/weighlock/internal/artifact"
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
	return jsoncanonicalizer.Transform(text)
}

// Digest is the SHA-256 of v's canonical JSON.
func Digest(v any) (string, error) {
	b, err := Marshal(v)
	if err != nil {
		return "", err
	}
	return artifact.Digest(b), nil
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
// key at any depth, or that holds an integer which a float64 cannot hold.
func Check(text []byte) error {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	if err := checkValue(dec, "", 0); err != nil {
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
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("offset %d: unexpected end of JSON", dec.InputOffset())
		}
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
	f, err := json.Number(text).Float64()
	if err != nil || math.IsInf(f, 0) {
		return fmt.Errorf("%s: number %s is out of range", path, text)
	}
	if !strings.ContainsAny(text, ".eE") && math.Abs(f) > 1<<53 {
		return fmt.Errorf("%s: integer %s is beyond 2^53; write it as a string", path, text)
	}
	return nil
}
