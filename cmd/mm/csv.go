package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// A sheet is a table as Excel opens it by a double click: UTF-8 with a byte order mark, CRLF between rows and LF within a
// cell. There is no line "sep=": with one, Excel does not heed the byte order mark, and other programs take it for a row.
type sheet struct {
	text []byte
	rows int // without the heading
	cut  int // cells that were longer than maxCell
}

// csvOf turns a JSON array of objects into a sheet. The columns are the properties of all objects in the order in which they
// first appear.
func csvOf(objects json.RawMessage, by delimiter) (sheet, error) {
	var items []json.RawMessage
	if err := json.Unmarshal(objects, &items); err != nil {
		return sheet{}, fmt.Errorf("the objects are not a JSON array: %w", err)
	}
	s := sheet{rows: len(items)}
	var columns []string
	place := map[string]int{}
	table := make([][]string, len(items))
	for i, item := range items {
		row := make([]string, len(columns))
		err := eachProperty(item, func(name string, value json.RawMessage) {
			at, known := place[name]
			if !known {
				at = len(columns)
				place[name] = at
				columns = append(columns, name)
				row = append(row, "")
			}
			row[at] = s.fit(cellOf(value, by))
		})
		if err != nil {
			return sheet{}, err
		}
		table[i] = row
	}
	var b bytes.Buffer
	b.WriteString("\ufeff")
	if len(columns) > 0 {
		heading := make([]string, len(columns))
		for i, c := range columns {
			heading[i] = s.fit(defuse(c))
		}
		by.writeRow(&b, heading, len(columns))
	}
	for _, row := range table {
		by.writeRow(&b, row, len(columns))
	}
	s.text = b.Bytes()
	return s, nil
}

// maxCell is how many characters (UTF-16 units) Excel takes in a cell; more would spill into further cells.
const maxCell = 32_767

// fit cuts a cell that Excel would not take, and counts it.
func (s *sheet) fit(cell string) string {
	if len(cell) <= maxCell {
		return cell
	}
	units, end := 0, 0 // end is where a cell that has room for the mark of a cut ends
	for i, r := range cell {
		if units < maxCell-utf16.RuneLen(r) {
			end = i + utf8.RuneLen(r)
		}
		units += utf16.RuneLen(r)
	}
	if units <= maxCell {
		return cell
	}
	s.cut++
	return cell[:end] + "…"
}

// eachProperty calls f for the properties of a JSON object in their order; anything else is a property named Value.
func eachProperty(item json.RawMessage, f func(name string, value json.RawMessage)) error {
	d := json.NewDecoder(bytes.NewReader(item))
	if first, err := d.Token(); err != nil {
		return err
	} else if first != json.Delim('{') {
		f("Value", item)
		return nil
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		key, ok := name.(string)
		if !ok {
			return errors.New("a property without a name")
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return err
		}
		f(key, value)
	}
	return nil
}

// A delimiter divides the cells of a row: a comma, or what Excel wants where commas divide whole numbers from fractions.
type delimiter byte

// String implements pflag.Value.
func (d *delimiter) String() string {
	if *d == '\t' {
		return "tab"
	}
	return string(rune(*d))
}

// Type implements pflag.Value.
func (d *delimiter) Type() string { return "string" }

// Set implements pflag.Value.
func (d *delimiter) Set(text string) error {
	switch text {
	case ",", ";", "\t":
		*d = delimiter(text[0])
	case "tab":
		*d = '\t'
	default:
		return errors.New("want ',', ';' or tab")
	}
	return nil
}

// writeRow writes the cells of one row, and empty ones up to n.
func (d delimiter) writeRow(b *bytes.Buffer, row []string, n int) {
	for i := range n {
		if i > 0 {
			b.WriteByte(byte(d))
		}
		cell := ""
		if i < len(row) {
			cell = row[i]
		}
		switch {
		case strings.ContainsAny(cell, ",;\t\"\n") || strings.TrimSpace(cell) != cell || (cell == "" && n == 1):
			// An empty line is no row to many readers.
			b.WriteString(`"` + strings.ReplaceAll(cell, `"`, `""`) + `"`)
		default:
			b.WriteString(cell)
		}
	}
	b.WriteString("\r\n")
}
