package evaluate

import (
	"fmt"
	"strconv"
	"strings"
)

// SplitList reads a list of metrics or of columns to slice by, separated by
// commas. A comma inside parentheses belongs to its item, as in cost(fp=1,fn=5).
// After a colon, numbers belong to the item before them: sex,age:25,40,region
// is three.
func SplitList(text string) ([]string, error) {
	pieces, err := splitOutside(text)
	if err != nil {
		return nil, err
	}
	var items []string
	for _, piece := range pieces {
		piece = strings.TrimSpace(piece)
		if piece == "" {
			return nil, fmt.Errorf("an item of the list %q is empty\nhint: separate items by one comma each", text)
		}
		if n := len(items); n > 0 && binned(items[n-1]) && numeral(piece) {
			items[n-1] += "," + piece
			continue
		}
		items = append(items, piece)
	}
	return items, nil
}

// splitOutside cuts at the commas that are in no parentheses.
func splitOutside(text string) (pieces []string, err error) {
	depth, from := 0, 0
	for i, r := range text {
		switch {
		case r == '(':
			depth++
		case r == ')':
			depth--
		case r == ',' && depth == 0:
			pieces, from = append(pieces, text[from:i]), i+1
		}
		if depth < 0 {
			break
		}
	}
	if depth != 0 {
		return nil, fmt.Errorf("the parentheses in %q do not match\nhint: quote the list for the shell, as in 'f_beta(2),recall'", text)
	}
	return append(pieces, text[from:]), nil
}

// binned says that an item is a column with the edges of bins.
func binned(item string) bool {
	before, _, _ := strings.Cut(item, "(")
	return strings.Contains(before, ":")
}

func numeral(s string) bool {
	_, err := strconv.ParseFloat(s, 64)
	return err == nil
}
