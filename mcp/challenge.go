package mcp

import (
	"fmt"
	"strings"
	"time"

	mm "github.com/microsoft-master/mm"
)

// renderChallenge is the text that hosts' prompts know, and a last paragraph that says who acts. tool is the line that names
// what was called, again what is to be repeated. A challenge without a code is one for a browser.
func renderChallenge(c mm.Challenge, connection, tool, again string, now time.Time) answer {
	var b strings.Builder
	first, show := fmt.Sprintf("**DEVICE CODE: %s**\nGo to: %s\n\n", c.UserCode, c.URL), "Show the code and the address"
	if c.UserCode == "" {
		first, show = fmt.Sprintf("**SIGN-IN IN A BROWSER (no code)**\nOpen: %s\n\n", c.URL), "Show the whole address"
	}
	fmt.Fprintf(&b, "%sConnection: %s\n", first, connection)
	if c.Account != "" {
		fmt.Fprintf(&b, "**Sign in as: %s**\n", c.Account)
	}
	fmt.Fprintf(&b, "%s\n\nAfter authenticating, retry the command.\n\n", tool)
	if c.UserCode == "" && c.Message != "" {
		fmt.Fprintf(&b, "%s\n\n", c.Message) // it says what to do where the browser is on another computer
	}
	remedy := show + " to the person, wait until they say that they signed in, then call again with the same " + again + "."
	b.WriteString(remedy)
	return answer{
		Status: string(mm.StatusAuthRequired), Text: b.String(), Remedy: remedy, Executed: string(mm.ExecutedNo),
		DeviceCode: c.UserCode, AuthURL: c.URL, ExpiresIn: max(0, int(c.ExpiresAt.Sub(now).Seconds())),
	}
}
