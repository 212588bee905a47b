package sandbox

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	mm "github.com/microsoft-master/mm"
)

// A Switchboard holds the faults of a sandbox in DIR/switchboard.json, which the PowerShell modules and the Go engine look
// up before each command:
//
//	{"exo/Get-Mailbox": {"fault": "slow", "seconds": 5}, "Contoso-GA:pnp/*": {"fault": "die", "times": 1}}
//
// A key is "*", "MODULE/*" or "MODULE/COMMAND", for one connection only with "CONNECTION:" before it. Requests to the services
// are under "SERVICE/REQUEST", see Requests; "*" is all commands, and no request. The most exact key wins; letter case does not
// count. The file may be edited by hand. A fault with times is claimed by making one file per
// time in DIR/claims, so that processes that die still count.
//
// A Switchboard may be used from any goroutine; two of the same folder see each other's faults, but must not set any at
// the same time.
type Switchboard struct {
	dir string

	mu     sync.Mutex
	seen   fs.FileInfo // of the file that faults came from; nil: there was none
	faults map[string]Fault
}

// OpenSwitchboard returns the switchboard of a sandbox's folder.
func OpenSwitchboard(dir string) *Switchboard { return &Switchboard{dir: dir} }

func (s *Switchboard) path() string   { return filepath.Join(s.dir, "switchboard.json") }
func (s *Switchboard) claims() string { return filepath.Join(s.dir, "claims") }

// Set makes the fault happen to the target from its next command on, in place of what was set for it.
func (s *Switchboard) Set(target string, f Fault) error {
	if err := checkTarget(target); err != nil {
		return err
	}
	if err := f.check(target); err != nil {
		return err
	}
	f.Batch = hex.EncodeToString(random(8))
	return s.change(func(faults map[string]Fault) {
		removeFold(faults, target)
		faults[target] = f
	})
}

// Clear ends the faults of the targets; without targets, all.
func (s *Switchboard) Clear(targets ...string) error {
	return s.change(func(faults map[string]Fault) {
		if len(targets) == 0 {
			clear(faults)
		}
		for _, t := range targets {
			removeFold(faults, t)
		}
	})
}

// Faults returns what is set, by target.
func (s *Switchboard) Faults() (map[string]Fault, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.read(); err != nil {
		return nil, err
	}
	out := make(map[string]Fault, len(s.faults))
	for k, f := range s.faults {
		out[k] = f
	}
	return out, nil
}

// Lookup returns the fault that happens to the command now, and counts it. A file that cannot be read is an error, not a
// command without faults: a test would pass for the wrong reason.
func (s *Switchboard) Lookup(connection string, module mm.Module, command string) (Fault, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.read(); err != nil {
		return Fault{}, false, err
	}
	if len(s.faults) == 0 {
		return Fault{}, false, nil
	}
	for _, target := range targets(connection, module, command) {
		f, ok := findFold(s.faults, target)
		if !ok || !f.Kind.applies(command) {
			continue
		}
		if ok, err := s.claim(f); ok || err != nil {
			return f, ok, err
		}
	}
	return Fault{}, false, nil
}

// LookupRequest returns the fault that happens to a request now, and counts it. callers are the names of whoever asks, as they
// may stand before the colon; requests what the request is found under, the most exact first.
func (s *Switchboard) LookupRequest(callers []string, service string, requests []string) (Fault, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.read(); err != nil {
		return Fault{}, false, err
	}
	if len(s.faults) == 0 {
		return Fault{}, false, nil
	}
	for _, prefix := range append(callers, "") {
		if prefix != "" {
			prefix += ":"
		}
		for _, request := range append(requests, "*") {
			f, ok := findFold(s.faults, prefix+service+"/"+request)
			if !ok {
				continue
			}
			if ok, err := s.claim(f); ok || err != nil {
				return f, ok, err
			}
		}
	}
	return Fault{}, false, nil
}

// claim counts one time of the fault and reports whether there was one left.
func (s *Switchboard) claim(f Fault) (bool, error) {
	if f.Times == 0 {
		return true, nil
	}
	if err := os.MkdirAll(s.claims(), 0o700); err != nil {
		return false, fmt.Errorf("sandbox: counting a fault: %w", err)
	}
	for i := range min(f.Times, MaxTimes) {
		file, err := os.OpenFile(filepath.Join(s.claims(), f.Batch+"."+strconv.Itoa(i+1)), os.O_CREATE|os.O_EXCL, 0o600)
		if err == nil {
			return true, file.Close()
		}
		if !errors.Is(err, fs.ErrExist) {
			return false, fmt.Errorf("sandbox: counting a fault: %w", err)
		}
	}
	return false, nil
}

// read brings faults up to date with the file. It costs one stat where nothing changed.
func (s *Switchboard) read() error {
	info, err := os.Stat(s.path())
	if errors.Is(err, fs.ErrNotExist) {
		s.seen, s.faults = nil, nil
		return nil
	}
	if err != nil {
		return fmt.Errorf("sandbox: the switchboard: %w", err)
	}
	if s.seen != nil && os.SameFile(s.seen, info) && s.seen.ModTime().Equal(info.ModTime()) && s.seen.Size() == info.Size() {
		return nil
	}
	text, err := os.ReadFile(s.path())
	if err != nil {
		return fmt.Errorf("sandbox: the switchboard: %w", err)
	}
	var faults map[string]Fault
	if err := json.Unmarshal(text, &faults); err != nil {
		return fmt.Errorf("sandbox: the switchboard %s: %w", s.path(), err)
	}
	s.seen, s.faults = info, faults
	return nil
}

// change writes the file anew, whole or not at all, and drops the claims of faults that are gone.
func (s *Switchboard) change(edit func(map[string]Fault)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.read(); err != nil {
		return err
	}
	faults := map[string]Fault{}
	for k, f := range s.faults {
		faults[k] = f
	}
	edit(faults)
	if err := writeJSON(s.path(), faults); err != nil {
		return err
	}
	return s.sweep(faults)
}

func (s *Switchboard) sweep(faults map[string]Fault) error {
	live := map[string]bool{}
	for _, f := range faults {
		live[f.Batch] = true
	}
	claims, err := os.ReadDir(s.claims())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("sandbox: counting faults: %w", err)
	}
	for _, c := range claims {
		if batch, _, _ := strings.Cut(c.Name(), "."); !live[batch] {
			if err := os.Remove(filepath.Join(s.claims(), c.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("sandbox: counting faults: %w", err)
			}
		}
	}
	return nil
}

func findFold(faults map[string]Fault, target string) (Fault, bool) {
	for k, f := range faults {
		if strings.EqualFold(k, target) {
			return f, true
		}
	}
	return Fault{}, false
}

func removeFold(faults map[string]Fault, target string) {
	for k := range faults {
		if strings.EqualFold(k, target) {
			delete(faults, k)
		}
	}
}
