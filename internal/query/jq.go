package query

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/itchyny/gojq"
)

// expression is an answer by a jq expression: each result on a line of its
// own, texts as they are and everything else as JSON.
func expression(text string) (answer, error) {
	parsed, err := gojq.Parse(text)
	if err != nil {
		return nil, wrongf("the jq expression cannot be read: %w\nhint: see https://jqlang.org/manual, and quote the expression for the shell", err)
	}
	code, err := gojq.Compile(parsed)
	if err != nil {
		return nil, wrongf("the jq expression: %w\nhint: see https://jqlang.org/manual", err)
	}
	return func(ctx context.Context, w *bytes.Buffer, text []byte) error {
		var v any
		dec := json.NewDecoder(bytes.NewReader(text))
		dec.UseNumber()
		if err := dec.Decode(&v); err != nil {
			return err
		}
		results := code.RunWithContext(ctx, v)
		for {
			result, more := results.Next()
			if !more || halted(result) {
				return nil
			}
			if err := one(ctx, w, result); err != nil {
				return err
			}
		}
	}, nil
}

// halted says whether an expression ended itself without complaint.
func halted(result any) bool {
	err, _ := result.(error)
	var h *gojq.HaltError
	return errors.As(err, &h) && h.Value() == nil
}

func one(ctx context.Context, w *bytes.Buffer, result any) error {
	if err, failed := result.(error); failed {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return wrongf("the jq expression: %w\nhint: `--jq .` shows what it is asked of", err)
	}
	if s, ok := result.(string); ok {
		fmt.Fprintln(w, s)
		return nil
	}
	text, err := gojq.Marshal(result)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%s\n", text)
	return nil
}
