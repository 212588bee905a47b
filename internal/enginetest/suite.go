// Package enginetest is the contract of mm.Engine and mm.Launcher as tests. Every engine passes it: the real one, which is
// PowerShell, and the stand-in of internal/sandbox/engine. It speaks a fixed vocabulary only (vocabulary.go), so that a
// stand-in need not be PowerShell; what PowerShell means is tested on the real engine, in internal/pwsh.
package enginetest

import (
	"testing"

	mm "github.com/microsoft-master/mm"
)

// Start returns a launcher and what it shall launch; it skips or fails t where the engine cannot run.
type Start func(t *testing.T) (mm.Launcher, mm.LaunchSpec)

// A rule is one sentence of the contract, and how to test it on a running engine that goes on to the next rule.
type rule struct {
	says string
	test func(p *probe)
}

// subjects are the rules that share one engine, in the order in which they are tested.
var subjects = []struct {
	name  string
	rules []rule
}{
	{"results", resultRules},
	{"state", stateRules},
	{"streams", streamRules},
	{"console", consoleRules},
	{"caps", capRules},
	{"cancel", cancelRules},
	{"refusals", refusalRules},
	{"analyze", analyzeRules},
	{"call", callRules},
}

// Run holds the engines that start launches to the contract. Most rules share one engine: that it still answers rightly
// after what the rules before did to it is part of the contract. Only after a broken rule the next has a new one.
func Run(t *testing.T, start Start) {
	shared := launch(t, start)
	for _, subject := range subjects {
		for _, r := range subject.rules {
			kept := t.Run(subject.name+": "+r.says, func(t *testing.T) {
				p := shared.on(t)
				r.test(p)
				p.text(p.run(number), "1")
			})
			if shared.on(t); !kept {
				shared.engine.Kill()
				shared = launch(t, start)
			}
		}
	}
	lifecycle(t, start)
	death(t, start)
}
