package table

import (
	"context"
)

// batchRows is how many rows a batch has at most, in a format without chunks of
// its own.
const batchRows = 1 << 16

func (p *parquetFile) fields(_ context.Context, o Options) (fields []field, nested []string, err error) {
	t := &Table{Name: p.Name}
	leaves, err := chooseLeaves(t, p.f, o)
	if err != nil {
		return nil, nil, p.source.or(p.Name, err)
	}
	for _, leaf := range leaves {
		form, problem := formOf(leaf.Type(), o.mode(leaf.Name()) == text)
		if problem != "" {
			return nil, nil, &Error{File: p.Name, Column: leaf.Name(), Problem: problem}
		}
		fields = append(fields, field{leaf.Name(), form.kind, true})
	}
	return fields, t.Nested, nil
}

func (p *parquetFile) rows(ctx context.Context, want []field, give func(*part) error) error {
	leaves, err := chooseLeaves(&Table{Name: p.Name}, p.f, Options{Columns: fieldNames(want)})
	if err != nil {
		return p.source.or(p.Name, err)
	}
	readers := make([]*leafReader, len(leaves))
	for i, leaf := range leaves {
		if readers[i], err = p.leafReader(leaf, want[i].kind == Text, 0); err != nil {
			return err
		}
		defer readers[i].close()
	}
	row := 0
	for g, group := range p.f.RowGroups() {
		end := row + int(group.NumRows())
		fresh := true
		for row < end || fresh {
			n := min(batchRows, end-row)
			next := &part{rows: n, line: int64(row) + 1, cols: make([]partColumn, len(readers))}
			err := p.each(len(readers), func(i int) error {
				return p.batch(ctx, readers[i], g, fresh, n, &next.cols[i])
			})
			if err != nil {
				return err
			}
			if err := give(next); err != nil {
				return err
			}
			row, fresh = row+n, false
		}
	}
	return nil
}

// batch takes the next n rows of a column.
func (p *parquetFile) batch(ctx context.Context, c *leafReader, group int, fresh bool, n int, into *partColumn) (err error) {
	defer damaged(p.Name, c.leaf.Name(), &err)
	if fresh {
		if err := p.begin(c, group); err != nil {
			return err
		}
	}
	if err := p.ensure(ctx, c, n); err != nil {
		return err
	}
	*into = c.take(n)
	return nil
}
