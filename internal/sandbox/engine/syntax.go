package engine

// A node is a statement.
type node interface {
	run(*run) error
}

// An expression has a value.
type expression interface {
	value(*run) any
}

// place is where something stands in a script; line and column count from 1.
type place struct{ line, column int }

// The statements.
type (
	show     struct{ what expression } // emits a value
	sequence struct{ from, to int64 }  // A..B
	repeat   struct {                  // 'x' * N
		text  string
		times int
	}
	assign struct { // $NAME = STATEMENT
		name string
		what node
	}
	define struct { // function NAME { BODY }
		name string
		body []node
	}
	forever struct{ body []node } // while ($true) { BODY }
	throw   struct {              // throw VALUE
		what  expression
		place place
	}
	leave  struct{ what expression } // exit VALUE
	static struct {                  // [TYPE]::MEMBER(VALUES)
		member string
		values []expression
	}
	command struct { // NAME -PARAMETER VALUE …
		name       string
		parameters []parameter
		arguments  []expression
		place      place
	}
	pipeline struct{ stages []command } // two or more
)

// The expressions.
type (
	literal  struct{ v any } // string, int64, float64, bool, nil
	variable struct{ name, member string }
	list     struct{ items []expression }
	table    struct { // @{NAME=VALUE; …}
		names  []string
		values []expression
	}
)

// A parameter is a named parameter of a command; what is nil for a switch.
type parameter struct {
	name string
	what expression
}
