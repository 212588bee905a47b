package engine_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/enginetest"
	"github.com/microsoft-master/mm/internal/sandbox"
	"github.com/microsoft-master/mm/internal/sandbox/engine"
)

func TestMain(m *testing.M) {
	if socket := os.Getenv(socketEnv); socket != "" {
		os.Exit(serve(socket, os.Getenv("MM_TEST_ENGINE_DIR")))
	}
	goleak.VerifyTestMain(m)
}

func TestTheStandInKeepsTheContractOfEngines(t *testing.T) {
	enginetest.Run(t, func(t *testing.T) (mm.Launcher, mm.LaunchSpec) {
		return engine.New(engine.Config{}), spec("Contoso-GA", mm.Exchange, mm.SandboxEndpoints{Authority: "http://127.0.0.1:1", Dir: t.TempDir()})
	})
}

// spec returns what to launch for a connection of the sandbox.
func spec(connection string, m mm.Module, ends mm.SandboxEndpoints) mm.LaunchSpec {
	return mm.LaunchSpec{Session: mm.SessionID{Connection: connection, Module: m},
		Connection: sandbox.Connections(sandbox.Tenants(), ends)[connection]}
}
