package http

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// between returns a conn and its client. They live in a bubble's time, and closing the one's half ends the other's reading.
func between(l limits) (*conn, net.Conn) {
	server, client := net.Pipe()
	return &conn{Conn: halfPipe{server}, limits: &l, gone: func() {}}, client
}

// halfPipe is a pipe whose writing side can be closed alone; its client is not told, as it would be by a real one.
type halfPipe struct{ net.Conn }

func (halfPipe) CloseWrite() error { return nil }

func TestAClientThatReadsSlowlyGetsItsAnswerWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, client := between(limits{stall: 30 * time.Second})
		answer := bytes.Repeat([]byte("0123456789"), 20_000)
		written := make(chan error, 1)
		start := time.Now()
		go func() {
			_, err := c.Write(answer)
			written <- errors.Join(err, c.Close())
		}()
		var got []byte
		for buf := make([]byte, 1000); ; {
			time.Sleep(29 * time.Second) // of the bubble
			n, err := client.Read(buf)
			got = append(got, buf[:n]...)
			if err != nil {
				break
			}
		}
		if err := <-written; err != nil || !bytes.Equal(got, answer) {
			t.Errorf("%d of %d bytes, %v", len(got), len(answer), err)
		}
		if took := time.Since(start); took < time.Hour {
			t.Errorf("took %s only", took)
		}
	})
}

func TestAClientThatStopsReadingIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, client := between(limits{stall: 30 * time.Second})
		defer client.Close()
		start := time.Now()
		read := make(chan error, 1)
		go func() {
			_, err := io.ReadFull(client, make([]byte, 100_000))
			read <- err
		}()
		n, err := c.Write(make([]byte, 300_000))
		if n != 100_000 || !errors.Is(err, os.ErrDeadlineExceeded) || <-read != nil {
			t.Errorf("%d bytes, %v", n, err)
		}
		// It may have begun to wait anew when the last byte was taken.
		if took := time.Since(start); took < 30*time.Second || took > time.Minute {
			t.Errorf("after %s", took)
		}
		_ = c.Close()
	})
}

func TestAClientThatStillSendsIsReadForAWhile(t *testing.T) {
	l := limits{drainBytes: 1 << 20, drainTime: 5 * time.Second}
	for name, test := range map[string]struct {
		send func(client net.Conn) (sent int)
		want int
		took time.Duration
	}{
		"until it has sent all": {func(c net.Conn) int {
			n, _ := c.Write(make([]byte, 100_000))
			_ = c.Close()
			return n
		}, 100_000, 0},
		"until it is silent for long": {func(c net.Conn) int {
			n, _ := c.Write(make([]byte, 1000))
			return n
		}, 1000, 5 * time.Second},
		"until it has sent too much": {func(c net.Conn) int {
			n, _ := c.Write(make([]byte, 2<<20))
			return n
		}, 1 << 20, 0},
		"until it trickled for long": {func(c net.Conn) (n int) {
			for {
				if _, err := c.Write([]byte("x")); err != nil {
					return n
				}
				n++
				time.Sleep(1100 * time.Millisecond) // of the bubble
			}
		}, 5, 5 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, client := between(l)
				defer client.Close()
				c.linger()
				start, sent := time.Now(), make(chan int, 1)
				go func() { sent <- test.send(client) }()
				_ = c.Close()
				took := time.Since(start)
				if n := <-sent; n != test.want || took != test.took {
					t.Errorf("%d bytes in %s", n, took)
				}
			})
		})
	}
}

func TestOthersAreClosedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, client := between(limits{drainBytes: 1, drainTime: time.Hour})
		defer client.Close()
		start := time.Now()
		_ = c.Close()
		if took := time.Since(start); took != 0 {
			t.Errorf("after %s", took)
		}
	})
}

func TestSilenceIsNotAnsweredAndHalfARequestIs(t *testing.T) {
	for _, reading := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			c, client := between(limits{})
			c.reading = reading
			_ = c.SetReadDeadline(time.Now().Add(time.Second))
			if _, err := c.Read(make([]byte, 1)); errors.Is(err, os.ErrDeadlineExceeded) != reading || (err == io.EOF) == reading {
				t.Errorf("reading %v, silence: %v", reading, err)
			}
			_ = c.SetReadDeadline(time.Time{})
			_ = client.Close()
			if _, err := c.Read(make([]byte, 1)); (err == io.ErrUnexpectedEOF) != reading || (err == io.EOF) == reading {
				t.Errorf("reading %v, the end: %v", reading, err)
			}
			_ = c.Close()
		})
	}
}
