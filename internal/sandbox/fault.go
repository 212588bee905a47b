package sandbox

import (
	"fmt"
	"strings"

	mm "github.com/microsoft-master/mm"
)

// A Fault is what the switchboard does to a command.
type Fault struct {
	Kind FaultKind `json:"fault"`
	// Seconds is how long slow, hang, thread-sleep and no-code last; 0: the default of FaultKind.
	Seconds float64 `json:"seconds,omitempty"`
	// Account is who signs in where the fault is wrong-account; empty: another account of the same tenant.
	Account string `json:"account,omitempty"`
	// Times is how often the fault happens, over all processes; 0: always. At most MaxTimes.
	Times int `json:"times,omitempty"`
	// Batch tells the faults of one Set from those of the next: claims are counted under it. Set fills it in.
	Batch string `json:"batch,omitempty"`
}

// A FaultKind is a kind of fault.
type FaultKind string

// The kinds. The last three happen to connect commands only, noise and expired to all others only, the rest to every command.
const (
	FaultSlow         FaultKind = "slow"          // wait Seconds (2), interruptibly, then go on
	FaultHang         FaultKind = "hang"          // wait Seconds (a day), interruptibly, then go on
	FaultThreadSleep  FaultKind = "thread-sleep"  // wait Seconds (60) in [Threading.Thread]::Sleep: not interruptible
	FaultThrow        FaultKind = "throw"         // a terminating error
	FaultDie          FaultKind = "die"           // the process kills itself with SIGKILL
	FaultNoise        FaultKind = "noise"         // text on every stream and the console, then go on
	FaultExpired      FaultKind = "expired"       // the sign-in is gone
	FaultWrongAccount FaultKind = "wrong-account" // another account signs in
	FaultNoCode       FaultKind = "no-code"       // no code is shown; wait Seconds (a day), interruptibly, then fail
	FaultDenied       FaultKind = "denied"        // the person declines
)

// FaultKinds lists all kinds.
func FaultKinds() []FaultKind {
	return []FaultKind{FaultSlow, FaultHang, FaultThreadSleep, FaultThrow, FaultDie, FaultNoise, FaultExpired,
		FaultWrongAccount, FaultNoCode, FaultDenied}
}

// MaxTimes bounds Fault.Times: every time is one small file.
const MaxTimes = 1000

// applies reports whether the fault can happen to the command.
func (k FaultKind) applies(command string) bool {
	connecting := len(command) > 8 && strings.EqualFold(command[:8], "Connect-")
	switch k {
	case FaultWrongAccount, FaultNoCode, FaultDenied:
		return connecting
	case FaultNoise, FaultExpired:
		return !connecting
	}
	return true
}

// check returns an error that says what is wrong with a fault that somebody wants to set.
func (f Fault) check() error {
	known := false
	for _, k := range FaultKinds() {
		known = known || f.Kind == k
	}
	switch {
	case !known:
		return fmt.Errorf("sandbox: %q is not a fault; the faults are %v", f.Kind, FaultKinds())
	case f.Seconds < 0 || f.Seconds > 86400:
		return fmt.Errorf("sandbox: a fault lasts 0 to 86400 seconds, not %v", f.Seconds)
	case f.Times < 0 || f.Times > MaxTimes:
		return fmt.Errorf("sandbox: a fault happens 0 to %d times, not %d", MaxTimes, f.Times)
	}
	return nil
}

// checkTarget returns an error where target is not "*", "MODULE/*" or "MODULE/COMMAND", with or without "CONNECTION:" before
// it.
func checkTarget(target string) error {
	if _, rest, ok := strings.Cut(target, ":"); ok {
		target = rest
	}
	if target == "*" {
		return nil
	}
	module, command, ok := strings.Cut(target, "/")
	if _, known := mm.ParseModule(module); !ok || !known || command == "" {
		return fmt.Errorf("sandbox: %q names no command; write *, MODULE/* or MODULE/COMMAND (modules: %v), "+
			"with CONNECTION: before it for one connection only", target, mm.Modules())
	}
	return nil
}

// targets lists what a command is found under, the most exact first.
func targets(connection string, module mm.Module, command string) []string {
	var out []string
	for _, prefix := range []string{connection + ":", ""} {
		if prefix == ":" {
			continue
		}
		out = append(out, prefix+string(module)+"/"+command, prefix+string(module)+"/*", prefix+"*")
	}
	return out
}
