package modelfile

// argument is how an opcode's argument is written behind it.
type argument uint8

const (
	none      argument = iota
	uint1              // one byte
	uint2              // two bytes, little-endian, as all that follow
	int4               // four bytes, signed
	uint4              // four bytes
	uint8b             // eight bytes
	float8             // eight bytes, big-endian
	line               // text up to a newline
	twoLines           // two such texts
	counted1           // a length of one byte, then so many bytes
	counted4           // a length of four bytes
	counted4s          // a length of four bytes, signed
	counted8           // a length of eight bytes
)

// opcode is one row of pickletools' table.
type opcode struct {
	name     string
	argument argument
}

// opcodes is complete for the protocols 0 to 5; any other byte is no pickle.
var opcodes = [256]opcode{
	'(': {"MARK", none}, '.': {"STOP", none}, '0': {"POP", none}, '1': {"POP_MARK", none}, '2': {"DUP", none},
	'F': {"FLOAT", line}, 'I': {"INT", line}, 'J': {"BININT", int4}, 'K': {"BININT1", uint1}, 'L': {"LONG", line},
	'M': {"BININT2", uint2}, 'N': {"NONE", none}, 'P': {"PERSID", line}, 'Q': {"BINPERSID", none},
	'R': {"REDUCE", none}, 'S': {"STRING", line}, 'T': {"BINSTRING", counted4s}, 'U': {"SHORT_BINSTRING", counted1},
	'V': {"UNICODE", line}, 'X': {"BINUNICODE", counted4}, 'a': {"APPEND", none}, 'b': {"BUILD", none},
	'c': {"GLOBAL", twoLines}, 'd': {"DICT", none}, '}': {"EMPTY_DICT", none}, 'e': {"APPENDS", none},
	'g': {"GET", line}, 'h': {"BINGET", uint1}, 'i': {"INST", twoLines}, 'j': {"LONG_BINGET", uint4},
	'l': {"LIST", none}, ']': {"EMPTY_LIST", none}, 'o': {"OBJ", none}, 'p': {"PUT", line}, 'q': {"BINPUT", uint1},
	'r': {"LONG_BINPUT", uint4}, 's': {"SETITEM", none}, 't': {"TUPLE", none}, ')': {"EMPTY_TUPLE", none},
	'u': {"SETITEMS", none}, 'G': {"BINFLOAT", float8},
	// protocol 2
	0x80: {"PROTO", uint1}, 0x81: {"NEWOBJ", none}, 0x82: {"EXT1", uint1}, 0x83: {"EXT2", uint2}, 0x84: {"EXT4", int4},
	0x85: {"TUPLE1", none}, 0x86: {"TUPLE2", none}, 0x87: {"TUPLE3", none}, 0x88: {"NEWTRUE", none},
	0x89: {"NEWFALSE", none}, 0x8a: {"LONG1", counted1}, 0x8b: {"LONG4", counted4s},
	// protocol 3
	'B': {"BINBYTES", counted4}, 'C': {"SHORT_BINBYTES", counted1},
	// protocol 4
	0x8c: {"SHORT_BINUNICODE", counted1}, 0x8d: {"BINUNICODE8", counted8}, 0x8e: {"BINBYTES8", counted8},
	0x8f: {"EMPTY_SET", none}, 0x90: {"ADDITEMS", none}, 0x91: {"FROZENSET", none}, 0x92: {"NEWOBJ_EX", none},
	0x93: {"STACK_GLOBAL", none}, 0x94: {"MEMOIZE", none}, 0x95: {"FRAME", uint8b},
	// protocol 5
	0x96: {"BYTEARRAY8", counted8}, 0x97: {"NEXT_BUFFER", none}, 0x98: {"READONLY_BUFFER", none},
}
