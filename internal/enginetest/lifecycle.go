package enginetest

import (
	"context"
	"errors"
	"testing"
	"time"

	mm "github.com/microsoft-master/mm"
)

// lifecycle tests how an engine begins and ends when it is asked to; each case has an engine of its own.
func lifecycle(t *testing.T, start Start) {
	t.Run("lifecycle: hello says what it is", func(t *testing.T) {
		h := launch(t, start).engine.Hello()
		if h.Protocol == 0 || h.PS == "" || h.Host == "" {
			t.Errorf("hello %+v", h)
		}
	})
	t.Run("lifecycle: it answers commands, collects and ends by shutdown", func(t *testing.T) {
		p := launch(t, start)
		p.text(p.run(number), "1")
		p.engine.Collect()
		p.text(p.run(number), "1")
		p.engine.Shutdown()
		p.exit()
	})
	t.Run("lifecycle: kill ends it, twice is harmless, and what is asked after that is dropped", func(t *testing.T) {
		p := launch(t, start)
		p.engine.Kill()
		p.engine.Kill()
		p.exit()
		n := p.mark()
		p.begin(number)
		p.engine.Call(mm.Call{ID: "late", Module: "Microsoft.PowerShell.Management", Command: "Get-Location"})
		p.engine.Ping("late")
		p.engine.Analyze("late", number)
		p.engine.Cancel("late")
		p.engine.Collect()
		p.engine.KillChildren()
		p.engine.Shutdown()
		p.engine.Kill()
		if got := p.all()[n:]; len(got) > 0 {
			t.Errorf("after Exited: %+v", got)
		}
	})
	t.Run("lifecycle: the end of the launch's context ends it", func(t *testing.T) {
		p := launch(t, start)
		p.stop()
		p.exit()
	})
	t.Run("lifecycle: shutdown ends it while a command runs", func(t *testing.T) {
		p := launch(t, start)
		p.running(loop)
		p.engine.Shutdown()
		p.exit()
	})
	t.Run("lifecycle: a launch that is cancelled fails without an event, or gives an engine that exits", func(t *testing.T) {
		for _, after := range []time.Duration{0, time.Millisecond, 20 * time.Millisecond, 150 * time.Millisecond} {
			ctx, cancel := context.WithTimeout(context.Background(), after)
			p := newProbe(t)
			launcher, spec := start(t)
			_, err := launcher.Launch(ctx, spec, p.sink)
			switch {
			case err == nil:
				p.exit()
			case !isLaunchFailed(err):
				t.Errorf("after %v: %v, want an *Error launch_failed with a remedy", after, err)
			case p.mark() > 0:
				t.Errorf("after %v: events of an engine that was not launched: %+v", after, p.all())
			}
			cancel()
		}
	})
	t.Run("lifecycle: two engines know nothing of each other", func(t *testing.T) {
		a, b := launch(t, start), launch(t, start)
		a.run(`$mine = 'a'`)
		b.run(`$mine = 'b'`)
		a.text(a.run(`$mine`), "a")
		a.engine.Kill()
		a.exit()
		b.text(b.run(`$mine`), "b")
	})
}

// death tests engines that end in the middle of a command: it gets no result, and Exited comes once and last.
func death(t *testing.T, start Start) {
	for _, c := range []struct {
		says, script string
		end          func(*probe)
	}{
		{"a command can end the process", die, func(*probe) {}},
		{"kill ends it in a wait", wait, func(p *probe) { p.engine.Kill() }},
		{"kill ends it in an endless loop", loop, func(p *probe) { p.engine.Kill() }},
		{"kill ends it in a flood", flood, func(p *probe) { p.engine.Kill() }},
		{"kill ends it in a wait that nothing else ends", hardSleep, func(p *probe) { p.engine.Kill() }},
		{"kill ends it with a native program", parent, func(p *probe) { p.engine.Kill() }},
		{"the end of the context ends it in a flood", flood, func(p *probe) { p.stop() }},
		{"shutdown ends it in a wait that nothing else ends", hardSleep, func(p *probe) { p.engine.Shutdown() }},
	} {
		t.Run("death: "+c.says, func(t *testing.T) {
			p := launch(t, start)
			id := p.running(c.script, maxChars(4096))
			c.end(p)
			if reason := p.exit(); reason == "" {
				t.Error("no reason")
			}
			for _, e := range p.all() {
				if d, ok := e.(mm.Completed); ok && d.ID == id {
					t.Errorf("a dead command completed: %+v", d.Result)
				}
			}
		})
	}
}

// isLaunchFailed reports whether err is what Launch has to return where it fails.
func isLaunchFailed(err error) bool {
	var e *mm.Error
	return errors.As(err, &e) && e.Code == mm.LaunchFailed && e.Remedy != ""
}
