package policy

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"

	"github.com/weighlock/weighlock/internal/canonical"
	"github.com/weighlock/weighlock/internal/verdict"
)

// Evaluate judges an input document by every rule that the level asks for,
// and returns the checks by rule and item. An error means that nothing was
// judged: an input that cannot be read, an unknown level or parameter. What a
// single rule could not do is a check with status error.
func (b *Bundle) Evaluate(ctx context.Context, input []byte, o Options) ([]verdict.Check, error) {
	level, err := b.Level(o.Level)
	if err != nil {
		return nil, err
	}
	doc, err := readDocument(input)
	if err != nil {
		return nil, fmt.Errorf("policy input: %w", err)
	}
	if doc.level != "" && doc.level != o.Level {
		return nil, fmt.Errorf("policy input: context.level is %s, but the level asked for is %s", doc.level, o.Level)
	}
	values, err := b.Parameters(o)
	if err != nil {
		return nil, err
	}
	e, err := b.evaluator(ctx, values)
	if err != nil {
		return nil, err
	}
	var checks []verdict.Check
	for _, r := range b.rules {
		asked, ok := level.Rules[r.ID]
		if !ok {
			continue
		}
		some, err := e.judge(ctx, doc, r, asked, level.Name)
		if err != nil {
			return nil, err
		}
		checks = append(checks, some...)
	}
	slices.SortStableFunc(checks, func(x, y verdict.Check) int {
		return cmp.Or(cmp.Compare(x.Rule, y.Rule), cmp.Compare(x.Item, y.Item))
	})
	return checks, nil
}

// evaluator holds one prepared query per rule, over one set of parameters.
type evaluator struct {
	queries map[string]rego.PreparedEvalQuery
	values  map[string]any
}

// evaluator prepares the rules once for each set of parameter values.
func (b *Bundle) evaluator(ctx context.Context, values map[string]any) (*evaluator, error) {
	key, err := canonical.Marshal(values)
	if err != nil {
		return nil, fmt.Errorf("parameters: %w", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if e, ok := b.prepared[string(key)]; ok {
		return e, nil
	}
	e := &evaluator{queries: map[string]rego.PreparedEvalQuery{}, values: values}
	store := inmem.NewFromObject(map[string]any{"parameters": values})
	for _, r := range b.rules {
		q, err := rego.New(
			rego.Compiler(b.compiler),
			rego.Store(store),
			rego.StrictBuiltinErrors(true),
			rego.Query("data."+r.Package+".checks"),
		).PrepareForEval(ctx)
		if err != nil {
			return nil, fmt.Errorf("preparing rule %s: %w", r.ID, err)
		}
		e.queries[r.ID] = q
	}
	b.prepared[string(key)] = e
	return e, nil
}

// said is one check as a rule wrote it. A field that is not listed here is
// refused: it would be lost without a word.
type said struct {
	Item     string            `json:"item"`
	Status   verdict.Status    `json:"status"`
	Message  string            `json:"message"`
	Observed *verdict.Observed `json:"observed"`
	Expected *verdict.Expected `json:"expected"`
	Evidence []string          `json:"evidence"`
	Points   *float64          `json:"points"`
	Solution string            `json:"solution"` // instead of the rule's own
	Place    string            `json:"place"`    // in the project file, instead of the item's own
}

// ask runs one rule. A check that has not the form of one is an error.
func (e *evaluator) ask(ctx context.Context, doc *document, r Rule) ([]said, error) {
	results, err := e.queries[r.ID].Eval(ctx, rego.EvalParsedInput(doc.value))
	if err != nil {
		return nil, err
	}
	if len(results) != 1 || len(results[0].Expressions) != 1 {
		return nil, errors.New("the rule gave no answer")
	}
	values, ok := results[0].Expressions[0].Value.([]any)
	if !ok {
		return nil, errors.New("checks is not a set")
	}
	checks := make([]said, len(values))
	for i, v := range values {
		text, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		dec := json.NewDecoder(bytes.NewReader(text))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&checks[i]); err != nil {
			return nil, fmt.Errorf("a check that has not the form of one: %w", err)
		}
	}
	return checks, nil
}
