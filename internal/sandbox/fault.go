package sandbox

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	mm "github.com/microsoft-master/mm"
)

// A Fault is what the switchboard does to a command, or to a request.
type Fault struct {
	Kind FaultKind `json:"fault"`
	// Seconds is how long slow, hang, thread-sleep, no-code and stall last, 0: the default of FaultKind; the Retry-After of HTTP
	// kinds.
	Seconds float64 `json:"seconds,omitempty"`
	// Account is who signs in where the fault is wrong-account; empty: another account of the same tenant.
	Account string `json:"account,omitempty"`
	// Times is how often the fault happens, over all processes; 0: always. At most MaxTimes.
	Times int `json:"times,omitempty"`
	// Batch tells the faults of one Set from those of the next: claims are counted under it. Set fills it in.
	Batch string `json:"batch,omitempty"`
}

// A FaultKind is a kind of fault. Some happen to commands of the modules only, some to requests to the services (entra, graph,
// flow) only.
type FaultKind string

// The kinds for commands; slow, hang and expired are for requests, too. The last three happen to connect commands only, noise
// and expired to all others only, the rest to every command.
const (
	FaultSlow         FaultKind = "slow"          // wait Seconds (2), interruptibly, then go on
	FaultHang         FaultKind = "hang"          // wait Seconds (a day), interruptibly, then go on
	FaultThreadSleep  FaultKind = "thread-sleep"  // wait Seconds (60) in [Threading.Thread]::Sleep: not interruptible
	FaultThrow        FaultKind = "throw"         // a terminating error
	FaultDie          FaultKind = "die"           // the process kills itself with SIGKILL
	FaultNoise        FaultKind = "noise"         // text on every stream and the console, then go on
	FaultExpired      FaultKind = "expired"       // the sign-in is gone; of a request: its token
	FaultWrongAccount FaultKind = "wrong-account" // another account signs in
	FaultNoCode       FaultKind = "no-code"       // no code is shown; wait Seconds (a day), interruptibly, then fail
	FaultDenied       FaultKind = "denied"        // the person declines
)

// The kinds for requests, besides AADSTS and HTTP with a number (FaultAADSTS, FaultHTTP).
const (
	FaultReset   FaultKind = "reset"   // the connection breaks before anything was done
	FaultCut     FaultKind = "cut"     // the request is carried out, and the connection breaks in the middle of the answer
	FaultStall   FaultKind = "stall"   // the request is carried out, and the answer stops in the middle for Seconds (a day)
	FaultGarbage FaultKind = "garbage" // 200 with a page of somebody in between, in place of the answer
	FaultEmpty   FaultKind = "empty"   // 200 with nothing
	FaultClaims  FaultKind = "claims"  // Graph and Flow demand a sign-in with claims, of tokens that are of none
	FaultRevoked FaultKind = "revoked" // Entra ends the account's sign-ins for good, as Entra.Revoke does
)

// FaultAADSTS is Entra's refusal with that code: AADSTS65001.
func FaultAADSTS(code int) FaultKind { return FaultKind("AADSTS" + strconv.Itoa(code)) }

// FaultHTTP is an answer of that status: HTTP503. Fault.Seconds is its Retry-After, none where that is 0.
func FaultHTTP(status int) FaultKind { return FaultKind("HTTP" + strconv.Itoa(status)) }

// FaultKinds lists the kinds for commands.
func FaultKinds() []FaultKind {
	return []FaultKind{FaultSlow, FaultHang, FaultThreadSleep, FaultThrow, FaultDie, FaultNoise, FaultExpired,
		FaultWrongAccount, FaultNoCode, FaultDenied}
}

// RequestFaultKinds lists the kinds for requests to a service, but for those with a number.
func RequestFaultKinds(service string) []FaultKind {
	kinds := []FaultKind{FaultSlow, FaultHang, FaultReset, FaultCut, FaultStall, FaultGarbage, FaultEmpty}
	if service == entraService {
		return append(kinds, FaultRevoked)
	}
	return append(kinds, FaultExpired, FaultClaims)
}

// number returns the number of AADSTS and HTTP kinds.
func (k FaultKind) number(prefix string) (int, bool) {
	digits, ok := strings.CutPrefix(string(k), prefix)
	n, err := strconv.Atoi(digits)
	return n, ok && err == nil && n > 0
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

// check returns an error that says what is wrong with a fault that somebody wants to set for a target.
func (f Fault) check(target string) error {
	kinds, numbered := FaultKinds(), ""
	if service := serviceOf(target); service != "" {
		kinds, numbered = RequestFaultKinds(service), " and HTTP503 or any other status"
		if service == entraService {
			numbered = ", HTTP503 or any other status, and AADSTS50076 or any other code"
		}
	}
	status, isHTTP := f.Kind.number("HTTP")
	_, isAADSTS := f.Kind.number("AADSTS")
	known := slices.Contains(kinds, f.Kind) || isHTTP && numbered != "" && status >= 400 && status <= 599 ||
		isAADSTS && serviceOf(target) == entraService
	switch {
	case !known:
		return fmt.Errorf("sandbox: %q is not a fault of %s; the faults are %v%s", f.Kind, target, kinds, numbered)
	case f.Seconds < 0 || f.Seconds > 86400:
		return fmt.Errorf("sandbox: a fault lasts 0 to 86400 seconds, not %v", f.Seconds)
	case f.Times < 0 || f.Times > MaxTimes:
		return fmt.Errorf("sandbox: a fault happens 0 to %d times, not %d", MaxTimes, f.Times)
	}
	return nil
}

// The services that requests go to.
const (
	entraService = "entra"
	graphService = "graph"
	flowService  = "flow"
)

// unprefixed is the target without its CONNECTION:. A colon behind a slash belongs to a path.
func unprefixed(target string) string {
	if prefix, rest, ok := strings.Cut(target, ":"); ok && !strings.Contains(prefix, "/") {
		return rest
	}
	return target
}

// serviceOf is the service that a target is of; empty: it is of commands.
func serviceOf(target string) string {
	service, _, _ := strings.Cut(unprefixed(target), "/")
	switch s := strings.ToLower(service); s {
	case entraService, graphService, flowService:
		return s
	}
	return ""
}

// checkTarget returns an error where target is not "*", "MODULE/*", "MODULE/COMMAND", "SERVICE/*" or "SERVICE/REQUEST", with or
// without "CONNECTION:" before it.
func checkTarget(target string) error {
	bare := unprefixed(target)
	if bare == "*" {
		return nil
	}
	module, command, ok := strings.Cut(bare, "/")
	if _, known := mm.ParseModule(module); !ok || !known && serviceOf(target) == "" || command == "" {
		return fmt.Errorf("sandbox: %q names no command; write *, MODULE/* or MODULE/COMMAND (modules: %v), SERVICE/* or "+
			"SERVICE/REQUEST (services: entra, graph, flow), with CONNECTION: before it for one connection only", target, mm.Modules())
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
