package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	mm "github.com/microsoft-master/mm"
)

// maxCellWidth is how wide a column of several may be on a terminal.
const maxCellWidth = 40

// itemsOf returns the items of an answer: those of a list, or the answer itself; list says which.
func itemsOf(data json.RawMessage) (items []json.RawMessage, list bool) {
	if json.Unmarshal(data, &items) == nil {
		return items, true
	}
	var page struct{ Value json.RawMessage }
	if json.Unmarshal(data, &page) == nil && json.Unmarshal(page.Value, &items) == nil && items != nil {
		return items, true
	}
	return []json.RawMessage{data}, false
}

// selected are the properties of a request's $select.
func selected(r mm.GraphRequest) []string {
	address := r.Endpoint
	if r.Page != "" {
		address = r.Page
	}
	_, query, _ := strings.Cut(address, "?")
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if name, err := url.PathUnescape(name); err != nil || !strings.EqualFold(name, "$select") {
			continue
		}
		if value, err := url.PathUnescape(value); err == nil {
			return strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' })
		}
	}
	return nil
}

// A property is one of an item.
type property struct {
	name  string
	value json.RawMessage
}

// properties are those of an item in their order, first the ones of an order that people gave; what the protocol adds is left
// out.
func properties(item json.RawMessage, first []string) (list []property) {
	_ = eachProperty(item, func(name string, value json.RawMessage) { // it was parsed before
		if !strings.HasPrefix(name, "@odata.") {
			list = append(list, property{name, value})
		}
	})
	slices.SortStableFunc(list, func(a, b property) int { return rank(first, a.name) - rank(first, b.name) })
	return list
}

// rank is the place of a name in an order; the last for what is not in it.
func rank(order []string, name string) int {
	if i := slices.IndexFunc(order, func(o string) bool { return strings.EqualFold(o, name) }); i >= 0 {
		return i
	}
	return len(order)
}

// arrange puts the properties of items into an order.
func arrange(items []json.RawMessage, first []string) []json.RawMessage {
	out := make([]json.RawMessage, len(items))
	for i, item := range items {
		if out[i] = item; !bytes.HasPrefix(bytes.TrimSpace(item), []byte("{")) {
			continue
		}
		var b bytes.Buffer
		for _, p := range properties(item, first) {
			if b.Len() > 0 {
				b.WriteByte(',')
			}
			name, _ := json.Marshal(p.name) // a text cannot fail
			b.Write(append(append(name, ':'), p.value...))
		}
		out[i] = json.RawMessage("{" + b.String() + "}")
	}
	return out
}

// short is a value on one line.
func short(value json.RawMessage) string {
	switch value = bytes.TrimSpace(value); {
	case len(value) == 0:
		return ""
	case value[0] == '{' || value[0] == '[':
		return plain(compactJSON(value))
	case string(value) == "true" || string(value) == "false":
		return string(value) // as in JSON, which a next request may want
	}
	return plain(scalar(value))
}

// table shows an answer to a person: a list as rows, an item as its properties, one for each line.
func (g *grapher) table(request mm.GraphRequest, data json.RawMessage) error {
	first := selected(request)
	items, list := itemsOf(data)
	if !list {
		return g.sheetOf(items[0], first)
	}
	if len(items) == 0 {
		fmt.Fprintln(g.stderr, "The list is empty.")
		return nil
	}
	rows, left := graphRows(items, first, g.stdout.width())
	if err := paintedTable(g.stdout, rows, func(row, _ int, cell string) string {
		if row == 0 {
			return g.stdout.bold(cell)
		}
		return cell
	}); err != nil {
		return err
	}
	if left > 0 {
		fmt.Fprintln(g.stderr, g.stderr.dim(fmt.Sprintf("Not shown: %s; $select chooses, --json shows all.", count(left, "column"))))
	}
	return nil
}

// sheetOf shows the properties of one item.
func (g *grapher) sheetOf(item json.RawMessage, first []string) error {
	var rows [][]string
	for _, p := range properties(item, first) {
		rows = append(rows, []string{plain(p.name), short(p.value)})
	}
	widest := 0
	for _, row := range rows {
		widest = max(widest, textWidth(row[0]))
	}
	for _, row := range rows {
		row[1] = fitLine(row[1], max(g.stdout.width()-widest-len(gap), maxCellWidth))
	}
	return paintedTable(g.stdout, rows, func(_, column int, cell string) string {
		if column == 0 {
			return g.stdout.bold(cell)
		}
		return cell
	})
}

// graphRows are the rows of a list with its heading, in as many columns as fit into width, at least one, and how many properties
// have none.
func graphRows(items []json.RawMessage, first []string, width int) (rows [][]string, left int) {
	place := map[string]int{}
	heading := []string{}
	rows = make([][]string, len(items)+1)
	for i, item := range items {
		for _, p := range properties(item, first) {
			at, known := place[p.name]
			if !known {
				at = len(heading)
				place[p.name] = at
				heading = append(heading, plain(p.name))
			}
			for len(rows[i+1]) <= at {
				rows[i+1] = append(rows[i+1], "")
			}
			rows[i+1][at] = fitLine(short(p.value), maxCellWidth)
		}
	}
	rows[0] = heading
	fits, used := 0, 0
	for c := range heading {
		widest := 0
		for _, row := range rows {
			if c < len(row) {
				widest = max(widest, textWidth(row[c]))
			}
		}
		if used += widest; c > 0 && used > width {
			break
		}
		used += len(gap)
		fits++
	}
	for i, row := range rows {
		rows[i] = row[:min(len(row), fits)]
	}
	return rows, len(heading) - fits
}
