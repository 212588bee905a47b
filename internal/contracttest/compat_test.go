package contracttest_test

import (
	"testing"

	"github.com/microsoft-master/mm/internal/contracttest"
)

// front is a door to a world.
func front(w world, d contracttest.Door) contracttest.Front {
	return contracttest.Front{Door: d, Service: w.pool, Admin: w.pool, World: w.World}
}

func TestCallersInTheDaemonFindWhatTheyHad(t *testing.T) {
	contracttest.Compat(t, func(t *testing.T, more int) contracttest.Front {
		w := standIns(t, more)
		return front(w, inProcess{w.pool})
	})
}

func TestOldClientsFindWhatTheyHadOnTheSocket(t *testing.T) {
	contracttest.Compat(t, func(t *testing.T, more int) contracttest.Front {
		w := standIns(t, more)
		return front(w, overSocket(t, w))
	})
}

func TestOldClientsFindWhatTheyHadOverTCP(t *testing.T) {
	contracttest.Compat(t, func(t *testing.T, more int) contracttest.Front {
		w := standIns(t, more)
		return front(w, overTCP(t, w))
	})
}

func TestHostsFindWhatTheyHadOverMCP(t *testing.T) {
	contracttest.Compat(t, func(t *testing.T, more int) contracttest.Front {
		w := standIns(t, more)
		return front(w, asMCPHost(t, overSocket(t, w).client(t)))
	})
}
