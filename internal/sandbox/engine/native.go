package engine

import (
	"strconv"
	"strings"
	"time"
)

// killed is the exit code of a program that SIGKILL ended.
const killed = 137

// nativeCommands stand in for programs: nothing is started.
func nativeCommands() []cmdlet {
	return []cmdlet{
		{name: "sleep", kind: "application", takes: "[Seconds]!", do: func(r *run, a args) error {
			return r.native("sleep " + a.text("Seconds"))
		}},
		{name: "sh", kind: "application", takes: "-c [Script]!", do: func(r *run, a args) error {
			return r.native(a.text("Script"))
		}},
	}
}

// native plays a shell script of exit, echo, sleep and true. The session's programs can be killed meanwhile.
func (r *run) native(script string) error {
	code := 0
	for line := range strings.SplitSeq(script, ";") {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch word {
		case "", "true":
		case "echo":
			r.emit(rest)
		case "exit":
			code, _ = strconv.Atoi(rest)
			r.lastExit = &code
			return nil
		case "sleep":
			seconds, _ := strconv.ParseFloat(rest, 64)
			t := time.NewTimer(time.Duration(seconds * float64(time.Second)))
			defer t.Stop()
			select {
			case <-t.C:
			case <-r.natives:
				code = killed
				r.lastExit = &code
				return nil
			case <-r.ctx.Done():
				return r.live()
			}
		default:
			return notRecognized(word, place{})
		}
	}
	r.lastExit = &code
	return nil
}
