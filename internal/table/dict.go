package table

import "hash/maphash"

var seed = maphash.MakeSeed() // codes go by first appearance, so its randomness never shows

// dict gives each distinct text a code, by first appearance. It is its own
// hash table because a map[string]int32 of ten million ids is three times as
// large.
type dict struct {
	values []string
	slots  []uint64 // high half of the hash, then code+1; 0 is free
	keep   bool     // copy new texts: the bytes given do not stay
	arena  []byte
	bytes  int // of the texts
}

// code returns the text's code, a new one if it was not seen before.
func (d *dict) code(text []byte) int32 {
	if 4*(len(d.values)+1) > 3*len(d.slots) {
		d.grow()
	}
	hash := maphash.Bytes(seed, text) >> 32
	mask := uint64(len(d.slots) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		slot := d.slots[i]
		if slot == 0 {
			d.values = append(d.values, d.own(text))
			d.bytes += len(text) + 24
			d.slots[i] = hash<<32 | uint64(len(d.values))
			return int32(len(d.values) - 1)
		}
		if slot>>32 == hash && d.values[uint32(slot)-1] == string(text) {
			return int32(uint32(slot) - 1)
		}
	}
}

func (d *dict) grow() {
	old := d.slots
	d.slots = make([]uint64, max(16, 2*len(old)))
	mask := uint64(len(d.slots) - 1)
	for _, slot := range old {
		if slot == 0 {
			continue
		}
		i := (slot >> 32) & mask
		for d.slots[i] != 0 {
			i = (i + 1) & mask
		}
		d.slots[i] = slot
	}
}

// own is the text as a string that stays: cut from blocks, since ten million
// small allocations are slow to make and to collect.
func (d *dict) own(text []byte) string {
	const block = 1 << 16
	if !d.keep {
		return view(text)
	}
	if len(text) > block/4 {
		return string(text)
	}
	if cap(d.arena)-len(d.arena) < len(text) {
		d.arena = make([]byte, 0, block)
	}
	start := len(d.arena)
	d.arena = append(d.arena, text...)
	return view(d.arena[start:len(d.arena):len(d.arena)])
}
