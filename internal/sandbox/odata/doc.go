// Package odata is a useful part of the OData query language over plain JSON objects, as Microsoft Graph understands it:
// $filter, $orderby, $search, $select, $top, $skip, $count and $skiptoken. It is pure: a query is parsed once and then applied
// to rows.
package odata

import "fmt"

// An Object is one JSON object, as encoding/json makes it; numbers may be of any type.
type Object = map[string]any

// An Error is a query that is not understood. Its text is for the client.
type Error struct{ Message string }

func (e *Error) Error() string { return e.Message }

func errorf(format string, args ...any) *Error { return &Error{fmt.Sprintf(format, args...)} }
