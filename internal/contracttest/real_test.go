//go:build unix

package contracttest_test

import (
	"os"
	"path/filepath"
	"testing"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/contracttest"
	"github.com/microsoft-master/mm/internal/pwsh"
	"github.com/microsoft-master/mm/internal/pwsh/pwshtest"
	"github.com/microsoft-master/mm/internal/sandbox"
)

func TestOldClientsFindWhatTheyHadOnARealPowerShell(t *testing.T) {
	path := pwshtest.Find(t)
	t.Parallel()
	dir, err := os.MkdirTemp("", "mm") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	box := newSandbox(t, sandbox.Options{})
	launcher, err := pwsh.New(pwsh.Config{Pwsh: path, CacheDir: dir, StateDir: dir, RunDir: filepath.Join(dir, "r"), Home: box.Home(),
		Env: func(spec mm.LaunchSpec) []string { return []string{sandbox.ConnectionEnv + "=" + spec.Connection.Name} }})
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, box, 0, launcher)
	w.SignIn, w.LoginURL = box.Entra().Approve, box.PageURL()
	contracttest.CompatReal(t, front(w, overSocket(t, w)))
}
