package canonical

import (
	"bytes"
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
)

// The examples are those of RFC 8785, section 3.2.2 to 3.2.4 and appendix B.
func TestTransform(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"whitespace and literals": {"{\n  \"numbers\": [333333333.33333329, 1E30, 4.50,\n 2e-3, 0.000000000000000000000000001],\n  \"literals\": [null, true, false]\n}",
			`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27]}`},
		"strings":                     {`{"string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/"}`, `{"string":"€$\u000f\nA'B\"\\\\\"/"}`},
		"keys by UTF-16 units":        {`{"\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One", "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control", "\u00f6": "Latin Small Letter O With Diaeresis"}`, "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u0080\":\"Control\",\"ö\":\"Latin Small Letter O With Diaeresis\",\"€\":\"Euro Sign\",\"😀\":\"Emoji: Grinning Face\",\"\ufb33\":\"Hebrew Letter Dalet With Dagesh\"}"},
		"minus zero":                  {`[-0, -0.0, 0]`, `[0,0,0]`},
		"smallest and largest":        {`[5e-324, 1.7976931348623157e308]`, `[5e-324,1.7976931348623157e+308]`},
		"exponent becomes digits":     {`[1e20, 1e21]`, `[100000000000000000000,1e+21]`},
		"greatest exact whole number": {`[9007199254740992, -9007199254740992]`, `[9007199254740992,-9007199254740992]`},
		"no escape of HTML":           {`"<&>\u2028"`, "\"<&>\u2028\""},
		"empty":                       {` { } `, `{}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := Transform([]byte(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if again, err := Transform(got); err != nil || !bytes.Equal(again, got) {
				t.Errorf("a second time: got %s, %v", again, err)
			}
		})
	}
}

func TestCheckRefuses(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"nothing":                      {"", "unexpected end of JSON"},
		"white space":                  {" \n", "unexpected end of JSON"},
		"two values":                   {"1 2", "text after the JSON value"},
		"text behind":                  {"{}x", "text after the JSON value"},
		"object cut short":             {`{"a": 1`, "unexpected end of JSON"},
		"list cut short":               {`[1,`, "unexpected end of JSON"},
		"missing value":                {`{"a": }`, "invalid character"},
		"comma too many":               {`[1,]`, "invalid character"},
		"duplicate key":                {`{"a": 1, "b": {"c": 1, "c": 2}}`, `duplicate key "c" (at b.c, offset`},
		"duplicate key, escaped":       {`{"a": 1, "\u0061": 2}`, `duplicate key "a"`},
		"number out of range":          {`{"a": [0, 1e400]}`, "a[1]: number 1e400 is out of range"},
		"whole number beyond 2^53":     {`{"a": 9007199254740993}`, "a: integer 9007199254740993 is beyond 2^53; write it as a string"},
		"whole number far beyond 2^53": {`[-1234567890123456789]`, "[0]: integer -1234567890123456789 is beyond 2^53"},
		"not a number":                 {`NaN`, "invalid character"},
		"broken UTF-8":                 {"\"\xff\"", "broken UTF-8"},
		"half a surrogate pair":        {`"\ud83d"`, "offset 1: half of a surrogate pair"},
		"other half":                   {`"a\ude00"`, "offset 2: half of a surrogate pair"},
		"two first halves":             {`"\ud83d\ud83d"`, "offset 1: half of a surrogate pair"},
		"nested too deep":              {strings.Repeat("[", 300), "nested deeper than 200"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if err := Check([]byte(tt.text)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v; want %s", err, tt.want)
			}
			if got, err := Transform([]byte(tt.text)); err == nil {
				t.Errorf("Transform: got %s; want a refusal", got)
			}
		})
	}
	for _, text := range []string{`"\\ud83d"`, `"\ud83d\ude00"`, `"\n\\"`, `""`} {
		if err := Check([]byte(text)); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

type pair struct {
	B string  `json:"b"`
	A float64 `json:"a"`
}

func TestMarshal(t *testing.T) {
	got, err := Marshal(pair{"<x>", 1e-7})
	if err != nil || string(got) != `{"a":1e-7,"b":"<x>"}` {
		t.Errorf("got %s, %v", got, err)
	}
	for name, v := range map[string]any{"NaN": math.NaN(), "infinity": math.Inf(-1), "inexact integer": int64(1)<<53 + 1, "function": func() {}} {
		if got, err := Marshal(v); err == nil {
			t.Errorf("%s: got %s; want a refusal", name, got)
		}
	}
	digest, err := Digest(map[string]any{})
	if want := "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"; err != nil || digest != want {
		t.Errorf("digest of {}: got %s, %v; want %s", digest, err, want)
	}
}

func TestUnmarshal(t *testing.T) {
	var p pair
	if err := Unmarshal([]byte(`{"a": 1, "b": "x"}`), &p); err != nil || p != (pair{"x", 1}) {
		t.Errorf("got %v, %v", p, err)
	}
	for name, text := range map[string]string{"unknown field": `{"c": 1}`, "wrong type": `{"a": "1"}`, "text behind": `{"a": 1} {}`, "duplicate": `{"a": 1, "a": 2}`} {
		if err := Unmarshal([]byte(text), &p); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

// FuzzTransform holds for any text: what is accepted has one form, which is
// accepted again, unchanged, and means the same.
func FuzzTransform(f *testing.F) {
	for _, seed := range []string{`{"b": [1e20, -0], "a": "\ud83d\ude00"}`, `[9007199254740993]`, `{"a":1,"a":2}`, `"\ud800"`, "1 2", "\xff"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := Transform(text)
		if (Check(text) == nil) != (err == nil) {
			t.Fatalf("Check says %v, Transform %v", Check(text), err)
		}
		if err != nil {
			return
		}
		again, err := Transform(got)
		if err != nil || !bytes.Equal(again, got) {
			t.Fatalf("%q becomes %q, then %q, %v", text, got, again, err)
		}
		var a, b any
		if err := json.Unmarshal(text, &a); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(got, &b); err != nil || !reflect.DeepEqual(a, b) {
			t.Fatalf("%q means %v, %q means %v (%v)", text, a, got, b, err)
		}
	})
}
