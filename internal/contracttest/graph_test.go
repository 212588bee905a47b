package contracttest_test

import (
	"testing"

	"github.com/microsoft-master/mm/internal/contracttest"
	"github.com/microsoft-master/mm/internal/sandbox"
)

func TestCallersInTheDaemonFindGraph(t *testing.T) {
	t.Parallel()
	contracttest.CompatGraph(t, func(t *testing.T, more int) contracttest.Front {
		w := withAccounts(t, newSandbox(t, sandbox.Options{}), more)
		return front(w, inProcess{w.pool})
	})
}

func TestOldClientsFindGraphOnTheSocket(t *testing.T) {
	t.Parallel()
	contracttest.CompatGraph(t, func(t *testing.T, more int) contracttest.Front {
		w := withAccounts(t, newSandbox(t, sandbox.Options{}), more)
		return front(w, overSocket(t, w))
	})
}

func TestOldClientsFindGraphOverTCP(t *testing.T) {
	t.Parallel()
	contracttest.CompatGraph(t, func(t *testing.T, more int) contracttest.Front {
		w := withAccounts(t, newSandbox(t, sandbox.Options{}), more)
		return front(w, overTCP(t, w))
	})
}

func TestHostsFindGraphOverMCP(t *testing.T) {
	t.Parallel()
	contracttest.CompatGraph(t, func(t *testing.T, more int) contracttest.Front {
		w := withAccounts(t, newSandbox(t, sandbox.Options{}), more)
		return front(w, asMCPHost(t, overSocket(t, w).client(t)))
	})
}

func TestTheRouterIsAServiceForGraph(t *testing.T) {
	t.Parallel()
	contracttest.ServiceGraph(t, func(t *testing.T) contracttest.Pool {
		w := withAccounts(t, newSandbox(t, sandbox.Options{}), 0)
		return contracttest.Pool{Service: w.pool, Admin: w.pool, World: w.World}
	})
}

func TestTheClientOverAUnixSocketIsAServiceForGraph(t *testing.T) {
	t.Parallel()
	contracttest.ServiceGraph(t, func(t *testing.T) contracttest.Pool {
		w := withAccounts(t, newSandbox(t, sandbox.Options{}), 0)
		c := overSocket(t, w).client(t)
		return contracttest.Pool{Service: c, Admin: c, World: w.World}
	})
}

func TestTheClientOverTCPIsAServiceForGraph(t *testing.T) {
	t.Parallel()
	contracttest.ServiceGraph(t, func(t *testing.T) contracttest.Pool {
		w := withAccounts(t, newSandbox(t, sandbox.Options{}), 0)
		c := overTCP(t, w).client(t)
		return contracttest.Pool{Service: c, Admin: c, Remote: true, World: w.World}
	})
}
