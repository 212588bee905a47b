package pwsh

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

//go:embed host/*.cs
var hostFiles embed.FS

//go:embed bootstrap.ps1
var bootstrap string

//go:embed compile.ps1
var compileScript string

// hostSource returns the host as one file, because Add-Type compiles each file by itself. The files have their using lines
// and one file-scoped namespace at the top.
func hostSource() string {
	entries, err := hostFiles.ReadDir("host")
	if err != nil {
		panic(err) // it is embedded
	}
	var usings []string
	var body strings.Builder
	for _, entry := range entries {
		text, err := hostFiles.ReadFile("host/" + entry.Name())
		if err != nil {
			panic(err)
		}
		fmt.Fprintf(&body, "#line 1 %q\n", entry.Name())
		for line := range strings.Lines(string(text)) {
			switch trimmed := strings.TrimSpace(line); {
			case strings.HasPrefix(line, "using ") && strings.HasSuffix(trimmed, ";"):
				usings = append(usings, trimmed)
				body.WriteByte('\n') // so that the compiler's line numbers are right
			case trimmed == "namespace MM;":
				body.WriteByte('\n')
			default:
				body.WriteString(line)
			}
		}
	}
	slices.Sort(usings)
	return strings.Join(slices.Compact(usings), "\n") + "\nnamespace MM;\n" + body.String()
}

// digest returns the SHA-256 of texts as hexadecimal digits.
func digest(texts ...string) string {
	h := sha256.New()
	for _, t := range texts {
		fmt.Fprintf(h, "%d:%s", len(t), t)
	}
	return hex.EncodeToString(h.Sum(nil))
}
