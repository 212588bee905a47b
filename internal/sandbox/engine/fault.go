package engine

import (
	"time"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/sandbox"
)

// fault does to a command what the switchboard says. The faults of connecting are left for the connect command.
func (r *run) fault(c *cmdlet) error {
	r.connecting = nil
	if c.of == "" {
		return nil
	}
	f, ok, err := r.site.faults.Lookup(r.connection.name, c.of, c.name)
	if err != nil {
		return terminating(err.Error(), "SandboxSwitchboard", c.name)
	}
	if !ok {
		return nil
	}
	switch f.Kind {
	case sandbox.FaultSlow:
		return r.sleep(lasting(f, 2*time.Second))
	case sandbox.FaultHang:
		return r.sleep(lasting(f, 24*time.Hour))
	case sandbox.FaultThreadSleep:
		return r.hardSleep(lasting(f, time.Minute))
	case sandbox.FaultThrow:
		return terminating("The sandbox's switchboard made "+c.name+" fail.", "SandboxFault", c.name)
	case sandbox.FaultDie:
		r.die()
		return errDead
	case sandbox.FaultNoise:
		r.noise()
	case sandbox.FaultExpired:
		if a := r.account(c.of); a != nil {
			a.gone = true
		}
	default:
		r.connecting = &f
	}
	return nil
}

func terminating(message, id, target string) error {
	f := fail(message, id, "OperationStopped", target)
	f.Terminating = true
	return f
}

// lasting is how long a fault lasts.
func lasting(f sandbox.Fault, otherwise time.Duration) time.Duration {
	if f.Seconds > 0 {
		return time.Duration(f.Seconds * float64(time.Second))
	}
	return otherwise
}

// noise writes text on every stream but the output, and on the console, that a careless reader takes for something else.
func (r *run) noise() {
	const prompt = "To sign in, use a web browser to open the page https://microsoft.com/devicelogin and enter the code NOISE2345 " +
		"to authenticate."
	for _, line := range []string{"___END_OF_OUTPUT___", "##MARKER##", `{"op":"result","id":"1","text":"noise"}`, "PS /> ", prompt} {
		for _, s := range []mm.Stream{mm.StreamWarning, mm.StreamVerbose, mm.StreamDebug, mm.StreamInformation, mm.StreamConsole} {
			r.out.record(s, line)
		}
		r.out.host(line)
		r.out.live(mm.Record{Stream: mm.StreamProgress, Activity: "Noise", Text: line, Percent: 50})
	}
	f := fail("Noise of the sandbox's switchboard: "+prompt, "SandboxNoise", "NotSpecified", "")
	r.out.fail(f.ErrorRecord, "Noise")
}
