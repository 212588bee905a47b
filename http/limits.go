package http

import "time"

// limits are what a Server allows its clients. An answer has no time limit: a command may run for 24 hours.
type limits struct {
	body        int // bytes of a request's body; a command has at most 64 KiB
	header      int // bytes of a request's line and headers together
	connections int // per listener
	// crowd is how many connections beyond those are taken to be told so; further ones wait to be accepted.
	crowd int
	read  time.Duration // for a whole request, from its first byte, or from the start of its connection
	idle  time.Duration // between two requests of a connection
	stall time.Duration // without a byte of an answer taken by its client
	// What a client still sends after a refusal is read up to these, so that it meets the answer and not a reset.
	drainBytes int64
	drainTime  time.Duration
	keepAlive  time.Duration // between signs of life in a silent event stream
	last       time.Duration // for the answers to requests that Shutdown gave up
}

var defaultLimits = limits{
	body:        1 << 20,
	header:      8 << 10,
	connections: 4096,
	crowd:       256,
	read:        30 * time.Second,
	idle:        5 * time.Minute,
	stall:       30 * time.Second,
	drainBytes:  1 << 30,
	drainTime:   5 * time.Second,
	keepAlive:   15 * time.Second,
	last:        time.Second,
}
