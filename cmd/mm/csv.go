package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// csvOf turns a JSON array of objects into CSV that Excel opens right by a double click: UTF-8 with a byte order mark, CRLF,
// the columns being the properties of all objects in the order in which they first appear, and texts that Excel would take
// for formulas defused. It returns the number of rows without the heading.
func csvOf(objects json.RawMessage) (text []byte, rows int, err error) {
	var items []json.RawMessage
	if err := json.Unmarshal(objects, &items); err != nil {
		return nil, 0, fmt.Errorf("the objects are not a JSON array: %w", err)
	}
	var columns []string
	seen := map[string]int{}
	table := make([]map[string]string, 0, len(items))
	for _, item := range items {
		row := map[string]string{}
		err := eachProperty(item, func(name string, value json.RawMessage) {
			if _, known := seen[name]; !known {
				seen[name] = len(columns)
				columns = append(columns, name)
			}
			row[name] = cell(value)
		})
		if err != nil {
			return nil, 0, err
		}
		table = append(table, row)
	}
	var b bytes.Buffer
	b.WriteString("\ufeff")
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	record := make([]string, len(columns))
	for i, c := range columns {
		record[i] = defuse(c)
	}
	if len(columns) > 0 {
		_ = w.Write(record) // into memory: cannot fail
	}
	for _, row := range table {
		for i, c := range columns {
			record[i] = row[c]
		}
		if len(record) == 1 && record[0] == "" {
			w.Flush()
			b.WriteString("\"\"\r\n") // an empty line is no row to many readers
			continue
		}
		_ = w.Write(record)
	}
	w.Flush()
	return b.Bytes(), len(table), w.Error()
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

// cell is a value as a cell's text: texts as they are, null empty, lists of simple values joined, the rest as JSON.
func cell(value json.RawMessage) string {
	if s, ok := simple(value); ok {
		if len(value) > 0 && value[0] == '"' {
			s = defuse(s)
		}
		return s
	}
	var list []json.RawMessage
	if json.Unmarshal(value, &list) == nil {
		parts := make([]string, len(list))
		for i, v := range list {
			s, ok := simple(v)
			if !ok {
				return compactJSON(value)
			}
			parts[i] = s
		}
		return defuse(strings.Join(parts, "; "))
	}
	return compactJSON(value)
}

// simple returns the text of a JSON value that is neither an object nor a list.
func simple(value json.RawMessage) (string, bool) {
	switch v := strings.TrimSpace(string(value)); {
	case v == "null":
		return "", true
	case v == "true":
		return "True", true // as PowerShell writes it
	case v == "false":
		return "False", true
	case strings.HasPrefix(v, `"`):
		var s string
		err := json.Unmarshal(value, &s)
		return s, err == nil
	case strings.HasPrefix(v, "{"), strings.HasPrefix(v, "["):
		return "", false
	default:
		return v, true
	}
}

func compactJSON(value json.RawMessage) string {
	var b bytes.Buffer
	if json.Compact(&b, value) != nil {
		return string(value)
	}
	return b.String()
}

// defuse puts an apostrophe before a text that a spreadsheet would calculate. A text that is a number stays: it calculates
// to itself.
func defuse(s string) string {
	if s == "" || !strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return s
	}
	if _, err := strconv.ParseFloat(s, 64); err == nil {
		return s
	}
	return "'" + s
}
