package evaluate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/weighlock/weighlock/internal/project"
	"github.com/weighlock/weighlock/internal/table"
)

// classList are the classes of a multiclass task, in an order that does not
// turn on how the spec or a file lists them.
type classList struct {
	names []string
	code  map[string]int32 // by class, see there
	named bool             // by the spec; else they are those of the data
}

// classesOf are the classes that the spec names, else those that the labels of
// the pinned data have.
func classesOf(spec *project.Spec, test, train *table.Table) (*classList, error) {
	list := &classList{code: map[string]int32{}}
	if named := spec.Named(); len(named) > 0 {
		list.names, list.named = slices.Clone(named), true
	} else {
		found := map[string]string{} // class → its least text
		if err := collectClasses(found, test, spec.Test.Label); err != nil {
			return nil, err
		}
		if train != nil && spec.Train != nil && spec.Train.Label != "" {
			if err := collectClasses(found, train, spec.Train.Label); err != nil {
				return nil, err
			}
		}
		for _, text := range found {
			list.names = append(list.names, text)
		}
	}
	slices.SortFunc(list.names, compareNumbers)
	for i, name := range list.names {
		if first, twice := list.code[class(name)]; twice {
			return nil, fmt.Errorf("classes %q and %q are the same\nhint: name each class once, in data.test.classes or predictions.columns", list.names[first], name)
		}
		list.code[class(name)] = int32(i)
	}
	return list, nil
}

func collectClasses(found map[string]string, t *table.Table, label string) error {
	c, err := t.Column(label)
	if err != nil {
		return err
	}
	for i := range t.Rows {
		if c.IsNull(i) {
			continue
		}
		text := strings.TrimSpace(c.String(i))
		key := class(text)
		if key == class("NaN") {
			return t.At(i, c.Name, "NaN is no label\nhint: leave the cell empty where there is none")
		}
		if least, ok := found[key]; !ok || text < least {
			found[key] = text
		}
		if len(found) > maxClasses {
			return &table.Error{File: t.Name, Column: label, Problem: fmt.Sprintf("more than %d classes", maxClasses) +
				"\nhint: name the column of the truth in data.test.label; numbers are predicted by task regression"}
		}
	}
	return nil
}

// maxClasses bounds the classes that are found in data: beyond it, a label is
// an id or a number.
const maxClasses = 1000

// codes are a column's classes by row; -1 where there is none. what is a label
// or a decision.
func (l *classList) codes(t *table.Table, column, what string) ([]int32, error) {
	c, err := t.Column(column)
	if err != nil {
		return nil, err
	}
	known := map[string]int32{}
	out := make([]int32, t.Rows)
	for i := range out {
		if c.IsNull(i) {
			out[i] = -1
			continue
		}
		text := c.String(i)
		code, seen := known[text]
		if !seen {
			if code, seen = l.code[class(text)]; !seen {
				return nil, t.At(i, column, fmt.Sprintf("the %s %q is no class; they are %s\nhint: name every class in data.test.classes", what, text, strings.Join(l.names, ", ")))
			}
			known[text] = code
		}
		out[i] = code
	}
	return out, nil
}
