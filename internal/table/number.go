package table

import (
	"bytes"
	"math"
	"math/bits"
	"strconv"
	"unsafe"
)

// powers are the powers of ten that a float64 holds exactly.
var powers = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}

// scanNumber reads a plain decimal number that begins at b[i] and ends at a
// delimiter or at b's end. It is the fast road: ok is false for anything that
// needs a closer look (quotes, spaces, NaN, more than 19 digits), number or
// not.
func scanNumber(b []byte, i int) (v float64, end int, ok bool) {
	start, negative := i, false
	if i < len(b) && (b[i] == '-' || b[i] == '+') {
		negative = b[i] == '-'
		i++
	}
	var mantissa uint64
	first := i
	for i < len(b) && b[i]-'0' <= 9 {
		mantissa = mantissa*10 + uint64(b[i]-'0')
		i++
	}
	digits, exponent := i-first, 0
	if i < len(b) && b[i] == '.' {
		i++
		first = i
		for i < len(b) && b[i]-'0' <= 9 {
			mantissa = mantissa*10 + uint64(b[i]-'0')
			i++
		}
		digits, exponent = digits+i-first, first-i
	}
	if digits == 0 || digits > 19 {
		return 0, 0, false
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		e, after, ok := scanExponent(b, i+1)
		if !ok {
			return 0, 0, false
		}
		exponent, i = exponent+e, after
	}
	if !atDelimiter(b, i) {
		return 0, 0, false
	}
	// A mantissa below 2^53 and a power up to 10^22 are both exact, so one
	// multiplication or division is rounded correctly (Clinger 1990).
	switch {
	case mantissa > 1<<53 && exponent < 0 && exponent >= -19:
		v = quotient(mantissa, wholePowers[-exponent])
	case mantissa > 1<<53 || exponent < -22 || exponent > 22:
		v, _ = strconv.ParseFloat(view(b[start:i]), 64) // out of range is ±Inf
		return v, i, true
	case exponent < 0:
		v = float64(mantissa) / powers[-exponent]
	default:
		v = float64(mantissa) * powers[exponent]
	}
	if negative {
		v = -v
	}
	return v, i, true
}

// wholePowers are the powers of ten that a uint64 holds.
var wholePowers = [...]uint64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19}

// quotient is the float64 nearest to m/d, of two that are even where it is
// between two; neither m nor d is 0. It divides with 128 bits and rounds once,
// which is what a number with many digits needs.
func quotient(m, d uint64) float64 {
	up, down := bits.LeadingZeros64(d), bits.LeadingZeros64(m)
	m, d = m<<down, d<<up
	q, rest := bits.Div64(m>>1, m<<63, d) // m·2^63/d, which has 63 or 64 bits
	extra := 64 - bits.LeadingZeros64(q) - 53
	part, half := q&(1<<extra-1), uint64(1)<<(extra-1)
	q >>= extra
	if part > half || part == half && (rest != 0 || q&1 == 1) {
		q++
	}
	exponent := extra - 63 + up - down
	return float64(q) * math.Float64frombits(uint64(exponent+1023)<<52)
}

func scanExponent(b []byte, i int) (e, end int, ok bool) {
	negative := false
	if i < len(b) && (b[i] == '-' || b[i] == '+') {
		negative = b[i] == '-'
		i++
	}
	first := i
	for i < len(b) && b[i]-'0' <= 9 && i-first < 4 {
		e = e*10 + int(b[i]-'0')
		i++
	}
	if negative {
		e = -e
	}
	return e, i, i > first
}

// atDelimiter says whether an unquoted cell ends at b[i].
func atDelimiter(b []byte, i int) bool {
	if i == len(b) {
		return true
	}
	switch b[i] {
	case ',', '\n':
		return true
	case '\r':
		return i+1 == len(b) || b[i+1] == '\n'
	}
	return false
}

// parseNumber reads a whole cell as a number: decimal digits with point and
// exponent, nan, inf or infinity in any case, with blanks around it. Go's
// hexadecimal and underscored numbers are text to everybody else, so here too.
// What is beyond a float64 is ±Inf.
func parseNumber(cell []byte) (float64, bool) {
	cell = bytes.Trim(cell, " \t")
	if len(cell) == 0 {
		return 0, false
	}
	for _, c := range cell {
		if c == '_' || c|0x20 == 'x' || c|0x20 == 'p' {
			return 0, false
		}
	}
	v, err := strconv.ParseFloat(view(cell), 64)
	if err != nil && !math.IsInf(v, 0) {
		return 0, false
	}
	return v, true
}

// parseBool reads a whole cell as true or false.
func parseBool(cell []byte) (value, ok bool) {
	switch string(cell) {
	case "true", "True", "TRUE":
		return true, true
	case "false", "False", "FALSE":
		return false, true
	}
	return false, false
}

// view is b as a string without a copy, for as long as b is not written to.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
