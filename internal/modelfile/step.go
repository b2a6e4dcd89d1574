package modelfile

import (
	"errors"
	"fmt"
)

// step does one opcode; stop is true behind STOP.
func (w *walk) step(b byte) (stop bool, err error) {
	switch opcodes[b].argument {
	case line, twoLines:
		return false, w.stepLine(b)
	case counted1, counted4, counted4s, counted8:
		return false, w.stepCounted(b)
	case uint1, uint2, int4, uint4, uint8b, float8:
		return false, w.stepFixed(b)
	}
	switch b {
	case '.': // STOP
		if _, err := w.pop(); err != nil {
			return false, err
		}
		return true, nil
	case '(': // MARK
		w.marks = append(w.marks, len(w.stack))
		if len(w.marks) > maxStack {
			return false, fmt.Errorf("more than %d marks", maxStack)
		}
	case '0': // POP takes a mark too, if one is on top
		if len(w.marks) > 0 && w.fence() == len(w.stack) {
			w.marks = w.marks[:len(w.marks)-1]
			return false, nil
		}
		_, err = w.pop()
	case '1': // POP_MARK
		_, err = w.popMark()
	case '2': // DUP
		var v *value
		if v, err = w.top(); err == nil {
			if err = w.plain(v); err == nil {
				w.push(v)
			}
		}
	case 'N':
		w.push(noValue)
	case 0x88: // NEWTRUE
		w.push(yes)
	case 0x89: // NEWFALSE
		w.push(no)
	case ']', 0x8f: // EMPTY_LIST, EMPTY_SET
		w.push(someValue)
	case '}':
		w.push(&value{kind: dict})
	case ')':
		w.push(&value{kind: tuple})
	case 't', 0x85, 0x86, 0x87, 'l', 'd', 0x91:
		err = w.collect(b)
	case 'a', 'e', 's', 'u', 0x90:
		err = w.extend(b)
	case 0x94: // MEMOIZE
		err = w.put(int64(len(w.memo)))
	default:
		err = w.act(b)
	}
	return false, err
}

// collect makes a tuple, list, dict or frozenset out of what is on the stack.
func (w *walk) collect(b byte) error {
	var items []*value
	var err error
	if b == 0x85 || b == 0x86 || b == 0x87 { // TUPLE1, TUPLE2, TUPLE3
		n := int(b-0x85) + 1
		if len(w.stack)-n < w.fence() {
			return errEmpty
		}
		items = w.stack[len(w.stack)-n:]
		w.stack = w.stack[:len(w.stack)-n]
	} else if items, err = w.popMark(); err != nil {
		return err
	}
	if err := w.plain(items...); err != nil {
		return err
	}
	switch {
	case b == 'd':
		if len(items)%2 != 0 {
			return errors.New("a key without a value")
		}
		v := &value{kind: dict}
		v.add(items)
		w.push(v)
	case b == 'l' || b == 0x91:
		w.push(someValue)
	case len(items) > maxTuple:
		w.push(&value{kind: opaque})
	default:
		w.push(&value{kind: tuple, items: append([]*value(nil), items...)})
	}
	return nil
}

// add puts pairs into a dict; one that grows too large is not followed.
func (v *value) add(pairs []*value) {
	if v.kind != dict {
		return
	}
	if len(v.items)+len(pairs) > 2*maxPairs {
		v.kind, v.items = opaque, nil
		return
	}
	v.items = append(v.items, pairs...)
}

// extend adds to a list, set or dict on the stack.
func (w *walk) extend(b byte) error {
	var items []*value
	var err error
	switch b {
	case 'a', 's': // APPEND, SETITEM
		n := 1
		if b == 's' {
			n = 2
		}
		if len(w.stack)-n <= w.fence() {
			return errEmpty
		}
		items = w.stack[len(w.stack)-n:]
		w.stack = w.stack[:len(w.stack)-n]
	default: // APPENDS, SETITEMS, ADDITEMS
		if items, err = w.popMark(); err != nil {
			return err
		}
	}
	if err := w.plain(items...); err != nil {
		return err
	}
	target, err := w.top()
	if err != nil {
		return err
	}
	if target.kind == global {
		w.out.add("changes %s itself, not an object of it", target.text)
	}
	if b == 's' || b == 'u' {
		if len(items)%2 != 0 {
			return errors.New("a key without a value")
		}
		target.add(items)
	}
	return w.plain(target)
}

// act does the opcodes that fetch, make and change objects.
func (w *walk) act(b byte) error {
	switch b {
	case 0x93: // STACK_GLOBAL
		name, err := w.pop()
		if err != nil {
			return err
		}
		module, err := w.pop()
		if err != nil {
			return err
		}
		if name.kind != str || module.kind != str || name.text == "" || module.text == "" {
			w.out.add("loads a name that is computed")
			w.refused = true
			w.push(&value{kind: global, text: "a computed name"})
			return nil
		}
		v, err := w.fetch(module.text, name.text)
		if err != nil {
			return err
		}
		w.push(v)
	case 'R', 0x81, 0x92: // REDUCE, NEWOBJ, NEWOBJ_EX
		return w.make(b)
	case 'o': // OBJ
		items, err := w.popMark()
		if err != nil {
			return err
		}
		if len(items) == 0 {
			return errEmpty
		}
		if err := w.plain(items...); err != nil {
			return err
		}
		v, err := w.makes(items[0], someValue)
		if err != nil {
			return err
		}
		w.push(v)
	case 'b': // BUILD
		state, err := w.pop()
		if err != nil {
			return err
		}
		if err := w.plain(state); err != nil {
			return err
		}
		target, err := w.top()
		if err != nil {
			return err
		}
		return w.build(target, state)
	case 'Q': // BINPERSID
		if _, err := w.pop(); err != nil {
			return err
		}
		w.persistent()
	case 0x97: // NEXT_BUFFER
		w.out.add("needs buffers that lie outside of the file")
		w.push(someValue)
	case 0x98: // READONLY_BUFFER
		_, err := w.top()
		return err
	}
	return nil
}

// make does REDUCE, NEWOBJ and NEWOBJ_EX.
func (w *walk) make(b byte) error {
	args, err := w.pop()
	if err != nil {
		return err
	}
	if b == 0x92 { // the keywords lie on top
		if err := w.plain(args); err != nil {
			return err
		}
		if args, err = w.pop(); err != nil {
			return err
		}
	}
	if err := w.plain(args); err != nil {
		return err
	}
	callee, err := w.pop()
	if err != nil {
		return err
	}
	if b == 0x81 && w.reader == byJoblib && callee.named(wrapperName) {
		if args.kind != tuple || len(args.items) != 0 {
			return w.stray()
		}
		w.push(&value{kind: instance, text: wrapperName})
		return nil
	}
	v, err := w.makes(callee, args)
	if err != nil {
		return err
	}
	w.push(v)
	return nil
}

// persistent is a value that the loading program supplies.
func (w *walk) persistent() {
	if w.reader != byTorch {
		w.out.add("needs objects that lie outside of the file (a persistent id)")
	}
	w.push(someValue)
}
