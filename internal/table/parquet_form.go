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

// form is how a Parquet column's values become a Column's.
type form struct {
	kind Kind
	// numbers converts all values, into dst where it has to.
	numbers func(dst []float64, v encoding.Values) ([]float64, error)
	// length counts values.
	length func(v encoding.Values) int
	// text is value i, written to scratch where it has to be.
	text func(scratch *[]byte, v encoding.Values, i int) (text []byte, problem string)
}

// formOf finds the form of a type, or says why there is none. Numbers and
// decimals are Number; dates and times are Text, in ISO 8601, so that their
// order is that of time; asText makes any column Text.
func formOf(t parquet.Type, asText bool) (form, string) {
	var logical any
	if l := t.LogicalType(); l != nil && l.Value != nil {
		logical = l.Value
	}
	var f form
	switch l := logical.(type) {
	case *format.DecimalType:
		f = decimal(t.Kind(), l)
	case *format.DateType:
		f = integers(signed(t.Kind()), Text, func(b []byte, v int64) []byte {
			return time.Unix(v*86400, 0).UTC().AppendFormat(b, time.DateOnly)
		})
	case *format.TimestampType:
		layout := "2006-01-02T15:04:05" + fraction(l.Unit)
		if l.IsAdjustedToUTC {
			layout += "Z"
		}
		f = integers(signed(t.Kind()), Text, func(b []byte, v int64) []byte { return at(l.Unit, v).AppendFormat(b, layout) })
	case *format.TimeType:
		f = integers(signed(t.Kind()), Text, func(b []byte, v int64) []byte {
			return at(l.Unit, v).AppendFormat(b, "15:04:05"+fraction(l.Unit))
		})
	case *format.IntType:
		f = integers(signed(t.Kind()), Number, func(b []byte, v int64) []byte { return strconv.AppendInt(b, v, 10) })
		if !l.IsSigned {
			f = unsigned(t.Kind())
		}
	case *format.UUIDType:
		f = form{kind: Text, length: fixedLength, text: uuidText}
	case *format.BsonType, *format.GeometryType, *format.GeographyType, *format.VariantType:
		return form{}, fmt.Sprintf("holds %s, which cannot be read", t)
	case nil, *format.StringType, *format.EnumType, *format.JsonType, *format.NullType:
		f = plain(t.Kind())
	}
	if f.length == nil {
		return form{}, fmt.Sprintf("holds %s, which cannot be read", t) + "\nhint: write it as numbers or text"
	}
	if asText {
		f.kind = Text
	}
	return f, ""
}

// plain is the form of a type that is no more than its bytes.
func plain(kind parquet.Kind) form {
	switch kind {
	case parquet.Boolean:
		return form{kind: Bool, length: func(v encoding.Values) int { return 8 * len(v.Boolean()) },
			text: func(b *[]byte, v encoding.Values, i int) ([]byte, string) {
				return strconv.AppendBool(*b, v.Boolean()[i/8]>>(i%8)&1 == 1), ""
			}}
	case parquet.Int32, parquet.Int64:
		return integers(signed(kind), Number, func(b []byte, v int64) []byte { return strconv.AppendInt(b, v, 10) })
	case parquet.Int96:
		return int96()
	case parquet.Float:
		return form{kind: Number, length: func(v encoding.Values) int { return len(v.Float()) },
			numbers: func(dst []float64, v encoding.Values) ([]float64, error) {
				for _, x := range v.Float() {
					dst = append(dst, float64(x))
				}
				return dst, nil
			},
			text: func(b *[]byte, v encoding.Values, i int) ([]byte, string) {
				return strconv.AppendFloat(*b, float64(v.Float()[i]), 'g', -1, 32), ""
			}}
	case parquet.Double:
		return form{kind: Number, length: func(v encoding.Values) int { return len(v.Double()) },
			numbers: func(_ []float64, v encoding.Values) ([]float64, error) { return v.Double(), nil },
			text: func(b *[]byte, v encoding.Values, i int) ([]byte, string) {
				return append(*b, formatNumber(v.Double()[i])...), ""
			}}
	case parquet.ByteArray:
		return form{kind: Text, length: bytesLength, text: func(_ *[]byte, v encoding.Values, i int) ([]byte, string) {
			data, offsets := v.ByteArray()
			return data[offsets[i]:offsets[i+1]], ""
		}}
	}
	return form{} // bytes of a fixed length say nothing by themselves
}

// access reads integers of one width as int64.
type access struct {
	length func(v encoding.Values) int
	get    func(v encoding.Values, i int) int64
}

func signed(kind parquet.Kind) *access {
	switch kind {
	case parquet.Int32:
		return &access{func(v encoding.Values) int { return len(v.Int32()) },
			func(v encoding.Values, i int) int64 { return int64(v.Int32()[i]) }}
	case parquet.Int64:
		return &access{func(v encoding.Values) int { return len(v.Int64()) },
			func(v encoding.Values, i int) int64 { return v.Int64()[i] }}
	}
	return nil
}

func integers(a *access, kind Kind, text func(b []byte, v int64) []byte) form {
	if a == nil {
		return form{}
	}
	return form{kind: kind, length: a.length,
		numbers: func(dst []float64, v encoding.Values) ([]float64, error) {
			if v.Kind() == encoding.Int32 {
				for _, x := range v.Int32() {
					dst = append(dst, float64(x))
				}
				return dst, nil
			}
			for _, x := range v.Int64() {
				dst = append(dst, float64(x))
			}
			return dst, nil
		},
		text: func(b *[]byte, v encoding.Values, i int) ([]byte, string) { return text(*b, a.get(v, i)), "" }}
}

func unsigned(kind parquet.Kind) form {
	a := signed(kind)
	if a == nil {
		return form{}
	}
	get := func(v encoding.Values, i int) uint64 { return v.Uint64()[i] }
	if kind == parquet.Int32 {
		get = func(v encoding.Values, i int) uint64 { return uint64(v.Uint32()[i]) }
	}
	return form{kind: Number, length: a.length,
		numbers: func(dst []float64, v encoding.Values) ([]float64, error) {
			for i := range a.length(v) {
				dst = append(dst, float64(get(v, i)))
			}
			return dst, nil
		},
		text: func(b *[]byte, v encoding.Values, i int) ([]byte, string) {
			return strconv.AppendUint(*b, get(v, i), 10), ""
		}}
}

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
