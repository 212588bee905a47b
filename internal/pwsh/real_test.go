//go:build linux

package pwsh_test

import (
	"os"
	"testing"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/enginetest"
	"github.com/microsoft-master/mm/internal/pwsh"
	"github.com/microsoft-master/mm/internal/pwsh/pwshtest"
)

// cacheDir holds the compiled host for all tests of one run.
var cacheDir string

func TestMain(m *testing.M) {
	if script := os.Getenv(superviseVariable); script != "" {
		supervise(script, os.Getenv("PWSH_TEST_DIR"))
	}
	dir, err := os.MkdirTemp("", "mm")
	if err != nil {
		panic(err)
	}
	cacheDir = dir
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// newLauncher returns a launcher of the real engine, with the host compiled.
func newLauncher(t testing.TB) *pwsh.Launcher {
	t.Helper()
	l, err := pwsh.New(pwsh.Config{Pwsh: pwshtest.Find(t), CacheDir: cacheDir, StateDir: cacheDir, RunDir: cacheDir})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Compile(t.Context()); err != nil {
		t.Fatal(err)
	}
	return l
}

// exo is what most tests launch.
var exo = mm.LaunchSpec{Session: mm.SessionID{Connection: "Test", Module: mm.Exchange}}

func TestTheRealEngineKeepsTheContract(t *testing.T) {
	pwshtest.Find(t)
	enginetest.Run(t, func(t *testing.T) (mm.Launcher, mm.LaunchSpec) {
		return newLauncher(t), exo
	})
}
