package engine_test

import (
	"testing"
	"time"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/sandbox"
	"github.com/microsoft-master/mm/internal/sandbox/engine"
)

func TestASignInOverHTTP(t *testing.T) {
	box, err := sandbox.Start(t.Context(), sandbox.Options{ApproveAfter: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer box.Close()
	events := make(chan mm.EngineEvent, 100)
	e, err := engine.New(engine.Config{}).Launch(t.Context(), mm.LaunchSpec{Connection: box.Connections()["Fabrikam-GA"]},
		func(e mm.EngineEvent) { events <- e })
	if err != nil {
		t.Fatal(err)
	}
	e.Call(mm.Call{ID: "1", Module: "MicrosoftTeams", Command: "Connect-MicrosoftTeams", Select: []string{"Account"},
		Parameters: map[string]any{"UseDeviceAuthentication": true, "TenantId": "fabrikam.com"}})
	for event := range events {
		switch event := event.(type) {
		case mm.Completed:
			if got := string(event.Result.Objects); got != `[{"Account":"admin@fabrikam.com"}]` {
				t.Errorf("objects %s, errors %+v", got, event.Result.Errors)
			}
			e.Kill()
		case mm.Exited:
			return
		}
	}
}
