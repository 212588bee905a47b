package odata

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// A Query is what the query of an address asks for.
type Query struct {
	Filter Filter // nil: everything
	// NeedsEventual says that the directory takes it with ConsistencyLevel: eventual only.
	NeedsEventual bool
	Search        string
	Select        []string
	OrderBy       []Order
	Expand        []string
	Top           int // 0: not given
	Skip          int
	Count         bool
	// DeltaToken is $deltatoken, where a delta goes on; empty: a new one.
	DeltaToken string
}

// An Order is one property of $orderby.
type Order struct {
	Path       []string
	Descending bool
}

// known are the options that Parse takes. $format is taken and changes nothing.
var known = []string{"$filter", "$search", "$select", "$orderby", "$expand", "$top", "$skip", "$count", "$skiptoken", "$deltatoken", "$format"}

// Parse reads a query. Parameters without a dollar are not its business. The error is an *Error.
func Parse(values url.Values) (Query, error) {
	var q Query
	for name, all := range values {
		if !strings.HasPrefix(name, "$") {
			continue
		}
		if !slices.Contains(known, strings.ToLower(name)) {
			return q, errorf("The query parameter '%s' is not supported.", name)
		}
		if len(all) > 1 {
			return q, errorf("Query option '%s' was specified more than once, but it must be specified at most once.", name)
		}
		if err := q.option(strings.ToLower(name), all[0]); err != nil {
			return q, err
		}
	}
	return q, nil
}

func (q *Query) option(name, value string) (err error) {
	switch name {
	case "$filter":
		q.Filter, q.NeedsEventual, err = ParseFilter(value)
	case "$search":
		q.Search, q.NeedsEventual = value, true
	case "$select":
		q.Select = list(value)
	case "$expand":
		q.Expand = list(value)
	case "$orderby":
		q.OrderBy, err = parseOrder(value)
	case "$top":
		if q.Top, err = whole(name, value); err == nil && q.Top == 0 {
			err = errorf("Invalid value '0' for $top query option found. The $top query option requires a positive integer value.")
		}
	case "$skip":
		q.Skip, err = whole(name, value)
	case "$count":
		q.Count = strings.EqualFold(value, "true")
	case "$skiptoken":
		q.Skip, err = ParseSkipToken(value)
	case "$deltatoken":
		q.DeltaToken = value
	}
	return err
}

func list(value string) []string {
	var out []string
	for part := range strings.SplitSeq(value, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

func whole(name, value string) (int, error) {
	n, err := strconv.Atoi(value)
	if err != nil || n < 0 {
		return 0, errorf("Invalid value '%s' for %s query option found. The %s query option requires a non-negative integer value.", value, name, name)
	}
	return n, nil
}

func parseOrder(value string) ([]Order, error) {
	var out []Order
	for _, part := range list(value) {
		name, direction, _ := strings.Cut(part, " ")
		direction = strings.ToLower(strings.TrimSpace(direction))
		if direction != "" && direction != "asc" && direction != "desc" {
			return nil, errorf("Syntax error at position %d in '%s'.", len(name)+1, value)
		}
		out = append(out, Order{strings.Split(name, "/"), direction == "desc"})
	}
	return out, nil
}

// SkipToken makes the $skiptoken of a page that begins there. Clients must not read it.
func SkipToken(skip int) string {
	return base64.RawURLEncoding.EncodeToString([]byte("RFNwdAIAAQ:" + strconv.Itoa(skip)))
}

// ParseSkipToken reads what SkipToken made.
func ParseSkipToken(token string) (int, error) {
	text, err := base64.RawURLEncoding.DecodeString(token)
	digits, ok := strings.CutPrefix(string(text), "RFNwdAIAAQ:")
	n, numeric := strconv.Atoi(digits)
	if err != nil || !ok || numeric != nil || n < 0 {
		return 0, errorf("Invalid value for $skiptoken query option found.")
	}
	return n, nil
}
