package graph

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/itchyny/gojq"
)

// An expression comes from a model, and gojq runs in the daemon. Its loops can be stopped between two steps (stepper), but one
// step can take all memory ("x" * 2e9, .[500000000] = 1), all time (comparing values that hold themselves twice, forty levels
// deep) or all of the stack (writing a value that is a million levels deep). So guard rewrites an expression before it is
// compiled: what enters such a step goes through a check of its size first. The checks are functions of the expression's own
// language; their names begin with mm_.
const (
	checkAll   = "mm_check"    // whole values: to jqDepth deep, maxSelected characters
	checkText  = "mm_text"     // small ones: for what makes several of one
	checkIndex = "mm_index"    // an index, or a path of them
	checkPair  = "mm_operands" // both sides of an operator
	joinFunc   = "mm_join"
)

const (
	maxText  = 256 << 10 // characters or values of a small value
	maxFlat  = 16 << 20  // bytes of a text, or members of a list, that is put together
	maxIndex = 1_000_000
	maxPath  = 500
	maxBits  = 4096 // of a whole number
	maxPairs = 20_000_000
)

// refusedFuncs have no use here, or build values of any depth from within.
var refusedFuncs = words(`input inputs debug stderr input_filename input_line_number halt_error fromstream modulemeta
	get_search_list env $ENV builtins`)

// wholeFuncs walk the whole of what they are given; textFuncs make more than one character or value of each.
var (
	wholeFuncs = words(`tojson tostring add unique unique_by group_by sort sort_by min max min_by max_by flatten implode transpose
		IN INDEX error delpaths tostream combinations fromjson`)
	textFuncs = words(`explode contains inside indices index rindex sub gsub splits split tonumber match scan capture test ascii_downcase
		ascii_upcase ltrimstr rtrimstr trim ltrim rtrim trimstr strptime strftime strflocaltime`)
)

func words(list string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(list) {
		m[w] = true
	}
	return m
}

// guard puts checks into an expression, or says what it may not use.
func guard(q *gojq.Query) error {
	return guardValue(reflect.ValueOf(q))
}

// guardValue walks the syntax tree: first what is below a node, then the node.
func guardValue(v reflect.Value) error {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		if err := guardValue(v.Elem()); err != nil {
			return err
		}
		switch node := v.Interface().(type) {
		case *gojq.Query:
			return guardQuery(node)
		case *gojq.Term:
			return guardTerm(node)
		case *gojq.Index:
			node.Start, node.End = checked(node.Start, checkIndex), checked(node.End, checkIndex)
		case *gojq.String:
			for i, part := range node.Queries {
				if part.Term == nil || part.Term.Str == nil { // no literal
					node.Queries[i] = &gojq.Query{Term: &gojq.Term{Type: gojq.TermTypeQuery, Query: checked(part, checkText)}}
				}
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if err := guardValue(v.Field(i)); err != nil {
				return err
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			if err := guardValue(v.Index(i)); err != nil {
				return err
			}
		}
	}
	return nil
}

func guardQuery(q *gojq.Query) error {
	if q.Meta != nil || len(q.Imports) > 0 {
		return fmt.Errorf("it may not import modules")
	}
	switch q.Op {
	case gojq.OpAdd, gojq.OpSub, gojq.OpMul, gojq.OpDiv, gojq.OpMod, gojq.OpEq, gojq.OpNe, gojq.OpGt, gojq.OpLt, gojq.OpGe, gojq.OpLe:
		op := q.Op
		operands := call(checkPair, q.Left, q.Right, &gojq.Query{Term: &gojq.Term{Type: gojq.TermTypeNumber, Number: fmt.Sprint(int(op))}})
		*q = gojq.Query{Op: gojq.OpPipe, FuncDefs: q.FuncDefs, Left: operands, Right: &gojq.Query{Op: op, Left: element("0"), Right: element("1")}}
	case gojq.OpUpdateAdd, gojq.OpUpdateSub, gojq.OpUpdateMul, gojq.OpUpdateDiv, gojq.OpUpdateMod:
		return fmt.Errorf("it may not use %s; write .a |= . + 1", q.Op)
	case gojq.OpAssign:
		q.Right = checked(q.Right, checkAll)
	}
	return nil
}

func guardTerm(t *gojq.Term) error {
	if t.Type == gojq.TermTypeFormat && t.Str == nil {
		t.Type, t.Query, t.Format = gojq.TermTypeQuery, behind(checkText, &gojq.Term{Type: gojq.TermTypeFormat, Format: t.Format}), ""
		return nil
	}
	if t.Type != gojq.TermTypeFunc {
		return nil
	}
	f := t.Func
	if refusedFuncs[f.Name] || strings.HasPrefix(f.Name, "_") || strings.HasPrefix(f.Name, "mm_") {
		return fmt.Errorf("it may not use %s", f.Name)
	}
	check := ""
	switch {
	case f.Name == "join" && len(f.Args) == 1:
		f.Name, check = joinFunc, checkAll
	case f.Name == "setpath", f.Name == "getpath":
		f.Args[0] = checked(f.Args[0], checkIndex)
		return nil
	case textFuncs[f.Name]:
		check = checkText
	case wholeFuncs[f.Name]:
		check = checkAll
	default:
		return nil
	}
	for i := range f.Args {
		f.Args[i] = checked(f.Args[i], check)
	}
	t.Type, t.Func, t.Query = gojq.TermTypeQuery, nil, behind(check, &gojq.Term{Type: gojq.TermTypeFunc, Func: f})
	return nil
}

// call is a call of a function; checked is q with a check behind it, behind a term with one in front.
func call(name string, args ...*gojq.Query) *gojq.Query {
	return &gojq.Query{Term: &gojq.Term{Type: gojq.TermTypeFunc, Func: &gojq.Func{Name: name, Args: args}}}
}

func checked(q *gojq.Query, check string) *gojq.Query {
	if q == nil {
		return nil
	}
	return &gojq.Query{Op: gojq.OpPipe, Left: q, Right: call(check)}
}

func behind(check string, t *gojq.Term) *gojq.Query {
	return &gojq.Query{Op: gojq.OpPipe, Left: call(check), Right: &gojq.Query{Term: t}}
}

// element is .[n].
func element(n string) *gojq.Query {
	return &gojq.Query{Term: &gojq.Term{Type: gojq.TermTypeIndex,
		Index: &gojq.Index{Start: &gojq.Query{Term: &gojq.Term{Type: gojq.TermTypeNumber, Number: n}}}}}
}
