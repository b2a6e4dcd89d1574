package stats

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// parseArguments splits and checks the text between the parentheses of a
// metric. A metric of one name takes the whole text, so that the name of a
// class may hold a comma.
func parseArguments(params, text string) ([]string, bool) {
	if params == "" {
		return nil, true
	}
	kinds := strings.Split(params, ",")
	parts := []string{text}
	if len(kinds) > 1 {
		parts = strings.Split(text, ",")
	}
	if len(parts) != len(kinds) {
		return nil, false
	}
	var args []string
	for i, part := range parts {
		arg, ok := parseArgument(kinds, i, strings.TrimSpace(part))
		if different := kinds[i] == "high" || kinds[0] == "reward"; !ok || different && slices.Contains(args, arg) {
			return nil, false
		}
		args = append(args, arg)
	}
	return args, differentKeys(args, kinds)
}

func parseArgument(kinds []string, i int, text string) (string, bool) {
	v, isNumber := plainNumber(text)
	switch kinds[i] {
	case "b":
		return text, isNumber && v > 0
	case "k":
		return text, isNumber && v > 0 && (v < 1 || v == math.Trunc(v))
	case "n":
		return text, isNumber && v >= 1 && v == math.Trunc(v)
	case "q":
		return text, isNumber && v > 0 && v < 1
	}
	if strings.Contains(kinds[i], "=") {
		key, value, _ := strings.Cut(text, "=")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		_, isNumber = plainNumber(value)
		known := slices.ContainsFunc(kinds, func(k string) bool { return strings.HasPrefix(k, key+"=") })
		return key + "=" + value, known && isNumber
	}
	return text, text != ""
}

// plainNumber is a finite decimal number.
func plainNumber(text string) (float64, bool) {
	if text == "" || strings.Trim(text, "0123456789.eE+-") != "" {
		return 0, false
	}
	v, err := strconv.ParseFloat(text, 64)
	return v, err == nil
}

// differentKeys says whether arguments with keys have each key once.
func differentKeys(args, kinds []string) bool {
	if !strings.Contains(kinds[0], "=") {
		return true
	}
	seen := map[string]bool{}
	for _, a := range args {
		key, _, _ := strings.Cut(a, "=")
		seen[key] = true
	}
	return len(seen) == len(args)
}

// number is the argument at i of a metric that Lookup gave.
func (m Metric) number(i int) float64 {
	if i >= len(m.Args) {
		return math.NaN()
	}
	v, ok := plainNumber(m.Args[i])
	if !ok {
		return math.NaN()
	}
	return v
}

// keyed is the number of an argument such as fp=5.
func (m Metric) keyed(key string) float64 {
	for _, a := range m.Args {
		if text, ok := strings.CutPrefix(a, key+"="); ok {
			if v, ok := plainNumber(text); ok {
				return v
			}
		}
	}
	return math.NaN()
}
