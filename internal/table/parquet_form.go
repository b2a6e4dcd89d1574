package table

import (
	"fmt"
	"strconv"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding"
	"github.com/parquet-go/parquet-go/format"
)

// form is how a Parquet column's values become a Column's.
type form struct {
	kind  Kind
	whole bool // numbers that have no fraction
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
	return form{kind: kind, whole: kind == Number, length: a.length,
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
	return form{kind: Number, whole: true, length: a.length,
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
