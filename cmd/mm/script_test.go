package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	mm "github.com/microsoft-master/mm"
)

func TestScriptsAreRead(t *testing.T) {
	long := strings.Repeat("x", mm.MaxScript)
	for _, c := range []struct{ name, raw, want, refused string }{
		{"UTF-8", "Get-Mailbox 'ä'\n", "Get-Mailbox 'ä'\n", ""},
		{"with a byte order mark", "\ufeffGet-Mailbox", "Get-Mailbox", ""},
		{"UTF-16, as editors on Windows write it", "\xff\xfeA\x00\xe4\x00", "Aä", ""},
		{"UTF-16 of the other order", "\xfe\xff\x00A", "A", ""},
		{"as long as it may be", long, long, ""},
		{"too long", long + "x", "", "longer than 64 KiB"},
		{"much too long", strings.Repeat(long, 4), "", "longer than 64 KiB"},
		{"neither", "A\xe4", "", "save it as UTF-8"},
		{"empty", " \n", "", "is empty"},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "x.ps1")
			if err := os.WriteFile(file, []byte(c.raw), 0o600); err != nil {
				t.Fatal(err)
			}
			fromFile, err := readScript("", file, nil, nil)
			fromInput, inputErr := readScript("-", "", strings.NewReader(c.raw), nil)
			for _, e := range []error{err, inputErr} {
				var usage usageError
				if (c.refused == "") != (e == nil) || e != nil && (!errors.As(e, &usage) || !strings.Contains(e.Error(), c.refused)) {
					t.Errorf("got %v", e)
				}
			}
			if fromFile != c.want || fromInput != c.want {
				t.Errorf("got %.40q and %.40q", fromFile, fromInput)
			}
		})
	}
}

func TestACommandIsItself(t *testing.T) {
	if got, err := readScript("Get-Mailbox", "", nil, nil); err != nil || got != "Get-Mailbox" {
		t.Errorf("%v, %q", err, got)
	}
	for _, c := range []struct{ command, file string }{{strings.Repeat("x", mm.MaxScript+1), ""}, {"", "/no/such/file"}} {
		if _, err := readScript(c.command, c.file, new(bytes.Buffer), nil); exitCode(new(bytes.Buffer), err) != exitUsage {
			t.Errorf("%.10s %s: %v", c.command, c.file, err)
		}
	}
}
