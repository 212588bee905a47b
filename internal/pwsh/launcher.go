package pwsh

import (
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"

	mm "github.com/microsoft-master/mm"
)

// Config says where a Launcher finds and keeps things. The folders are made with mode 0700 where they are missing.
type Config struct {
	Pwsh     string // path of PowerShell 7.4 or later; empty: what Find finds
	CacheDir string // the compiled host
	StateDir string // the compiled host's hash; the homes of azure sessions
	RunDir   string // sockets; their paths may have 100 bytes, so this one about 80
	Home     string // the person's real home folder; empty: os.UserHomeDir
	// Env returns what a session's environment has besides, as KEY=VALUE; it wins. May be nil.
	Env     func(mm.LaunchSpec) []string
	Culture string       // of messages and numbers; empty: en-US, because programs read them
	Log     *slog.Logger // nil: nothing is logged
}

// A Launcher starts PowerShell processes: an mm.Launcher. It may be used from any goroutine.
type Launcher struct {
	Config
}

// New returns a launcher. The error is an *mm.Error with code launch_failed: there is no PowerShell, or a folder is missing.
func New(c Config) (*Launcher, error) {
	var err error
	if c.Pwsh == "" {
		if c.Pwsh, err = Find(); err != nil {
			return nil, err
		}
	}
	if c.Home == "" {
		if c.Home, err = os.UserHomeDir(); err != nil {
			return nil, failed("Set HOME.", "There is no home folder: %v.", err)
		}
	}
	if c.Culture == "" {
		c.Culture = "en-US"
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	for _, dir := range []*string{&c.CacheDir, &c.StateDir, &c.RunDir} {
		if *dir == "" {
			return nil, failed("Set all folders of pwsh.Config.", "A folder of the launcher's configuration is empty.")
		}
		if *dir, err = privateDir(*dir); err != nil {
			return nil, failed("Make the folder, or choose another.", "%v.", err)
		}
	}
	return &Launcher{c}, nil
}

// privateDir sees to it that dir exists and is nobody else's to look into, and returns its absolute path.
func privateDir(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	info, err := os.Stat(dir)
	if err != nil {
		return "", err
	}
	if info.Mode().Perm()&0o077 != 0 {
		err = os.Chmod(dir, 0o700)
	}
	return dir, err
}

// Find returns the path of PowerShell: MM_PWSH, else pwsh on the PATH, else in the places where installers put it. The error
// is an *mm.Error with code launch_failed that says how to install it.
func Find() (string, error) {
	if path := os.Getenv("MM_PWSH"); path != "" {
		found, err := exec.LookPath(path)
		if err != nil {
			return "", failed("Correct or unset MM_PWSH.", "MM_PWSH names %s, which cannot be run: %v.", path, err)
		}
		return filepath.Abs(found)
	}
	places := []string{"pwsh", "/opt/microsoft/powershell/7/pwsh", "/usr/bin/pwsh", "/usr/local/bin/pwsh", "/snap/bin/pwsh",
		"/opt/homebrew/bin/pwsh", "/home/linuxbrew/.linuxbrew/bin/pwsh"}
	if home, err := os.UserHomeDir(); err == nil {
		places = append(places, filepath.Join(home, ".dotnet/tools/pwsh"))
	}
	for _, place := range places {
		if found, err := exec.LookPath(place); err == nil {
			return filepath.Abs(found)
		}
	}
	return "", failed("Install it as https://aka.ms/install-powershell says, or set MM_PWSH to the path of pwsh.",
		"PowerShell 7 (pwsh) was not found on the PATH or in the usual places.")
}

// failed makes the error of a launch that did not succeed.
func failed(remedy, format string, args ...any) *mm.Error {
	return &mm.Error{Code: mm.LaunchFailed, Message: fmt.Sprintf(format, args...), Remedy: remedy, Executed: mm.ExecutedNo}
}
