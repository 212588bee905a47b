package main

import (
	"os/exec"
	"strings"
	"testing"
)

// The refusal of a connection that is for other MCP servers names the command that changes it, and that command does.
func TestTheCommandThatARefusalNamesEnablesTheConnection(t *testing.T) {
	w := newWorld(t, 0)
	if code, _, stderr := w.run("connections", "edit", "Contoso-GA", "mcps", `["other","graph"]`); code != exitOK {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	h := w.host()
	refused := toolResult(t, h.ask(toolCall(1, mailboxes)))
	_, command, found := strings.Cut(refused.Text, "mm-connections ")
	if !found || refused.Code != "not_enabled" {
		t.Fatalf("the refusal: %+v", refused)
	}
	edit := exec.Command("sh", "-c", `exec "$0" connections `+command, mmPath)
	edit.Env = w.env
	if code, _, stderr := ended(t, edit); code != exitOK {
		t.Errorf("exit code %d: %s", code, stderr)
	}
	if got := toolResult(t, h.ask(toolCall(2, mailboxes))); got.DeviceCode == "" {
		t.Errorf("after %s: %+v", command, got)
	}
	_, shown, _ := w.run("connections", "show", "Contoso-GA")
	for _, server := range []string{`"other"`, `"graph"`, `"mm"`} {
		contains(t, "the registry", shown, server)
	}
	if err := h.in.Close(); err != nil {
		t.Fatal(err)
	}
	h.end()
}
