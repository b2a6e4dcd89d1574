package table

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/float16"
)

// arrowKind is how the values of a type are held. As in Parquet, numbers and
// decimals are Number, dates and times are Text in ISO 8601.
func arrowKind(t arrow.DataType) (Kind, bool) {
	switch t := t.(type) {
	case *arrow.DictionaryType:
		return arrowKind(t.ValueType)
	case arrow.ExtensionType:
		return arrowKind(t.StorageType())
	}
	switch t.ID() {
	case arrow.BOOL:
		return Bool, true
	case arrow.NULL, arrow.INT8, arrow.INT16, arrow.INT32, arrow.INT64, arrow.UINT8, arrow.UINT16, arrow.UINT32, arrow.UINT64,
		arrow.FLOAT16, arrow.FLOAT32, arrow.FLOAT64, arrow.DECIMAL32, arrow.DECIMAL64, arrow.DECIMAL128, arrow.DECIMAL256:
		return Number, true
	case arrow.STRING, arrow.LARGE_STRING, arrow.STRING_VIEW, arrow.BINARY, arrow.LARGE_BINARY, arrow.BINARY_VIEW,
		arrow.DATE32, arrow.DATE64, arrow.TIMESTAMP, arrow.TIME32, arrow.TIME64:
		return Text, true
	}
	return 0, false
}

// column is an array in the kind that is wanted.
func (f *arrowFile) column(a arrow.Array, rows int, want field, before int64) (partColumn, error) {
	c := arrowReader{file: f.Name, name: want.name, before: before, out: partColumn{mode: guess, kind: want.kind, some: true}}
	if want.kind == Text {
		c.out.mode, c.out.dict.keep = text, true
	}
	err := c.add(a, rows)
	return c.out, err
}

// arrowReader makes one column of an array.
type arrowReader struct {
	file, name string
	before     int64 // rows before the array's
	out        partColumn
}

func (c *arrowReader) add(a arrow.Array, rows int) error {
	const most = 1 << 24 // without values nothing but a number stands behind them
	if a.DataType().ID() == arrow.NULL {
		if rows > most {
			return &Error{File: c.file, Column: c.name, Problem: fmt.Sprintf("says it has %d rows without a value; up to %d can be read", rows, most) + rewrite}
		}
		some := *blank(c.out.mode, rows)
		some.kind = c.out.kind
		if c.out = some; c.out.kind == Bool {
			c.out.bools = make([]bool, rows)
		}
		return nil
	}
	if a.Len() != rows || !holds(a, rows) {
		return &Error{File: c.file, Line: c.before + 1, Column: c.name, Problem: fmt.Sprintf("does not have the %d values that it says", rows) + rewrite}
	}
	if d, ok := a.(*array.Dictionary); ok {
		return c.dictionary(d, rows)
	}
	if e, ok := a.(array.ExtensionArray); ok {
		return c.add(e.Storage(), rows)
	}
	if a.NullN() > 0 {
		c.out.null = make([]bool, rows)
		for i := range rows {
			c.out.null[i] = a.IsNull(i)
		}
	}
	switch c.out.kind {
	case Number:
		return c.numbers(a, rows)
	case Bool:
		truth := a.(*array.Boolean)
		c.out.bools = make([]bool, rows)
		for i := range rows {
			c.out.bools[i] = !c.isNull(i) && truth.Value(i)
		}
		return nil
	}
	return c.texts(a, rows)
}

// holds says whether an array has the bytes for n values, which the library
// leaves to whoever looks at a value.
func holds(a arrow.Array, n int) bool {
	bits, more := 0, 0
	switch t := a.DataType().(type) {
	case arrow.ExtensionType:
		return true // its storage is looked at
	case *arrow.DictionaryType:
		bits = t.IndexType.(arrow.FixedWidthDataType).BitWidth()
	case *arrow.StringType, *arrow.BinaryType:
		bits, more = 32, 1
	case *arrow.LargeStringType, *arrow.LargeBinaryType:
		bits, more = 64, 1
	case *arrow.StringViewType, *arrow.BinaryViewType:
		bits = 128
	case arrow.FixedWidthDataType:
		bits = t.BitWidth()
	}
	buffers := a.Data().Buffers()
	return n == 0 || len(buffers) > 1 && buffers[1] != nil && int64(n+more)*int64(bits) <= 8*int64(buffers[1].Len())
}

func (c *arrowReader) isNull(i int) bool { return c.out.null != nil && c.out.null[i] }

// dictionary reads the dictionary as a column of its own, and picks from it.
func (c *arrowReader) dictionary(a *array.Dictionary, rows int) error {
	values := arrowReader{file: c.file, name: c.name, before: c.before, out: c.out}
	if err := values.add(a.Dictionary(), a.Dictionary().Len()); err != nil {
		if e, ok := errors.AsType[*Error](err); ok {
			e.Line = 0 // a place in the dictionary is no row
		}
		return err
	}
	at := make([]int, rows)
	var null []bool
	for i := range rows {
		missing := a.IsNull(i)
		if !missing {
			at[i] = a.GetValueIndex(i)
			missing = values.isNull(at[i])
		}
		if missing {
			if null == nil {
				null = make([]bool, rows)
			}
			at[i], null[i] = -1, true
		}
	}
	c.out.null = null
	switch c.out.kind {
	case Number:
		c.out.numbers = make([]float64, rows)
		for i, k := range at {
			if c.out.numbers[i] = math.NaN(); k >= 0 {
				c.out.numbers[i] = values.out.numbers[k]
			}
		}
	case Bool:
		c.out.bools = make([]bool, rows)
		for i, k := range at {
			c.out.bools[i] = k >= 0 && values.out.bools[k]
		}
	case Text:
		c.pick(&values.out, at)
	}
	return nil
}

// pick takes texts from a dictionary's, and leaves those that no row has.
func (c *arrowReader) pick(values *partColumn, at []int) {
	codes := make([]int32, len(values.dict.values))
	for i := range codes {
		codes[i] = -1
	}
	c.out.codes = make([]int32, len(at))
	for i, k := range at {
		if k < 0 {
			c.out.codes[i] = c.out.dict.code(nil)
			continue
		}
		known := values.codes[k]
		if codes[known] < 0 {
			codes[known] = c.out.dict.code([]byte(values.dict.values[known]))
		}
		c.out.codes[i] = codes[known]
	}
}

func (c *arrowReader) numbers(a arrow.Array, rows int) error {
	out := make([]float64, rows)
	switch a := a.(type) {
	case *array.Float64:
		copy(out, a.Float64Values()[:rows])
	case *array.Float32:
		convert(out, a.Float32Values())
	case *array.Float16:
		for i := range out {
			out[i] = float64(a.Value(i).Float32())
		}
	case *array.Int64:
		convert(out, a.Int64Values())
	case *array.Int32:
		convert(out, a.Int32Values())
	case *array.Int16:
		convert(out, a.Int16Values())
	case *array.Int8:
		convert(out, a.Int8Values())
	case *array.Uint64:
		convert(out, a.Uint64Values())
	case *array.Uint32:
		convert(out, a.Uint32Values())
	case *array.Uint16:
		convert(out, a.Uint16Values())
	case *array.Uint8:
		convert(out, a.Uint8Values())
	default:
		text := arrowText(a) // of decimals
		for i := range out {
			if !c.isNull(i) {
				out[i], _ = parseNumber(text(nil, i))
			}
		}
	}
	for i := range c.out.null {
		if c.out.null[i] {
			out[i] = math.NaN()
		}
	}
	c.out.numbers = out
	return nil
}

func convert[T int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64 | float32](out []float64, values []T) {
	values = values[:len(out)]
	for i := range out {
		out[i] = float64(values[i])
	}
}

func (c *arrowReader) texts(a arrow.Array, rows int) error {
	value := arrowText(a)
	c.out.codes = make([]int32, rows)
	var scratch []byte
	for i := range rows {
		if c.isNull(i) {
			c.out.codes[i] = c.out.dict.code(nil)
			continue
		}
		scratch = value(scratch[:0], i)
		if len(scratch) > maxCell {
			return c.at(i, fmt.Sprintf("a value is longer than %d bytes", maxCell))
		}
		known := len(c.out.dict.values)
		c.out.codes[i] = c.out.dict.code(scratch)
		if len(c.out.dict.values) > known && !utf8.Valid(scratch) {
			return c.at(i, "bytes that are not UTF-8 text")
		}
		if len(scratch) == 0 { // an empty string has no value
			if c.out.null == nil {
				c.out.null = make([]bool, rows)
			}
			c.out.null[i] = true
		}
	}
	return nil
}

func (c *arrowReader) at(i int, problem string) error {
	return &Error{File: c.file, Line: c.before + int64(i) + 1, Column: c.name, Problem: problem}
}

// arrowText is how the values of an array are written, appended to b; nil for
// a type that is not read.
func arrowText(a arrow.Array) func(b []byte, i int) []byte {
	switch a := a.(type) {
	case *array.String:
		return func(b []byte, i int) []byte { return append(b, a.Value(i)...) }
	case *array.LargeString:
		return func(b []byte, i int) []byte { return append(b, a.Value(i)...) }
	case *array.StringView:
		return func(b []byte, i int) []byte { return append(b, a.Value(i)...) }
	case *array.Binary:
		return func(b []byte, i int) []byte { return append(b, a.Value(i)...) }
	case *array.LargeBinary:
		return func(b []byte, i int) []byte { return append(b, a.Value(i)...) }
	case *array.BinaryView:
		return func(b []byte, i int) []byte { return append(b, a.Value(i)...) }
	case *array.Boolean:
		return func(b []byte, i int) []byte { return strconv.AppendBool(b, a.Value(i)) }
	case *array.Int8:
		return func(b []byte, i int) []byte { return strconv.AppendInt(b, int64(a.Value(i)), 10) }
	case *array.Int16:
		return func(b []byte, i int) []byte { return strconv.AppendInt(b, int64(a.Value(i)), 10) }
	case *array.Int32:
		return func(b []byte, i int) []byte { return strconv.AppendInt(b, int64(a.Value(i)), 10) }
	case *array.Int64:
		return func(b []byte, i int) []byte { return strconv.AppendInt(b, a.Value(i), 10) }
	case *array.Uint8:
		return func(b []byte, i int) []byte { return strconv.AppendUint(b, uint64(a.Value(i)), 10) }
	case *array.Uint16:
		return func(b []byte, i int) []byte { return strconv.AppendUint(b, uint64(a.Value(i)), 10) }
	case *array.Uint32:
		return func(b []byte, i int) []byte { return strconv.AppendUint(b, uint64(a.Value(i)), 10) }
	case *array.Uint64:
		return func(b []byte, i int) []byte { return strconv.AppendUint(b, a.Value(i), 10) }
	case *array.Float16:
		return func(b []byte, i int) []byte { return strconv.AppendFloat(b, half(a.Value(i)), 'g', -1, 32) }
	case *array.Float32:
		return func(b []byte, i int) []byte { return strconv.AppendFloat(b, float64(a.Value(i)), 'g', -1, 32) }
	case *array.Float64:
		return func(b []byte, i int) []byte { return append(b, formatNumber(a.Value(i))...) }
	case *array.Decimal32, *array.Decimal64, *array.Decimal128, *array.Decimal256:
		return func(b []byte, i int) []byte { return append(b, a.ValueStr(i)...) }
	}
	return arrowTime(a)
}

func half(v float16.Num) float64 { return float64(v.Float32()) }

// arrowTime writes dates and times so that their order is that of time.
func arrowTime(a arrow.Array) func(b []byte, i int) []byte {
	switch a := a.(type) {
	case *array.Date32:
		return func(b []byte, i int) []byte {
			return time.Unix(int64(a.Value(i))*86400, 0).UTC().AppendFormat(b, time.DateOnly)
		}
	case *array.Date64:
		return func(b []byte, i int) []byte {
			return time.UnixMilli(int64(a.Value(i))).UTC().AppendFormat(b, time.DateOnly)
		}
	case *array.Timestamp:
		t := a.DataType().(*arrow.TimestampType)
		layout := "2006-01-02T15:04:05" + arrowFraction(t.Unit)
		if t.TimeZone != "" {
			layout += "Z"
		}
		return func(b []byte, i int) []byte { return arrowAt(t.Unit, int64(a.Value(i))).AppendFormat(b, layout) }
	case *array.Time32:
		t := a.DataType().(*arrow.Time32Type)
		return func(b []byte, i int) []byte {
			return arrowAt(t.Unit, int64(a.Value(i))).AppendFormat(b, "15:04:05"+arrowFraction(t.Unit))
		}
	case *array.Time64:
		t := a.DataType().(*arrow.Time64Type)
		return func(b []byte, i int) []byte {
			return arrowAt(t.Unit, int64(a.Value(i))).AppendFormat(b, "15:04:05"+arrowFraction(t.Unit))
		}
	}
	return nil
}

func arrowFraction(u arrow.TimeUnit) string {
	return map[arrow.TimeUnit]string{arrow.Second: "", arrow.Millisecond: ".000", arrow.Microsecond: ".000000", arrow.Nanosecond: ".000000000"}[u]
}

func arrowAt(u arrow.TimeUnit, v int64) time.Time {
	switch u {
	case arrow.Second:
		return time.Unix(v, 0).UTC()
	case arrow.Millisecond:
		return time.UnixMilli(v).UTC()
	case arrow.Microsecond:
		return time.UnixMicro(v).UTC()
	}
	return time.Unix(0, v).UTC()
}
