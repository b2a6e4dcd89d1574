package modelfile

// kind is what is known of a value on the unpickler's stack: only as much as
// deciding needs.
type kind uint8

const (
	opaque kind = iota
	str
	integer
	boolean
	null
	tuple
	dict
	global   // a class or function, by its name
	instance // of the class named
	dtype    // of numpy
)

type value struct {
	kind  kind
	text  string   // of str; the name of global and of instance's class; dtype's code, "f8"
	n     int64    // of integer
	items []*value // of tuple; of dict, keys and values in turn; dtype's state
}

// What needs no telling apart is shared, so that a long list costs a word an
// element.
var (
	someValue  = &value{}
	someString = &value{kind: str} // too long, or escaped: no name
	noValue    = &value{kind: null}
	yes        = &value{kind: boolean, n: 1}
	no         = &value{kind: boolean}
)

const (
	maxName  = 256 // bytes of a text that are kept: longer ones are no names
	maxTuple = 16  // elements of a tuple that are kept
	maxPairs = 32  // pairs of a dict that are kept
)

// lookup finds a key of a dict; the last one counts.
func (v *value) lookup(key string) *value {
	for i := len(v.items) - 2; i >= 0; i -= 2 {
		if k := v.items[i]; k.kind == str && k.text == key {
			return v.items[i+1]
		}
	}
	return nil
}

// named says whether v is the class or function of that name.
func (v *value) named(name string) bool { return v.kind == global && v.text == name }
