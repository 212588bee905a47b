package odata

import (
	"cmp"
	"strings"
	"time"
)

// lookup returns what is at a path, nil where there is nothing. Letter case does not count.
func lookup(v any, path []string) any {
	for _, name := range path {
		o, ok := v.(Object)
		if !ok {
			return nil
		}
		v = property(o, name)
	}
	return v
}

func property(o Object, name string) any {
	if v, ok := o[name]; ok {
		return v
	}
	for k, v := range o {
		if strings.EqualFold(k, name) {
			return v
		}
	}
	return nil
}

// compare orders two values; ok is false where they have no order. Text is compared without regard to case, and as times where
// both are.
func compare(a, b any) (order int, ok bool) {
	switch b := b.(type) {
	case nil:
		return 0, a == nil
	case bool:
		x, ok := a.(bool)
		return cmp.Compare(rank(x), rank(b)), ok
	case string:
		x, ok := a.(string)
		if !ok {
			return 0, false
		}
		if s, t := timeOf(x), timeOf(b); !s.IsZero() && !t.IsZero() {
			return s.Compare(t), true
		}
		return strings.Compare(strings.ToLower(x), strings.ToLower(b)), true
	}
	x, ok := number(a)
	y, also := number(b)
	return cmp.Compare(x, y), ok && also
}

func rank(b bool) int {
	if b {
		return 1
	}
	return 0
}

func number(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case int:
		return float64(v), true
	case int64:
		return float64(v), true
	}
	return 0, false
}

// timeOf reads a time as Graph writes it: with a zone, or without one in events, or a day; zero where it is none.
func timeOf(s string) time.Time {
	if len(s) < 10 || s[4] != '-' {
		return time.Time{}
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.9999999", "2006-01-02T15:04", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t
		}
	}
	return time.Time{}
}
