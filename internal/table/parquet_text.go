package table

import (
	"cmp"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding"
	"github.com/parquet-go/parquet-go/format"
)

// int96 is the timestamp that old writers keep in twelve bytes: nanoseconds of
// the day, then the Julian day.
func int96() form {
	const epoch = 2440588 // the Julian day of 1970-01-01
	return form{kind: Text, length: func(v encoding.Values) int { return len(v.Int96()) },
		text: func(b *[]byte, v encoding.Values, i int) ([]byte, string) {
			x := v.Int96()[i]
			nanos := int64(x[0]) | int64(x[1])<<32
			return time.Unix((int64(x[2])-epoch)*86400, nanos).UTC().AppendFormat(*b, "2006-01-02T15:04:05.000000000Z"), ""
		}}
}

func fraction(unit format.TimeUnit) string {
	switch unit.Value.(type) {
	case *format.MilliSeconds:
		return ".000"
	case *format.MicroSeconds:
		return ".000000"
	}
	return ".000000000"
}

func at(unit format.TimeUnit, v int64) time.Time {
	switch unit.Value.(type) {
	case *format.MilliSeconds:
		return time.UnixMilli(v).UTC()
	case *format.MicroSeconds:
		return time.UnixMicro(v).UTC()
	}
	return time.Unix(0, v).UTC()
}

// decimal is exact as text, and the nearest float64 as a number.
func decimal(kind parquet.Kind, d *format.DecimalType) form {
	const most = 100 // digits behind the point; Parquet's writers stop at 76
	if d.Scale < 0 || d.Scale > most {
		return form{}
	}
	scale := int(d.Scale)
	var f form
	switch kind {
	case parquet.Int32, parquet.Int64:
		a := signed(kind)
		f.length = a.length
		f.text = func(b *[]byte, v encoding.Values, i int) ([]byte, string) {
			return append(*b, point(strconv.FormatInt(a.get(v, i), 10), scale)...), ""
		}
	case parquet.ByteArray:
		f.length = bytesLength
		f.text = func(b *[]byte, v encoding.Values, i int) ([]byte, string) {
			data, offsets := v.ByteArray()
			return bigText(*b, data[offsets[i]:offsets[i+1]], scale)
		}
	case parquet.FixedLenByteArray:
		f.length = fixedLength
		f.text = func(b *[]byte, v encoding.Values, i int) ([]byte, string) {
			data, size := v.FixedLenByteArray()
			return bigText(*b, data[i*size:(i+1)*size], scale)
		}
	default:
		return form{}
	}
	f.numbers = func(dst []float64, v encoding.Values) ([]float64, error) {
		var scratch []byte
		for i := range f.length(v) {
			text, problem := f.text(&scratch, v, i)
			x, ok := parseNumber(text)
			if !ok {
				return nil, &Error{Problem: cmp.Or(problem, fmt.Sprintf("%s is not a number", shown(string(text))))}
			}
			dst = append(dst, x)
		}
		return dst, nil
	}
	return f
}

// bigText writes a two's complement big-endian integer with a decimal point.
func bigText(b, raw []byte, scale int) ([]byte, string) {
	const most = 64
	if len(raw) == 0 || len(raw) > most {
		return nil, fmt.Sprintf("a decimal of %d bytes", len(raw))
	}
	x := new(big.Int).SetBytes(raw)
	if raw[0]&0x80 != 0 {
		x.Sub(x, new(big.Int).Lsh(big.NewInt(1), uint(8*len(raw))))
	}
	return append(b, point(x.String(), scale)...), ""
}

// point puts a decimal point before the last scale digits.
func point(digits string, scale int) string {
	if scale == 0 {
		return digits
	}
	digits, negative := strings.CutPrefix(digits, "-")
	if n := scale + 1 - len(digits); n > 0 {
		digits = strings.Repeat("0", n) + digits
	}
	digits = digits[:len(digits)-scale] + "." + digits[len(digits)-scale:]
	if negative {
		digits = "-" + digits
	}
	return digits
}

func bytesLength(v encoding.Values) int {
	_, offsets := v.ByteArray()
	return max(len(offsets)-1, 0)
}

func fixedLength(v encoding.Values) int {
	data, size := v.FixedLenByteArray()
	if size <= 0 {
		return 0
	}
	return len(data) / size
}

func uuidText(b *[]byte, v encoding.Values, i int) ([]byte, string) {
	data, size := v.FixedLenByteArray()
	if size != 16 {
		return nil, "a UUID that is not 16 bytes"
	}
	u := data[i*16 : (i+1)*16]
	return fmt.Appendf(*b, "%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:]), ""
}
