package engine_test

import (
	"context"
	"errors"
	"testing"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/sandbox/engine"
)

func TestTheStandInRunsForSandboxesOnThisComputerOnly(t *testing.T) {
	at := func(authority string) mm.Connection {
		return mm.Connection{Name: "C", Cloud: "sandbox", Sandbox: &mm.SandboxEndpoints{Authority: authority}}
	}
	for name, c := range map[string]struct {
		connection mm.Connection
		runs       bool
	}{
		"a real tenant":             {mm.Connection{Name: "C", Tenant: "contoso.com"}, false},
		"the public cloud":          {mm.Connection{Name: "C", Cloud: "public", Sandbox: at("http://127.0.0.1:1").Sandbox}, false},
		"a sandbox without address": {mm.Connection{Name: "C", Cloud: "sandbox"}, false},
		"another computer":          {at("http://192.0.2.1:80"), false},
		"a name that looks local":   {at("http://localhost.example.com"), false},
		"an address in the user":    {at("http://127.0.0.1@192.0.2.1/"), false},
		"no address":                {at("127.0.0.1:80"), false},
		"IPv4 loopback":             {at("http://127.0.0.1:80"), true},
		"IPv6 loopback":             {at("http://[::1]:80"), true},
		"localhost":                 {at("http://localhost:80"), true},
	} {
		ctx, cancel := context.WithCancel(context.Background())
		exited := make(chan struct{})
		_, err := engine.New(engine.Config{}).Launch(ctx, mm.LaunchSpec{Connection: c.connection}, func(e mm.EngineEvent) {
			if _, ok := e.(mm.Exited); ok {
				close(exited)
			}
		})
		cancel()
		var e *mm.Error
		switch {
		case err == nil:
			<-exited
			if !c.runs {
				t.Errorf("%s: runs", name)
			}
		case c.runs:
			t.Errorf("%s: %v", name, err)
		case !errors.As(err, &e) || e.Code != mm.LaunchFailed || e.Remedy == "":
			t.Errorf("%s: %#v", name, err)
		}
	}
}
