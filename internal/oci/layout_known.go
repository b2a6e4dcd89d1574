package oci

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"

	"github.com/weighlock/weighlock/internal/artifact"
)

// knownSet is the content of .weighlock/known, read on from where the last
// reading stopped as long as the file only grows.
type knownSet struct {
	mu    sync.RWMutex
	inode uint64
	end   int64
	set   map[[32]byte]struct{}
}

func (k *knownSet) has(digest string) bool {
	key, ok := knownKey(artifact.Hex(digest))
	if !ok {
		return false
	}
	k.mu.RLock()
	defer k.mu.RUnlock()
	_, ok = k.set[key]
	return ok
}

func knownKey(text string) (key [32]byte, ok bool) {
	n, err := hex.Decode(key[:], []byte(text)[:min(len(text), 64)])
	return key, err == nil && n == 32 && len(text) == 64
}

func (l *layout) readKnown() (*knownSet, error) {
	l.mu.Lock()
	if l.known == nil {
		l.known = &knownSet{set: map[[32]byte]struct{}{}}
	}
	k := l.known
	l.mu.Unlock()
	f, err := openRegular(l.path(sideDir, "known"))
	if errors.Is(err, fs.ErrNotExist) {
		return k.reset(0), nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return k, k.catchUp(f)
}

// knownState tells two states of the set apart.
type knownState struct {
	inode uint64
	end   int64
}

func (k *knownSet) state() knownState {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return knownState{k.inode, k.end}
}

func (k *knownSet) reset(inode uint64) *knownSet {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.inode, k.end, k.set = inode, 0, map[[32]byte]struct{}{}
	return k
}

// lineLength is that of 64 hex digits and a newline.
const lineLength = 65

func (k *knownSet) catchUp(f *os.File) error {
	now, err := stampOf(f)
	if err != nil {
		return err
	}
	k.mu.RLock()
	same := k.inode == now.inode && k.end <= now.size
	k.mu.RUnlock()
	if !same {
		k.reset(now.inode)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	text, err := io.ReadAll(io.NewSectionReader(f, k.end, max(0, now.size-k.end)))
	if err != nil {
		return err
	}
	for ; len(text) >= lineLength; text = text[lineLength:] {
		key, ok := knownKey(string(text[:lineLength-1]))
		if !ok || text[lineLength-1] != '\n' {
			return fmt.Errorf("%s: %w: damaged at byte %d\nhint: delete this file; it is made again", f.Name(), ErrIntegrity, k.end)
		}
		k.set[key] = struct{}{}
		k.end += lineLength
	}
	return nil
}
