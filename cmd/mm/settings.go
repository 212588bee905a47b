package main

import (
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	mm "github.com/microsoft-master/mm"
	mmhttp "github.com/microsoft-master/mm/http"
)

// An environ is what the process was started in. Subcommands read it through settings.
type environ struct {
	getenv func(string) string
	list   []string          // KEY=VALUE
	flags  map[string]string // the flags that stand for variables, by the variable's name
}

// with returns the environment with a flag in place of a variable.
func (e *environ) with(variable, flag, value string) *environ {
	flags := maps.Clone(e.flags)
	if flags == nil {
		flags = map[string]string{}
	}
	flags[variable] = flag
	return &environ{flags: flags, list: e.list, getenv: func(name string) string {
		if name == variable {
			return value
		}
		return e.getenv(name)
	}}
}

// called is what people set: the variable, or the flag that stands for it.
func (e *environ) called(variable string) string {
	if flag := e.flags[variable]; flag != "" {
		return flag
	}
	return variable
}

func newEnviron() *environ { return &environ{getenv: os.Getenv, list: os.Environ()} }

// settings are what the environment says, with the defaults in place. Their names and meanings are the Python version's.
type settings struct {
	Home     string
	Registry string // ~/.m365-connections.json
	StateDir string // SESSION_POOL_STATE_DIR, ~/.m365-state
	LogDir   string // SESSION_POOL_LOG_DIR, ~/.m365-logs
	Socket   string // in StateDir, or below XDG_RUNTIME_DIR
	Host     string // SESSION_POOL_HOST, 127.0.0.1
	Port     int    // SESSION_POOL_PORT, 5200
	LogLevel string // SESSION_POOL_LOG_LEVEL, INFO
	// NoAuth is SESSION_POOL_AUTH=none: POST over TCP needs no token.
	NoAuth  bool
	Timeout time.Duration // COMMAND_TIMEOUT, 300 s: of commands that name none
	Only    string        // M365_CONNECTION: serve just this connection
	URL     string        // MM_SESSION_POOL_URL: where the pool is, and then none is started
	Token   mm.Secret     // MM_SESSION_POOL_TOKEN, for URL
	GoOnly  bool          // MM_SANDBOX_ENGINE=go: sandbox connections run on the Go engine
	// TokenKey is MM_TOKEN_KEY: encrypts the token caches in place of the key file's.
	TokenKey mm.Secret
}

// read returns the settings, or an error that names the variable and what it may be.
func (e *environ) read() (settings, error) {
	s := settings{
		Home:     e.getenv("HOME"),
		Host:     e.or("SESSION_POOL_HOST", "127.0.0.1"),
		LogLevel: strings.ToUpper(e.or("SESSION_POOL_LOG_LEVEL", "INFO")),
		Only:     e.getenv("M365_CONNECTION"),
		URL:      e.getenv("MM_SESSION_POOL_URL"),
		Token:    mm.NewSecret(e.getenv("MM_SESSION_POOL_TOKEN")),
		TokenKey: mm.NewSecret(strings.TrimSpace(e.getenv("MM_TOKEN_KEY"))),
	}
	if !filepath.IsAbs(s.Home) {
		return s, usageError{fmt.Errorf("HOME is %q; set it to the absolute path of your home folder", s.Home)}
	}
	s.Registry = filepath.Join(s.Home, ".m365-connections.json")
	s.StateDir = e.or("SESSION_POOL_STATE_DIR", filepath.Join(s.Home, ".m365-state"))
	s.LogDir = e.or("SESSION_POOL_LOG_DIR", filepath.Join(s.Home, ".m365-logs"))
	for _, dir := range []*string{&s.StateDir, &s.LogDir} {
		abs, err := filepath.Abs(*dir)
		if err != nil {
			return s, err
		}
		*dir = abs
	}
	s.Socket = mmhttp.SocketPath(s.StateDir, e.getenv)
	for _, n := range []struct {
		name           string
		def, low, high int
		set            func(int)
	}{
		{"SESSION_POOL_PORT", 5200, 1, 65535, func(n int) { s.Port = n }},
		{"COMMAND_TIMEOUT", 300, 1, 86400, func(n int) { s.Timeout = time.Duration(n) * time.Second }},
	} {
		v, err := strconv.Atoi(e.or(n.name, strconv.Itoa(n.def)))
		if err != nil || v < n.low || v > n.high {
			return s, usageError{fmt.Errorf("%s is %q; set it to a number from %d to %d", e.called(n.name), e.getenv(n.name), n.low, n.high)}
		}
		n.set(v)
	}
	if _, ok := logLevels[s.LogLevel]; !ok {
		return s, usageError{fmt.Errorf("%s is %q; set it to DEBUG, INFO, WARNING, ERROR or CRITICAL",
			e.called("SESSION_POOL_LOG_LEVEL"), s.LogLevel)}
	}
	var err error
	if s.NoAuth, err = e.choice("SESSION_POOL_AUTH", "token", "none"); err != nil {
		return s, err
	}
	s.GoOnly, err = e.choice("MM_SANDBOX_ENGINE", "pwsh", "go")
	return s, err
}

// or returns the variable's value, or def where it is empty.
func (e *environ) or(name, def string) string {
	if v := strings.TrimSpace(e.getenv(name)); v != "" {
		return v
	}
	return def
}

// choice reports whether the variable has the value other and not usual, which is the default.
func (e *environ) choice(name, usual, other string) (bool, error) {
	switch v := strings.ToLower(e.or(name, usual)); v {
	case usual:
		return false, nil
	case other:
		return true, nil
	default:
		return false, usageError{fmt.Errorf("%s is %q; set it to %s or %s", name, v, usual, other)}
	}
}

func (s settings) lockPath() string  { return filepath.Join(s.StateDir, "mm.lock") }
func (s settings) tokenPath() string { return filepath.Join(s.StateDir, "pool-token") }

// tokensDir is where the token caches of all connections are.
func (s settings) tokensDir() string { return filepath.Join(s.Home, ".mm-graph-tokens") }

// filesDir is where the files are that graph requests send and receive.
func (s settings) filesDir() string { return filepath.Join(s.StateDir, "files") }

// runDir is where the sockets of PowerShell processes are, beside the daemon's.
func (s settings) runDir() string { return filepath.Join(filepath.Dir(s.Socket), "run") }

// logPath is where a daemon in the background logs.
func (s settings) logPath() string {
	name := s.Only
	if name == "" {
		name = "unified"
	}
	return filepath.Join(s.LogDir, "session-pool-"+name+".log")
}

// address is where the daemon listens on TCP.
func (s settings) address() string { return net.JoinHostPort(s.Host, strconv.Itoa(s.Port)) }

// loopback reports whether only this machine can reach address.
func (s settings) loopback() bool {
	ip := net.ParseIP(s.Host)
	return s.Host == "localhost" || (ip != nil && ip.IsLoopback())
}
