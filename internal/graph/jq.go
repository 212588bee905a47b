package graph

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/itchyny/gojq"

	mm "github.com/microsoft-master/mm"
)

// The bounds of a jq expression.
const (
	maxSelected = 64 << 20 // characters that go in
	jqTime      = 10 * time.Second
	jqSteps     = 10_000_000
	jqDepth     = 200 // nesting of values
	jqOutputs   = 1_000_000
	jqMemory    = 512 << 20 // bytes that the program may grow by meanwhile
)

// encode is json.Marshal without escapes for HTML.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSpace(b.Bytes()), err
}

// compile returns the code of a jq expression; nil where there is none. It cannot read the environment, files or other inputs.
func compile(expression string) (*gojq.Code, *mm.Error) {
	if expression == "" {
		return nil, nil
	}
	refused := func(err error) (*gojq.Code, *mm.Error) {
		return nil, mm.Errorf(mm.BadRequest, "Write it as in jq: .value[] | {displayName, mail}.", "The jq expression cannot be used: %s.", cutText(err.Error(), 300))
	}
	query, err := gojq.Parse(expression)
	if err != nil {
		return refused(err)
	}
	if err := guard(query); err != nil {
		return refused(err)
	}
	code, err := gojq.Compile(query, guards()...)
	if err != nil {
		return refused(err)
	}
	return code, nil
}

// selectBy replaces the data of a result by what a jq expression makes of it: its one output, or a list of its outputs where
// there are more or none.
func (r *run) selectBy(ctx context.Context, code *gojq.Code, result *mm.GraphResult) error {
	refused := func(message string) error {
		return &mm.Error{Code: mm.BadRequest, Executed: r.executed, Message: "The jq expression failed: " + cutText(message, 500) + ".",
			Remedy: "The request itself succeeded. Look at the data without jq, or with `keys`, then correct the expression."}
	}
	in := json.NewDecoder(bytes.NewReader(result.Data))
	in.UseNumber()
	var data any
	if err := in.Decode(&data); err != nil {
		return refused(err.Error())
	}
	limited, cancel := context.WithTimeout(ctx, jqTime)
	defer cancel()
	outputs, size, dropped, err := r.outputs(newStepper(limited), code, data)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return refused(err.Error())
	}
	result.Truncated = joinTruncated(result.Truncated, dropped, len(outputs), size)
	if dropped > 0 {
		r.note(fmt.Sprintf("jq gave more than fits: %d outputs are left out. Select less.", dropped))
	}
	if len(outputs) == 1 && dropped == 0 {
		result.Data = outputs[0]
		return nil
	}
	d := document{bare: true, items: outputs}
	result.Data = d.data()
	return nil
}

// outputs runs the code and keeps the outputs that fit.
func (r *run) outputs(ctx context.Context, code *gojq.Code, data any) (kept []json.RawMessage, size int, dropped int64, err error) {
	iter := code.RunWithContext(ctx, data)
	for n := 0; ; n++ {
		v, more := iter.Next()
		if !more {
			return kept, size, dropped, nil
		}
		if failed, ok := v.(error); ok {
			var halt *gojq.HaltError
			if errors.As(failed, &halt) && halt.Value() == nil {
				return kept, size, dropped, nil
			}
			return nil, 0, 0, explain(ctx, failed)
		}
		if n >= jqOutputs {
			return nil, 0, 0, fmt.Errorf("it gives more than %d outputs", jqOutputs)
		}
		if err := checkValue(v); err != nil {
			return nil, 0, 0, err
		}
		text, err := gojq.Marshal(v)
		if err != nil {
			return nil, 0, 0, err
		}
		chars := utf8.RuneCount(text) + 1
		if items, ok := v.([]any); ok && n == 0 && chars > r.call.MaxChars {
			// One long list: cut between its items, as if they were outputs.
			for _, item := range items {
				if text, err = gojq.Marshal(item); err != nil {
					return nil, 0, 0, err
				}
				if chars = utf8.RuneCount(text) + 1; dropped > 0 || size+chars > r.call.MaxChars {
					dropped++
					continue
				}
				kept, size = append(kept, text), size+chars
			}
			continue
		}
		if dropped > 0 || size+chars > r.call.MaxChars {
			dropped++
			continue
		}
		kept, size = append(kept, text), size+chars
	}
}

// explain says which limit an error stands for.
func explain(ctx context.Context, err error) error {
	if s, ok := ctx.(*stepper); ok && s.why != nil {
		return s.why
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("it takes longer than %s", jqTime)
	}
	return err
}

// joinTruncated adds what jq left out to what was left out before.
func joinTruncated(before *mm.Truncated, dropped int64, kept, size int) *mm.Truncated {
	if dropped == 0 {
		return before
	}
	t := mm.Truncated{KeptItems: int64(kept), DroppedItems: dropped, KeptChars: int64(size)}
	if before != nil {
		t.DroppedItems += before.DroppedItems
	}
	return &t
}
