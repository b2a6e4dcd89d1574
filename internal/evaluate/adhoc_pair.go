package evaluate

import (
	"context"
	"fmt"

	"github.com/weighlock/weighlock/internal/table"
)

// Pair asks about two files of predictions on the same rows. Without Data both
// bring their labels, which must agree.
func (o AdHoc) Pair(ctx context.Context, a, b string) (first, second Side, assumed []Assumption, err error) {
	if o.ID == "" {
		return first, second, nil, fmt.Errorf("%w: --id is missing\nhint: it names the column by which the rows of %s and %s are matched", ErrUsage, a, b)
	}
	if a == StandardInput && b == StandardInput {
		return first, second, nil, fmt.Errorf("%w: standard input cannot be compared with itself\nhint: name a file for one of them", ErrUsage)
	}
	o.Predictions, o.Decisions = a, true
	p, err := o.Prepare()
	if err != nil {
		return first, second, nil, err
	}
	q := *p
	other, err := Local("predictions", b, o.In)
	if err != nil {
		return first, second, nil, err
	}
	q.Predictions = *other
	if o.Data == "" {
		if err := q.sameLabels(ctx); err != nil {
			return first, second, nil, err
		}
	}
	return p.side(), q.side(), p.Assumed, nil
}

func (p *Prepared) side() Side {
	return Side{Name: p.Predictions.path(), Rows: &Rows{Request: p.Request}, tell: p.flagged}
}

// sameLabels refuses predictions whose own labels are not those of the test
// set: two files would be compared that are not about the same rows.
func (p *Prepared) sameLabels(ctx context.Context) error {
	truth, err := p.labels(ctx, p.Test)
	if err != nil {
		return err
	}
	own, err := p.labels(ctx, p.Predictions)
	if err != nil {
		return err
	}
	for i := range own.table.Rows {
		id := own.id.String(i)
		at, ok := truth.rows.find(id)
		if !ok {
			continue
		}
		for k := range own.label {
			is, was := own.label[k].String(i), truth.label[k].String(int(at))
			if class(is) == class(was) {
				continue
			}
			return fmt.Errorf("%w: %w", ErrUsage, own.table.At(i, own.label[k].Name,
				fmt.Sprintf("row %q is labelled %q, and %q in %s: the two are not of the same test data\nhint: --data names one file with the labels of both", id, is, was, truth.table.Name)))
		}
	}
	return nil
}

// labelled is a table by its rows' ids.
type labelled struct {
	table *table.Table
	rows  *index
	id    *table.Column
	label []*table.Column
}

func (p *Prepared) labels(ctx context.Context, s Source) (*labelled, error) {
	id := p.Spec.Test.ID
	columns := append([]string{id}, p.Spec.Test.Labels...)
	if label := p.Spec.Test.Label; label != "" {
		columns = append(columns, label)
	}
	t, err := s.read(ctx, s.path(), table.Options{Columns: columns, Text: columns})
	if err != nil {
		q := *p
		q.Test = s
		return nil, q.flagged(err)
	}
	l := &labelled{table: t}
	if l.rows, err = ids(t, id); err != nil {
		return nil, err
	}
	if l.id, err = t.Column(id); err != nil {
		return nil, err
	}
	for _, name := range columns[1:] {
		c, err := t.Column(name)
		if err != nil {
			return nil, err
		}
		l.label = append(l.label, c)
	}
	return l, nil
}
