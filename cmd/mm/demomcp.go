package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
)

// mcpStep starts `mm mcp` as a host does and speaks to it in lines of JSON.
func (d *demo) mcpStep(ctx context.Context) (err error) {
	d.command("mm mcp")
	cmd := exec.CommandContext(ctx, d.self, "mcp")
	cmd.Env = d.env
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	// It ends when its input does.
	defer func() { err = errors.Join(err, in.Close(), cmd.Wait()) }()
	lines := bufio.NewReader(out)
	for _, message := range []string{
		`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"demo","version":"1"}}}`,
		`{"jsonrpc":"2.0","method":"notifications/initialized"}`,
	} {
		if _, err := d.exchangeLines(in, lines, message); err != nil {
			return err
		}
	}
	answer, err := d.exchangeLines(in, lines, fmt.Sprintf(
		`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"run","arguments":{"connection":%q,"module":"exo","command":%q}}}`,
		demoConnection, demoCommandRun))
	if err != nil {
		return err
	}
	var result struct {
		Result struct {
			Content []struct{ Text string }
			IsError bool
		}
	}
	if err := json.Unmarshal([]byte(answer), &result); err != nil {
		return err
	}
	if result.Result.IsError || len(result.Result.Content) == 0 {
		return errors.New("the tool failed")
	}
	return d.hasMailboxes(result.Result.Content[0].Text)
}

// exchangeLines sends a message and, where it has an id, receives its answer. It shows both, shortened.
func (d *demo) exchangeLines(in io.Writer, out *bufio.Reader, message string) (answer string, err error) {
	d.say("→ " + fitLine(message, 130))
	if _, err := io.WriteString(in, message+"\n"); err != nil {
		return "", err
	}
	if !strings.Contains(message, `"id":`) {
		return "", nil
	}
	if answer, err = out.ReadString('\n'); err != nil {
		return "", fmt.Errorf("mm mcp gave no answer: %w", err)
	}
	d.say("← " + fitLine(strings.TrimRight(answer, "\n"), 130))
	return answer, nil
}
