package engine

import (
	"strings"
	"unicode/utf8"
)

// columnsOf returns the properties that are printed of an object, and whether as a list.
func columnsOf(o *object) (columns []string, asList bool) {
	if o.view != nil && len(o.view.columns) > 0 {
		return o.view.columns, o.view.list
	}
	for _, p := range o.properties {
		columns = append(columns, p.name)
	}
	return columns, o.view != nil && o.view.list || o.view == nil && len(columns) > 4
}

// printObjects returns objects of one kind as PowerShell's formatter lays them out: an empty line, a table or a list as the
// first object has it, an empty line. A table is no wider than width, where it can be.
func printObjects(objects []*object, width int) string {
	columns, asList := columnsOf(objects[0])
	var b strings.Builder
	b.WriteByte('\n')
	if asList {
		printList(&b, objects, columns)
	} else {
		printTable(&b, objects, columns, width)
	}
	return b.String()
}

func printList(b *strings.Builder, objects []*object, columns []string) {
	wide := 0
	for _, c := range columns {
		wide = max(wide, utf8.RuneCountInString(c))
	}
	for _, o := range objects {
		for _, c := range columns {
			b.WriteString(strings.TrimRight(pad(c, wide, false)+" : "+o.text(c), " "))
			b.WriteByte('\n')
		}
		b.WriteByte('\n')
	}
}

// A column of a table.
type column struct {
	name  string
	width int
	right bool // numbers are at the right
}

// minColumn is the narrowest that a column is cut to.
const minColumn = 3

func printTable(b *strings.Builder, objects []*object, names []string, width int) {
	cells := make([][]string, len(objects))
	columns := make([]column, len(names))
	for i, name := range names {
		columns[i] = column{name: name, width: utf8.RuneCountInString(name), right: isNumber(objects[0].get(name))}
	}
	for row, o := range objects {
		for i, name := range names {
			cell := strings.ReplaceAll(o.text(name), "\n", " ")
			columns[i].width = max(columns[i].width, utf8.RuneCountInString(cell))
			cells[row] = append(cells[row], cell)
		}
	}
	columns = fit(columns, width)
	line := func(cell func(int) string) {
		parts := make([]string, len(columns))
		for i, c := range columns {
			parts[i] = pad(shorten(cell(i), c.width), c.width, c.right)
		}
		b.WriteString(strings.TrimRight(strings.Join(parts, " "), " "))
		b.WriteByte('\n')
	}
	line(func(i int) string { return columns[i].name })
	line(func(i int) string { // dashes are as long as the name, and beside it
		return strings.Repeat("-", min(columns[i].width, utf8.RuneCountInString(columns[i].name)))
	})
	for row := range cells {
		line(func(i int) string { return cells[row][i] })
	}
	b.WriteByte('\n')
}

// fit narrows the widest columns until the table fits, and leaves out the last ones where that is not enough.
func fit(columns []column, width int) []column {
	for {
		total, widest := len(columns)-1, 0
		for i, c := range columns {
			total += c.width
			if c.width > columns[widest].width {
				widest = i
			}
		}
		over := total - width
		switch w := columns[widest].width; {
		case over <= 0:
			return columns
		case w > minColumn:
			columns[widest].width = max(minColumn, w-max(1, min(over, w/4)))
		case len(columns) > 1:
			columns = columns[:len(columns)-1]
		default:
			return columns
		}
	}
}

func isNumber(v any) bool {
	switch v.(type) {
	case int64, float64:
		return true
	}
	return false
}

func shorten(s string, width int) string {
	if utf8.RuneCountInString(s) <= width {
		return s
	}
	return string([]rune(s)[:width-1]) + "…"
}

func pad(s string, width int, right bool) string {
	blank := strings.Repeat(" ", max(0, width-utf8.RuneCountInString(s)))
	if right {
		return blank + s
	}
	return s + blank
}
