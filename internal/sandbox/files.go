package sandbox

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// writeJSON writes v to path, whole or not at all: aside first, then renamed. Only the owner can read it.
func writeJSON(path string, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("sandbox: writing %s: %w", path, err)
	}
	return writeFile(path, append(text, '\n'))
}

func writeFile(path string, text []byte) error {
	aside, err := os.CreateTemp(filepath.Dir(path), ".new-*") // 0600
	if err != nil {
		return fmt.Errorf("sandbox: writing %s: %w", path, err)
	}
	defer func() { _ = os.Remove(aside.Name()) }() // gone already where all went well
	_, err = aside.Write(text)
	if closing := aside.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Rename(aside.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("sandbox: writing %s: %w", path, err)
	}
	return nil
}
