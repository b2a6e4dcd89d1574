package verifier

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/weighlock/weighlock/schema"
)

// pair makes a key, as its public PEM and a self-signed certificate's.
func pair(t testing.TB) (public, certificate string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotAfter: time.Unix(1<<33, 0)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string, b []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}))
	}
	return block("PUBLIC KEY", der), block("CERTIFICATE", cert)
}

// yaml indents PEM text as a YAML block.
func yaml(indent int, text string) string {
	pad := "\n" + strings.Repeat(" ", indent)
	return "|" + pad + strings.ReplaceAll(strings.TrimSpace(text), "\n", pad) + "\n"
}

func TestParse(t *testing.T) {
	public, certificate := pair(t)
	text := "schema: https://weighlock.dev/verifier/v1\nname: acme\nlevel: release\n" +
		"keys:\n- name: ci\n  roles: [builder, gate]\n  models: [\"card-*\"]\n  since: 2026-01-01T00:00:00Z\n  public: " + yaml(4, public) +
		"timestamp:\n- name: local\n  certificates: " + yaml(4, certificate) +
		"channels: {production: {champion: none}}\nparameters: {least_rows: 500}\nleast: {metrics: {roc_auc: {min: 0.7}}, slices: [region], min_rows: 1000}\n"
	path := filepath.Join(t.TempDir(), "verifier.yaml")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	floor := 0.7
	want := &File{
		Schema: Schema, Name: "acme", Level: "release", Mode: "enforce", AllowDays: 30,
		Keys:       []Key{{Name: "ci", Public: public, Roles: []string{"builder", "gate"}, Models: []string{"card-*"}, Since: "2026-01-01T00:00:00Z"}},
		Timestamp:  []Authority{{"local", certificate}},
		Channels:   map[string]Channel{"production": {Champion: "none"}},
		Parameters: map[string]any{"least_rows": json.Number("500")},
		Least:      &Least{Metrics: map[string]Limit{"roc_auc": {Min: &floor}}, Slices: []string{"region"}, MinRows: 1000},
		Path:       path, Text: got.Text,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("file (-want +got):\n%s", diff)
	}
	again, err := Parse("copy.json", got.Canonical())
	if err != nil {
		t.Fatal(err)
	}
	if again.Digest() != got.Digest() || string(again.Text) != string(got.Text) {
		t.Errorf("read back from its canonical JSON: got %s; want %s", again.Text, got.Text)
	}
}

func TestParseRefuses(t *testing.T) {
	public, certificate := pair(t)
	q := func(s string) string { b, _ := json.Marshal(s); return string(b) }
	file := func(keys, more string) string {
		return `{"schema": "https://weighlock.dev/verifier/v1", "name": "acme", "level": "start", "keys": ` + keys + more + `}`
	}
	key := func(more string) string {
		return `{"name": "ci", "roles": ["gate"], "public": ` + q(public) + more + `}`
	}
	tests := map[string]struct{ text, want string }{
		"trusts nobody":             {file(`[]`, ""), "keys: found an empty list, expected a list with at least one item"},
		"key without a role":        {file(`[{"name": "ci", "roles": [], "public": `+q(public)+`}]`, ""), "keys[0].roles: found an empty list"},
		"role that is unknown":      {file(`[{"name": "ci", "roles": ["gat"], "public": `+q(public)+`}]`, ""), "keys[0].roles[0]: found text \"gat\", expected one of builder, evaluator, gate, approver, waiver, policy, rollout, monitor; nearest is gate"},
		"private key in its place":  {file(`[{"name": "ci", "roles": ["gate"], "public": "-----BEGIN PRIVATE KEY-----\nxx"}]`, ""), "keys[0].public: found text"},
		"key that cannot be read":   {file(`[{"name": "ci", "roles": ["gate"], "public": "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"}]`, ""), "keys[0].public: found a key that cannot be read"},
		"key that is cut short":     {file(`[{"name": "ci", "roles": ["gate"], "public": `+q(public[:60])+`}]`, ""), "keys[0].public: found text that is not a public key in PEM, expected one public key in PEM"},
		"two keys in one":           {file(`[{"name": "ci", "roles": ["gate"], "public": `+q(public+public)+`}]`, ""), "keys[0].public: found text behind the public key"},
		"key name twice":            {file(`[`+key("")+`,`+key("")+`]`, ""), "keys[1].name: found key ci a second time"},
		"same key under two names":  {file(`[`+key("")+`,{"name": "other", "roles": ["gate"], "public": `+q(public)+`}]`, ""), "keys[1].public: found the key that is listed as ci"},
		"month that does not exist": {file(`[`+key(`, "since": "2026-13-01T00:00:00Z"`)+`]`, ""), "keys[0].since: found text 2026-13-01T00:00:00Z, expected a time that exists"},
		"until before since":        {file(`[`+key(`, "since": "2026-02-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"`)+`]`, ""), "keys[0].until: found a time before since"},
		"pattern that is none":      {file(`[`+key(`, "models": ["["]`)+`]`, ""), "keys[0].models[0]: found text ["},
		"authority twice":           {file(`[`+key("")+`]`, `, "timestamp": [{"name": "a", "certificates": `+q(certificate)+`}, {"name": "a", "certificates": `+q(certificate)+`}]`), "timestamp[1].name: found authority a a second time"},
		"certificate that is none":  {file(`[`+key("")+`]`, `, "timestamp": [{"name": "a", "certificates": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}]`), "timestamp[0].certificates: found a certificate that cannot be read"},
		"key among certificates":    {file(`[`+key("")+`]`, `, "timestamp": [{"name": "a", "certificates": `+q(certificate+public)+`}]`), "timestamp[0].certificates: found text that is not a certificate in PEM, expected certificates in PEM"},
		"channel that says nothing": {file(`[`+key("")+`]`, `, "channels": {"production": {}}`), "channels.production.champion: found nothing"},
		"limit that asks nothing":   {file(`[`+key("")+`]`, `, "least": {"metrics": {"recall": {}}}`), "least.metrics.recall: found no limit, expected min or max"},
		"level that is unknown":     {strings.Replace(file(`[`+key("")+`]`, ""), `"start"`, `"strat"`, 1), `level: found text "strat", expected one of start, release, regulated; nearest is start`},
		"another document":          {strings.Replace(file(`[`+key("")+`]`, ""), "verifier/v1", "spec/v1", 1), "schema: found text"},
		"duplicate key in the file": {file(`[`+key("")+`]`, `, "level": "regulated"`), "level: duplicate key"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Parse("verifier.json", []byte(tt.text))
			var found schema.Errors
			if !errors.As(err, &found) || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v; want %s", err, tt.want)
			}
			if found[0].File != "verifier.json" || found[0].Line != 1 {
				t.Errorf("place: got %s:%d; want verifier.json:1", found[0].File, found[0].Line)
			}
		})
	}
}

func TestLoadRefuses(t *testing.T) {
	if _, err := Load(filepath.Join(t.TempDir(), "none.yaml")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: got %v; want os.ErrNotExist", err)
	}
	empty := filepath.Join(t.TempDir(), "verifier.yaml")
	if err := os.WriteFile(empty, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(empty); err == nil || !strings.Contains(err.Error(), "the file is empty") {
		t.Errorf("empty file: got %v; want a refusal", err)
	}
	model := filepath.Join(t.TempDir(), "model.bin")
	if err := os.WriteFile(model, make([]byte, maxSize+1), 0o644); err != nil {
		t.Fatal(err)
	}
	want := model + " is larger than 4194304 bytes, so it is hardly a verifier file\nhint: weighlock keygen --out FOLDER writes one"
	if _, err := Load(model); err == nil || err.Error() != want {
		t.Errorf("another file: got %v; want %s", err, want)
	}
}

func FuzzParse(f *testing.F) {
	public, _ := pair(f)
	b, _ := json.Marshal(public)
	f.Add("v.json", []byte(`{"schema":"https://weighlock.dev/verifier/v1","name":"a","level":"start","keys":[{"name":"k","roles":["gate"],"public":`+string(b)+`}]}`))
	f.Add("v.yaml", []byte("schema: https://weighlock.dev/verifier/v1\nkeys: []\n"))
	f.Fuzz(func(t *testing.T, name string, text []byte) {
		file, err := Parse(name, text)
		if (file == nil) == (err == nil) {
			t.Fatalf("got %v and %v; want one of them", file, err)
		}
		if file != nil && len(file.Keys) == 0 {
			t.Fatal("accepted a file that trusts nobody")
		}
	})
}
