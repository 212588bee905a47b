package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	mm "github.com/microsoft-master/mm"
)

// readScript returns the command's text: of a file where one is named, of stdin where command is -, else command itself.
// Where stdin is a terminal it says on stderr how to go on.
func readScript(command, file string, stdin io.Reader, stderr io.Writer) (string, error) {
	switch {
	case file != "":
		f, err := os.Open(file)
		if err != nil {
			return "", usageError{fmt.Errorf("the script cannot be read: %w", err)}
		}
		defer func() { _ = f.Close() }()
		return scriptOf(f, file)
	case command == "-":
		if f, ok := stdin.(*os.File); ok && newScreen(f).terminal() {
			fmt.Fprintln(stderr, "Type the command; Ctrl-D at the beginning of a line ends it.")
		}
		return scriptOf(stdin, "standard input")
	case len(command) > mm.MaxScript:
		return "", tooLong("the command")
	}
	return command, nil
}

func tooLong(what string) error {
	return usageError{fmt.Errorf("%s is longer than %d KiB; run it in parts, or let it read its data from a file", what, mm.MaxScript>>10)}
}

// scriptOf reads a script: UTF-8, or UTF-16 with a byte order mark, as editors on Windows write it.
func scriptOf(r io.Reader, name string) (string, error) {
	const most = 2*mm.MaxScript + 2 // in UTF-16
	raw, err := io.ReadAll(io.LimitReader(r, most+1))
	if err != nil {
		return "", fmt.Errorf("%s cannot be read: %w", name, err)
	}
	text, err := decodeScript(raw)
	switch {
	case len(raw) > most || len(text) > mm.MaxScript:
		return "", tooLong(name)
	case err != nil:
		return "", usageError{fmt.Errorf("%s: %w", name, err)}
	case strings.TrimSpace(text) == "":
		return "", usageError{fmt.Errorf("%s is empty; it must have a command", name)}
	}
	return text, nil
}

func decodeScript(raw []byte) (string, error) {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(raw, []byte{0xff, 0xfe}):
		order = binary.LittleEndian
	case bytes.HasPrefix(raw, []byte{0xfe, 0xff}):
		order = binary.BigEndian
	default:
		text := string(bytes.TrimPrefix(raw, []byte("\ufeff")))
		if !utf8.ValidString(text) {
			return "", errors.New("it is neither UTF-8 nor UTF-16; save it as UTF-8")
		}
		return text, nil
	}
	units := make([]uint16, 0, len(raw)/2)
	for i := 2; i+1 < len(raw); i += 2 {
		units = append(units, order.Uint16(raw[i:]))
	}
	return string(utf16.Decode(units)), nil
}
