package pwsh

import (
	"bytes"
	"strings"
	"sync"
	"time"
)

const (
	maxConsole     = 1 << 20                // bytes kept of what one command writes to fd 1 and 2
	maxConsoleLine = 8 << 10                // bytes; a longer line is broken there
	partialDelay   = 250 * time.Millisecond // a prompt has no line end: it is shown live after this
)

// A console collects what a process writes to its standard output and error, past PowerShell. It is always drained, or the
// process would block. What comes while no command runs belongs to nobody and is dropped, but for the last of it: that is
// where a process says why it cannot start.
type console struct {
	pipes []*consolePipe

	mu      sync.Mutex
	live    func(lines []string) // called with mu held
	running bool
	lines   []string // of the running command
	kept    int      // bytes in lines
	dropped int64    // lines over the bound
	last    []string // the last ten lines while no command ran
	timer   *time.Timer
}

// A consolePipe is the read end of one of the pipes, with the line that has no end yet.
type consolePipe struct {
	src   drainer
	line  []byte
	shown int // bytes of line that were passed on live already
	done  chan struct{}
}

// A drainer is a pipe's read end.
type drainer interface {
	// Each calls take with what was read, again and again, until the pipe is closed.
	Each(take func(p []byte), lock sync.Locker)
	// Drain calls take with what is in the pipe now, and does not wait for more.
	Drain(take func(p []byte))
	Close()
}

// newConsole begins to drain the pipes.
func newConsole(src ...drainer) *console {
	c := &console{}
	for _, s := range src {
		p := &consolePipe{src: s, done: make(chan struct{})}
		c.pipes = append(c.pipes, p)
	}
	for _, p := range c.pipes {
		go func() {
			defer close(p.done)
			p.src.Each(func(b []byte) { c.add(p, b) }, &c.mu)
		}()
	}
	return c
}

// attach says who gets lines live, while a command runs.
func (c *console) attach(live func([]string)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.live = live
}

// begin starts a command's share; what was written before is dropped.
func (c *console) begin() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running {
		return // one more request, which the process refuses
	}
	c.drain()
	for _, p := range c.pipes {
		c.cut(p)
	}
	c.running = true
}

// end closes a command's share and returns it, with the number of lines that were dropped.
func (c *console) end() (lines []string, dropped int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drain()
	for _, p := range c.pipes {
		c.cut(p)
	}
	lines, dropped = c.lines, c.dropped
	c.running, c.lines, c.kept, c.dropped = false, nil, 0, 0
	return lines, dropped
}

// close takes the rest, passes it on and stops draining. The process is gone; a child that left its group may still hold
// the pipes.
func (c *console) close() {
	c.mu.Lock()
	c.drain()
	for _, p := range c.pipes {
		c.cut(p)
	}
	c.live = nil
	c.mu.Unlock()
	for _, p := range c.pipes {
		p.src.Close()
		<-p.done
	}
}

// tail returns the last lines that were written while no command ran.
func (c *console) tail() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drain()
	for _, p := range c.pipes {
		c.cut(p)
	}
	return strings.Join(c.last, " ")
}

// drain reads what is in the pipes. c.mu is held, also by whoever reads them otherwise.
func (c *console) drain() {
	for _, p := range c.pipes {
		p.src.Drain(func(b []byte) { c.add(p, b) })
	}
}

// add takes what was read from a pipe. c.mu is held.
func (c *console) add(p *consolePipe, b []byte) {
	var live []string
	for len(b) > 0 {
		n := bytes.IndexByte(b, '\n')
		switch {
		case n >= 0:
			p.line = append(p.line, b[:n]...)
			b = b[n+1:]
		case len(p.line)+len(b) < maxConsoleLine:
			p.line = append(p.line, b...)
			c.showLater()
			c.show(live)
			return
		default:
			n = maxConsoleLine - len(p.line)
			n = max(n, 0)
			p.line = append(p.line, b[:n]...)
			b = b[n:]
		}
		live = append(live, c.endLine(p))
	}
	c.show(live)
}

// endLine keeps the pipe's line and returns what of it is to be shown live. c.mu is held.
func (c *console) endLine(p *consolePipe) string {
	line := bytes.TrimSuffix(p.line, []byte{'\r'})
	text := plain(line)
	switch {
	case !c.running:
		c.last = append(c.last, text)
		if len(c.last) > 10 {
			c.last = c.last[1:]
		}
	case c.kept+len(text) <= maxConsole:
		c.lines = append(c.lines, text)
		c.kept += len(text) + 1
	default:
		c.dropped++
	}
	rest := text
	if p.shown > 0 {
		rest = plain(line[min(p.shown, len(line)):])
	}
	p.line, p.shown = nil, 0
	return rest
}

// cut ends the line that has no end. c.mu is held.
func (c *console) cut(p *consolePipe) {
	if len(p.line) > 0 {
		c.show([]string{c.endLine(p)})
	}
}

// show passes lines on live. c.mu is held, so that none comes after the result.
func (c *console) show(lines []string) {
	if len(lines) > 0 && c.running && c.live != nil && c.kept < maxConsole {
		c.live(lines)
	}
}

// showLater sees to it that a line without an end is shown. c.mu is held.
func (c *console) showLater() {
	if !c.running || c.timer != nil {
		return
	}
	c.timer = time.AfterFunc(partialDelay, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.timer = nil
		for _, p := range c.pipes {
			if len(p.line) > p.shown {
				c.show([]string{plain(p.line[p.shown:])})
				p.shown = len(p.line)
			}
		}
	})
}

// plain makes text of what a program wrote: valid UTF-8, without terminal sequences.
func plain(b []byte) string {
	return ansi().ReplaceAllString(strings.ToValidUTF8(string(b), "\uFFFD"), "")
}
