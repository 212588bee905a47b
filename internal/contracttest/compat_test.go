package contracttest_test

import (
	"testing"

	"github.com/microsoft-master/mm/http"
	"github.com/microsoft-master/mm/internal/contracttest"
)

// front is a door to a world.
func front(w world, d contracttest.Door) contracttest.Front {
	return contracttest.Front{Door: d, Service: w.pool, Admin: w.pool, World: w.World}
}

func TestCallersInTheDaemonFindWhatTheyHad(t *testing.T) {
	t.Parallel()
	contracttest.Compat(t, func(t *testing.T, more int) contracttest.Front {
		w := standIns(t, more)
		return front(w, inProcess{w.pool})
	})
}

func TestOldClientsFindWhatTheyHadOnTheSocket(t *testing.T) {
	t.Parallel()
	contracttest.Compat(t, func(t *testing.T, more int) contracttest.Front {
		w := standIns(t, more)
		return front(w, overSocket(t, w))
	})
}

func TestOldClientsFindWhatTheyHadOverTCP(t *testing.T) {
	t.Parallel()
	contracttest.Compat(t, func(t *testing.T, more int) contracttest.Front {
		w := standIns(t, more)
		return front(w, overTCP(t, w))
	})
}

func TestHostsFindWhatTheyHadOverMCP(t *testing.T) {
	t.Parallel()
	contracttest.Compat(t, func(t *testing.T, more int) contracttest.Front {
		w := standIns(t, more)
		return front(w, asMCPHost(t, overSocket(t, w).client(t)))
	})
}

// A node with M365_CONNECTION serves just that connection, whichever one a request names; a router names none.
func TestANodeServesItsOneConnection(t *testing.T) {
	t.Parallel()
	w := standIns(t, 0)
	door := overTCP(t, w, func(c *http.Config) { c.Only = "Fabrikam-GA" })
	for body, golden := range map[string]string{
		`{"connection":"Contoso-GA","module":"exo","command":"1"}`: `{"status":"auth_required","device_code":"<code>"}`,
		`{"connection":"Nobody","module":"exo","command":"1"}`:     `{"status":"auth_required","device_code":"<code>"}`,
		`{"module":"exo","command":"1"}`:                           `{"status":"auth_required","device_code":"<code>"}`,
		`{"module":"exo"}`:                                         `{"status":"error","error":"Missing connection, module, or command"}`,
	} {
		r, err := door.Send(t.Context(), contracttest.Request{Method: "POST", Path: "/run", Body: body})
		if err == nil {
			err = contracttest.Shape(golden, r.Body)
		}
		if err != nil {
			t.Errorf("%s: HTTP status %d, %v", body, r.Status, err)
		}
	}
	for _, body := range []string{`{"connection":"Contoso-GA"}`, `{}`} {
		r, err := door.Send(t.Context(), contracttest.Request{Method: "POST", Path: "/reset", Body: body})
		if err == nil {
			err = contracttest.Shape(`{"status":"success","reset":["Fabrikam-GA/exo"],"count":1}`, r.Body)
		}
		if err != nil {
			t.Errorf("%s: HTTP status %d, %v", body, r.Status, err)
		}
	}
}
