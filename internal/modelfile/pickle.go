package modelfile

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
)

// A pickle is a program. Its walk decodes every opcode and follows what the
// stack and the memo hold as far as names go, without doing anything; so it
// knows each class and function that loading would fetch. It fails closed: a
// name that is not on the list, or not to be known, is unsafe.

// reader is the unpickler that a walk follows.
type reader uint8

const (
	byPickle reader = iota // pickle.load
	byJoblib               // joblib.load: raw array bytes follow its wrappers
	byTorch                // torch.load: persistent ids name storages
)

// walk follows one pickle after another through a source.
type walk struct {
	src    *source
	reader reader
	allow  map[string]bool
	out    *findings
	// wrapped is set where joblib's array wrapper is named, called where a name
	// that is not allowed is fetched and then used.
	wrapped, called bool
	// later is true behind the first pickle of a source.
	later bool

	stack    []*value
	marks    []int
	memo     map[int64]*value
	frame    int64 // where the current frame ends
	refused  bool  // a name was not allowed
	retained int   // bytes of text that are held
}

const (
	maxStack    = 1 << 24 // values on the stack, and in the memo
	maxRetained = 256 << 20
)

// errStop ends a walk of which it is known that it is not safe.
var errStop = errors.New("what follows cannot be known")

// all walks every pickle of the source.
func (w *walk) all() error {
	for {
		if err := w.one(); err != nil {
			return err
		}
		if end, err := w.src.ended(); end || err != nil {
			return err
		}
		w.later = true
	}
}

// one walks one pickle, from its first opcode to STOP.
func (w *walk) one() error {
	w.stack, w.marks, w.memo, w.frame = w.stack[:0], w.marks[:0], map[int64]*value{}, 0
	for {
		at := w.src.pos
		b, err := w.src.next()
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("byte %d: the pickle ends without STOP: %w", at, errCut)
		}
		if err != nil {
			return fmt.Errorf("byte %d: %w", at, err)
		}
		if opcodes[b].name == "" {
			return fmt.Errorf("byte %d: 0x%02x is no pickle opcode", at, b)
		}
		stop, err := w.step(b)
		if err != nil && !errors.Is(err, errStop) {
			err = fmt.Errorf("byte %d: %s: %w", at, opcodes[b].name, err)
		}
		if stop || err != nil {
			return err
		}
		if len(w.stack) > maxStack || len(w.memo) > maxStack {
			return fmt.Errorf("byte %d: more than %d values at once", at, maxStack)
		}
	}
}

var (
	errEmpty = errors.New("nothing is on the stack")
	errMark  = errors.New("no mark is on the stack")
)

func (w *walk) push(v *value) { w.stack = append(w.stack, v) }

// top is the value on the stack, above the last mark.
func (w *walk) top() (*value, error) {
	if n := len(w.stack); n > w.fence() {
		return w.stack[n-1], nil
	}
	return nil, errEmpty
}

func (w *walk) fence() int {
	if n := len(w.marks); n > 0 {
		return w.marks[n-1]
	}
	return 0
}

func (w *walk) pop() (*value, error) {
	v, err := w.top()
	if err == nil {
		w.stack = w.stack[:len(w.stack)-1]
	}
	return v, err
}

// popMark is what lies above the last mark.
func (w *walk) popMark() ([]*value, error) {
	if len(w.marks) == 0 {
		return nil, errMark
	}
	at := w.fence()
	w.marks = w.marks[:len(w.marks)-1]
	items := w.stack[at:]
	w.stack = w.stack[:at]
	return items, nil
}

// text is a str value; long or escaped texts are not kept.
func (w *walk) text(b []byte, whole bool) *value {
	if !whole || len(b) > maxName || w.retained > maxRetained {
		return someString
	}
	w.retained += len(b)
	return &value{kind: str, text: string(b)}
}

// fetch is what loading does to get a class or function by its name.
func (w *walk) fetch(module, name string) (*value, error) {
	full := module + "." + name
	if full == wrapperName {
		w.wrapped = true
	}
	if !w.allow[full] {
		if !w.out.strict && !identifiers.MatchString(module) {
			return nil, fmt.Errorf("no module is called %q", module)
		}
		if w.amid() && fitted.MatchString(module) {
			return nil, fmt.Errorf("no module is called %q", module)
		}
		w.refused = true
		w.out.add("names %s, which is not on the list of what a model may load", full)
	}
	return &value{kind: global, text: full}, nil
}

var identifiers = regexp.MustCompile(`^[\pL_][\pL\pN_]*(\.[\pL_][\pL\pN_]*)*$`)

// amid is true where pickle.load, called again and again on one file, would
// begin in the middle of what joblib.dump wrote: joblib writes an array of
// objects as a pickle of its own, behind whose STOP its own goes on. The memo
// is then empty, and what was the number of a module's name may be that of an
// attribute.
func (w *walk) amid() bool { return w.later && w.wrapped && w.reader == byPickle }

// fitted are names of scikit-learn's fitted attributes, such as n_features_in_,
// which follows an array of column names. A module of such a name does not
// come with any library, so loading it ends there, as the walk does.
var fitted = regexp.MustCompile(`^[a-z][a-z_]*[a-z]_$`)

// makes is what loading does to call a class or function.
func (w *walk) makes(callee *value, args *value) (*value, error) {
	w.called = w.called || w.refused
	if callee.kind != global {
		w.out.add("calls what is not a name but computed")
		return someValue, nil
	}
	if w.reader == byJoblib && callee.text == wrapperName {
		return nil, w.stray()
	}
	switch callee.text {
	case "numpy.dtype":
		if args.kind == tuple && len(args.items) > 0 && args.items[0].kind == str {
			return &value{kind: dtype, text: args.items[0].text}, nil
		}
	case "_codecs.encode":
		if args.kind != tuple || len(args.items) != 2 || args.items[1].kind != str || !plainCodecs[args.items[1].text] {
			w.out.add("calls _codecs.encode with a codec that is not plain text")
		}
	}
	return &value{kind: instance, text: callee.text}, nil
}

// plainCodecs are the codecs that encode nothing but characters.
var plainCodecs = map[string]bool{"latin1": true, "latin-1": true, "ascii": true, "utf-8": true, "utf8": true}

// build is what loading does to give an object its state.
func (w *walk) build(target, state *value) error {
	w.called = w.called || w.refused
	switch {
	case target.kind == global:
		w.out.add("changes %s itself, not an object of it", target.text)
	case target.kind == dtype && state.kind == tuple:
		target.items = state.items
	case target.kind == dtype:
		target.text = "" // not to be followed any more
	case w.reader == byJoblib && target.kind == instance && target.text == wrapperName:
		w.stack = w.stack[:len(w.stack)-1]
		if err := w.array(state); err != nil {
			return err
		}
		w.push(someValue)
	}
	return nil
}

// stray ends the walk where joblib's wrapper goes ways that joblib.dump never
// writes: where its array bytes begin would no longer be certain.
func (w *walk) stray() error {
	w.out.add("uses joblib's array wrapper in a way that joblib does not write")
	return errStop
}

// plain refuses the wrapper, its class or object, where an ordinary value goes.
func (w *walk) plain(vs ...*value) error {
	if w.reader != byJoblib {
		return nil
	}
	for _, v := range vs {
		if (v.kind == global || v.kind == instance) && v.text == wrapperName {
			return w.stray()
		}
	}
	return nil
}

// number reads a decimal of the text protocol as a memo's key; Python also
// takes signs, blanks and underscores, which no pickler writes.
func number(b []byte, whole bool) (int64, error) {
	if !whole || len(b) == 0 || len(b) > 18 || strings.Trim(string(b), "0123456789") != "" {
		return 0, fmt.Errorf("%q is no number", b)
	}
	return strconv.ParseInt(string(b), 10, 64)
}
