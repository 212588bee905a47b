package contracttest_test

import (
	"testing"

	"github.com/microsoft-master/mm/internal/contracttest"
	"github.com/microsoft-master/mm/internal/sandbox"
)

func TestTheRouterIsAService(t *testing.T) {
	t.Parallel()
	box := newSandbox(t, sandbox.Options{})
	contracttest.Service(t, func(t *testing.T) contracttest.Pool {
		w := standInsOf(t, box, 0)
		return contracttest.Pool{Service: w.pool, Admin: w.pool, World: w.World}
	})
}

func TestTheClientOverAUnixSocketIsAService(t *testing.T) {
	t.Parallel()
	box := newSandbox(t, sandbox.Options{})
	contracttest.Service(t, func(t *testing.T) contracttest.Pool {
		w := standInsOf(t, box, 0)
		c := overSocket(t, w).client(t)
		return contracttest.Pool{Service: c, Admin: c, World: w.World}
	})
}

func TestTheClientOverTCPIsAService(t *testing.T) {
	t.Parallel()
	box := newSandbox(t, sandbox.Options{})
	contracttest.Service(t, func(t *testing.T) contracttest.Pool {
		w := standInsOf(t, box, 0)
		c := overTCP(t, w).client(t)
		return contracttest.Pool{Service: c, Admin: c, Remote: true, World: w.World}
	})
}
