package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestShards takes a model of a hundred safetensors shards with their index,
// and a hundred parts of a GGUF file, through its life: judged, published,
// judged from the repository, and one shard fetched. Where one is gone, or is
// of another training, the model is denied and the shard named.
func TestShards(t *testing.T) {
	w := smallWorld(t)
	w.env["WEIGHLOCK_CONFIG"] = filepath.Join(t.TempDir(), "config")
	w.must(0, "keygen", "--level", "start")
	if err := os.RemoveAll(w.dir); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(w.dir, os.DirFS("testdata/small")); err != nil {
		t.Fatal(err)
	}
	project := filepath.Join(w.dir, "weighlock.yaml")
	write(t, project, bytes.Replace(read(t, project), []byte("file: model.json"), []byte("file: [net, big]"), 1))
	const shards = 100
	if err := os.Mkdir(filepath.Join(w.dir, "net"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(w.dir, "big"), 0o755); err != nil {
		t.Fatal(err)
	}
	shard := func(i int) string { return fmt.Sprintf("model-%05d-of-%05d.safetensors", i, shards) }
	tensor := func(i int) []byte {
		header := fmt.Sprintf(`{"layers.%d":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}`, i)
		return append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header+fmt.Sprintf("%04d", i)...)
	}
	var index []string
	for i := 1; i <= shards; i++ {
		write(t, filepath.Join(w.dir, "net", shard(i)), tensor(i))
		index = append(index, fmt.Sprintf("%q:%q", fmt.Sprintf("layers.%d", i), shard(i)))
		part := fmt.Sprintf("big-%05d-of-%05d.gguf", i, shards)
		write(t, filepath.Join(w.dir, "big", part), append([]byte("GGUF\x03\x00\x00\x00"), make([]byte, 16)...))
	}
	write(t, filepath.Join(w.dir, "net", "model.safetensors.index.json"), []byte(`{"weight_map":{`+strings.Join(index, ",")+`}}`))

	ref := "oci:" + w.layout + ":1.0.0"
	w.must(0, "gate", w.dir)
	w.must(0, "publish", "--dir", w.dir, ref)
	w.must(0, "gate", ref)
	w.must(0, "gate", "--replay", ref)
	out := filepath.Join(t.TempDir(), "out")
	w.must(0, "pull", "--only", "net/"+shard(42), "--dir", out, ref)
	if got, want := read(t, filepath.Join(out, "net", shard(42))), tensor(42); !bytes.Equal(got, want) {
		t.Errorf("the shard that was fetched: got %q; want %q", got, want)
	}
	if got := w.must(0, "pull", "--dir", out, ref); strings.Count(got, "\n") != 2*shards+1 {
		t.Errorf("pull of all fetched\n%s\nwant 201 files", got)
	}

	refused := func(why string) {
		t.Helper()
		out := strings.Join(strings.Fields(w.must(3, "gate", w.dir)), " ")
		if !strings.Contains(out, why) {
			t.Errorf("gate says\n%s\nwant %q", out, why)
		}
	}
	write(t, filepath.Join(w.dir, "net", shard(42)), tensor(7))
	refused("lists 1 tensors in net/" + shard(42) + " that it does not hold: layers.42")
	for _, name := range []string{"net/" + shard(42), "big/big-00099-of-00100.gguf"} {
		if err := os.Remove(filepath.Join(w.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	refused("lists net/" + shard(42) + ", which the model does not have")
	refused("big/big-00001-of-00100.gguf is one of 100 files, of which the model lacks 1: 00099")
}
