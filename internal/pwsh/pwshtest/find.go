// Package pwshtest is for tests that need a real PowerShell.
package pwshtest

import (
	"os"
	"testing"

	"github.com/microsoft-master/mm/internal/pwsh"
)

// Find returns the path of pwsh, as pwsh.Find does. Where there is none, it skips the test; with MM_REQUIRE_PWSH=1, as in CI, it
// fails it.
func Find(t testing.TB) string {
	t.Helper()
	path, err := pwsh.Find()
	switch {
	case err == nil:
	case os.Getenv("MM_REQUIRE_PWSH") == "1":
		t.Fatal("MM_REQUIRE_PWSH=1: ", err)
	default:
		t.Skip("needs PowerShell: put pwsh on PATH, or set MM_PWSH")
	}
	return path
}
