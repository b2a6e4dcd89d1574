package verifier

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"maps"
	"path"
	"slices"
	"time"

	"github.com/weighlock/weighlock/schema"
)

// problems reports what the schema cannot.
func (f *File) problems() schema.Errors {
	c := &check{names: map[string]bool{}, publics: map[string]string{}}
	for i, k := range f.Keys {
		c.key(fmt.Sprintf("keys[%d]", i), k)
	}
	clear(c.names)
	for i, a := range f.Timestamp {
		c.authority(fmt.Sprintf("timestamp[%d]", i), a)
	}
	if f.Least != nil {
		for _, name := range slices.Sorted(maps.Keys(f.Least.Metrics)) {
			if l := f.Least.Metrics[name]; l.Min == nil && l.Max == nil {
				c.add("least.metrics."+name, "no limit", "min or max")
			}
		}
	}
	return c.found
}

type check struct {
	names   map[string]bool
	publics map[string]string // DER to the name of the key
	found   schema.Errors
}

func (c *check) add(path, found, expected string) {
	c.found = append(c.found, schema.Problem{Path: path, Found: found, Expected: expected})
}

func (c *check) name(path, kind, name string) {
	if c.names[name] {
		c.add(path+".name", kind+" "+name+" a second time", "each name once")
	}
	c.names[name] = true
}

func (c *check) key(at string, k Key) {
	c.name(at, "key", k.Name)
	der, err := publicKey(k.Public)
	if err != nil {
		c.add(at+".public", err.Error(), "one public key in PEM")
	} else if first, twice := c.publics[string(der)]; twice {
		c.add(at+".public", "the key that is listed as "+first, "each key once, with all its roles")
	} else {
		c.publics[string(der)] = k.Name
	}
	since, until := c.moment(at+".since", k.Since), c.moment(at+".until", k.Until)
	if k.Since != "" && k.Until != "" && until.Before(since) {
		c.add(at+".until", "a time before since", "a time after since")
	}
	for i, pattern := range k.Models {
		if _, err := path.Match(pattern, ""); err != nil {
			c.add(fmt.Sprintf("%s.models[%d]", at, i), "text "+pattern, "a name, or a pattern with *")
		}
	}
}

func (c *check) moment(at, text string) time.Time {
	if text == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		c.add(at, "text "+text, "a time that exists")
	}
	return t
}

func (c *check) authority(at string, a Authority) {
	c.name(at, "authority", a.Name)
	if err := certificates(a.Certificates); err != nil {
		c.add(at+".certificates", err.Error(), "certificates in PEM")
	}
}

// publicKey is the DER of exactly one public key in PEM.
func publicKey(text string) ([]byte, error) {
	block, rest := pem.Decode([]byte(text))
	if block == nil || block.Type != "PUBLIC KEY" {
		return nil, fmt.Errorf("text that is not a public key in PEM")
	}
	if len(bytes.TrimSpace(rest)) > 0 {
		return nil, fmt.Errorf("text behind the public key")
	}
	if _, err := x509.ParsePKIXPublicKey(block.Bytes); err != nil {
		return nil, fmt.Errorf("a key that cannot be read: %w", err)
	}
	return block.Bytes, nil
}

func certificates(text string) error {
	rest := []byte(text)
	for {
		var block *pem.Block
		block, rest = pem.Decode(rest)
		if block == nil || block.Type != "CERTIFICATE" {
			return fmt.Errorf("text that is not a certificate in PEM")
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			return fmt.Errorf("a certificate that cannot be read: %w", err)
		}
		if rest = bytes.TrimSpace(rest); len(rest) == 0 {
			return nil
		}
	}
}
