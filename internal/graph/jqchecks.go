package graph

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"

	"github.com/itchyny/gojq"
)

// guards are the functions that guard puts in.
func guards() []gojq.CompilerOption {
	check := func(most int) func(any, []any) any {
		return func(v any, _ []any) any {
			if _, err := measure(v, most, 0); err != nil {
				return err
			}
			return v
		}
	}
	return []gojq.CompilerOption{
		gojq.WithFunction(checkAll, 0, 0, check(maxSelected)),
		gojq.WithFunction(checkText, 0, 0, check(maxText)),
		gojq.WithFunction(checkIndex, 0, 0, func(v any, _ []any) any { return orError(v, smallIndex(v)) }),
		gojq.WithFunction(checkPair, 3, 3, func(_ any, args []any) any {
			op, _ := gojq.ToInt(args[2])
			return orError([]any{args[0], args[1]}, pair(gojq.Operator(op), args[0], args[1]))
		}),
		gojq.WithFunction(joinFunc, 1, 1, join),
	}
}

func orError(v any, err error) any {
	if err != nil {
		return err
	}
	return v
}

// checkValue refuses a value that is too deep or large to be written.
func checkValue(v any) error {
	_, err := measure(v, maxSelected, 0)
	return err
}

var errLarge = errors.New("it makes a value that is too large")

// measure counts the characters of texts and eight for each value in v, and stops beyond most. A value that is in two places counts twice.
func measure(v any, most, depth int) (int, error) {
	if depth > jqDepth {
		return 0, fmt.Errorf("it makes a value that is nested more than %d deep", jqDepth)
	}
	size := 8 // what a value takes at least
	add := func(child any) error {
		n, err := measure(child, most-size, depth+1)
		size += n
		return err
	}
	switch v := v.(type) {
	case string:
		size += len(v)
	case json.Number:
		size += len(v)
	case *big.Int:
		if v.BitLen() > maxBits {
			return 0, errLarge
		}
	case []any:
		for _, item := range v {
			if err := add(item); err != nil {
				return 0, err
			}
		}
	case map[string]any:
		for name, item := range v {
			size += len(name)
			if err := add(item); err != nil {
				return 0, err
			}
		}
	}
	if size > most {
		return 0, errLarge
	}
	return size, nil
}

// smallIndex refuses an index that would make a list of its size, and a path of any depth.
func smallIndex(v any) error {
	if path, ok := v.([]any); ok {
		if len(path) > maxPath {
			return errLarge
		}
		for _, p := range path {
			if _, nested := p.([]any); !nested {
				if err := smallIndex(p); err != nil {
					return err
				}
			}
		}
	}
	if n, ok := gojq.ToFloat64(v); ok && !(n <= maxIndex) {
		return fmt.Errorf("its index is larger than %d", maxIndex)
	}
	return nil
}

// pair refuses operands that an operator makes too much of, or compares for too long.
func pair(op gojq.Operator, l, r any) error {
	lw, rw := flat(l), flat(r)
	switch op {
	case gojq.OpAdd:
		if lw+rw > maxFlat {
			return errLarge
		}
	case gojq.OpMul:
		if err := smallRepeat(l, r); err != nil {
			return err
		}
		return checkBoth(l, r)
	case gojq.OpSub:
		if lw*rw > maxPairs {
			return errLarge
		}
		return checkBoth(l, r)
	default:
		return checkBoth(l, r)
	}
	return nil
}

func checkBoth(l, r any) error {
	if err := checkValue(l); err != nil {
		return err
	}
	return checkValue(r)
}

// smallRepeat refuses "text" * n that becomes too long.
func smallRepeat(l, r any) error {
	for range 2 {
		text, isText := l.(string)
		if n, ok := gojq.ToFloat64(r); isText && ok && float64(len(text))*n > maxText {
			return errLarge
		}
		l, r = r, l
	}
	return nil
}

// flat is the size of a value without what is inside of its members.
func flat(v any) int {
	switch v := v.(type) {
	case string:
		return len(v)
	case []any:
		return len(v)
	case map[string]any:
		return len(v)
	case *big.Int:
		if v.BitLen() > maxBits {
			return maxFlat + 1
		}
	}
	return 1
}

// join is jq's join, with a bound.
func join(v any, args []any) any {
	items, ok := v.([]any)
	separator, isText := args[0].(string)
	if !ok || !isText {
		return fmt.Errorf("join wants a list and a text between its items")
	}
	var b strings.Builder
	for i, item := range items {
		if i > 0 {
			b.WriteString(separator)
		}
		switch item := item.(type) {
		case nil:
		case string:
			b.WriteString(item)
		case []any, map[string]any:
			return fmt.Errorf("join wants texts and numbers, not %s", gojq.TypeOf(item))
		default:
			text, err := gojq.Marshal(item)
			if err != nil {
				return err
			}
			b.Write(text)
		}
		if b.Len() > maxFlat {
			return errLarge
		}
	}
	return b.String()
}
