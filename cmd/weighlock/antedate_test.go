package main

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"path/filepath"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/weighlock/weighlock/internal/artifact"
	"github.com/weighlock/weighlock/internal/attest"
	"github.com/weighlock/weighlock/internal/canonical"
	"github.com/weighlock/weighlock/internal/capture"
	"github.com/weighlock/weighlock/internal/oci"
	"github.com/weighlock/weighlock/internal/sign"
)

// antedate: antedate DIR TIME is a builder who lies: it puts in place of the
// run record one that says the run began at TIME, signed by the builder's own
// key. The program itself makes no such record.
func antedate(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: antedate DIR TIME")
	}
	_, err := time.Parse(time.RFC3339, args[1])
	ts.Check(err)
	ctx := context.Background()
	local, err := capture.OpenLocal(ts.MkAbs(args[0]))
	ts.Check(err)
	stored, err := capture.Statements(ctx, local)
	ts.Check(err)
	l := &liar{tsa: sign.NewTSA(ts.Getenv("WEIGHLOCK_TSA"), nil), local: local}
	l.key, err = sign.LoadKey(filepath.Join(ts.Getenv("WEIGHLOCK_CONFIG"), "weighlock.key"), func() ([]byte, error) {
		return []byte(ts.Getenv("WEIGHLOCK_PASSWORD")), nil
	})
	ts.Check(err)
	lies := 0
	for _, s := range stored {
		if s.Predicate == "run" {
			ts.Check(l.lie(ctx, s, args[1]))
			lies++
		}
	}
	if lies != 1 {
		ts.Fatalf("there are %d run records, want 1", lies)
	}
}

type liar struct {
	key   *sign.Key
	tsa   sign.Authority
	local *oci.Repository
}

// lie replaces one run record by one that began at another time.
func (l *liar) lie(ctx context.Context, s capture.Stored, at string) error {
	was, err := opened(s.Bundle)
	if err != nil {
		return err
	}
	var record capture.Record
	if err := was.Decode(&record); err != nil {
		return err
	}
	record.Start.Time = at
	digest, err := canonical.Digest(record.Start)
	if err != nil {
		return err
	}
	sum, err := hex.DecodeString(artifact.Hex(digest))
	if err != nil {
		return err
	}
	token, err := l.tsa.Timestamp(ctx, sum)
	if err != nil {
		return err
	}
	record.StartToken = base64.StdEncoding.EncodeToString(token)
	is, err := attest.New("run", was.Subject, record)
	if err != nil {
		return err
	}
	bundle, err := l.key.Sign(ctx, is, l.tsa)
	if err != nil {
		return err
	}
	d, err := l.local.PushArtifact(ctx, oci.Artifact{
		Type:   artifact.MediaTypeBundle,
		Layers: []oci.Layer{{MediaType: artifact.MediaTypeBundle, Bytes: bundle}},
		Annotations: map[string]string{
			artifact.AnnotationBundleContent: "dsse-envelope",
			artifact.AnnotationPredicateType: artifact.PredicateType("run"),
			artifact.AnnotationCreated:       at,
		},
	})
	if err != nil {
		return err
	}
	tag := func(bundle []byte) string { return "run-" + artifact.Hex(artifact.Digest(bundle))[:32] }
	if err := l.local.Delete(ctx, tag(s.Bundle)); err != nil {
		return err
	}
	return l.local.Tag(ctx, d, tag(bundle))
}

// opened is the statement in a bundle, unverified.
func opened(bundle []byte) (*attest.Statement, error) {
	var b struct {
		Envelope struct {
			Payload string `json:"payload"`
		} `json:"dsseEnvelope"`
	}
	if err := json.NewDecoder(strings.NewReader(string(bundle))).Decode(&b); err != nil {
		return nil, err
	}
	payload, err := base64.StdEncoding.DecodeString(b.Envelope.Payload)
	if err != nil {
		return nil, err
	}
	return attest.Parse(payload)
}
