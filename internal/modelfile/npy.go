package modelfile

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// npyForm is the header just as numpy writes it, for arrays without fields.
var npyForm = regexp.MustCompile(`^\{'descr': '([<>|=]?[a-zA-Z][0-9]*)', 'fortran_order': (?:True|False), 'shape': \(([0-9, ]*)\), \} *\n?$`)

// npyText reads an array's header: how many bytes follow, or that a pickle does.
func npyText(text string) (size int64, objects bool, err error) {
	m := npyForm.FindStringSubmatch(text)
	if m == nil {
		return 0, false, errors.New("its numpy header is not one of a plain array")
	}
	shape := &value{kind: tuple}
	for _, s := range strings.Split(m[2], ",") {
		if s = strings.TrimSpace(s); s == "" {
			continue
		}
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return 0, false, fmt.Errorf("its numpy header has the shape (%s)", m[2])
		}
		shape.items = append(shape.items, &value{kind: integer, n: n})
	}
	if m[1] == "|O" { // objects have no width of their own
		m[1] = "O8"
	}
	count, ok := elements(shape)
	width, objects, known := (&value{kind: dtype, text: m[1]}).layout(0)
	if !ok || !known || width > 0 && count > math.MaxInt64/width {
		return 0, false, fmt.Errorf("its numpy header says %s elements of %s", m[2], m[1])
	}
	return count * width, objects, nil
}
