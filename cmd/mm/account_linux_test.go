package main

import (
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestAWrongAccountIsRefusedAndForgotten(t *testing.T) {
	w := newWorld(t, 0)
	p := w.inTerminal(100, nil, "sign-in", "Fabrikam-GA", "--device-code")
	p.saw(" left (Ctrl-C gives up)")
	user := regexp.MustCompile(`with ([A-Z0-9]+): `).FindStringSubmatch(p.seen)[1]
	if err := w.sb.Entra().Approve(user, "patti@fabrikam.com"); err != nil {
		t.Fatal(err)
	}
	if code := p.end(); code != exitFailed {
		t.Errorf("exit code %d", code)
	}
	contains(t, "the terminal", p.seen, "WARNING: Authenticated with wrong account. Re-authentication required.")
	for _, args := range [][]string{{"graph", "Fabrikam-GA", "/me"}, {"run", "Fabrikam-GA", "exo", "Get-Mailbox"}} {
		code, stdout, stderr := w.run(args...)
		if code != exitSignIn || stdout != "" {
			t.Errorf("%s: exit code %d, %s%s", args, code, stdout, stderr)
		}
	}
	tokens, err := filepath.Glob(filepath.Join(w.s.tokensDir(), "*.tokens"))
	if err != nil || len(tokens) != 0 {
		t.Errorf("tokens were kept: %s, %v", tokens, err)
	}
}

// challengeOf waits until a command has shown the address of a sign-in, and returns it.
func challengeOf(t *testing.T, p *terminal) string {
	t.Helper()
	p.saw(" left (Ctrl-C gives up)")
	return regexp.MustCompile(`open   (?:\x1b\[1m)?(https?://[^\x1b\r\n]+)`).FindStringSubmatch(p.seen)[1]
}

// browse is what a person does in a browser that reaches this machine; last is where it ended.
func (w *world) browse(address, account string, follow bool) (last *url.URL) {
	w.t.Helper()
	c, err := w.sb.Client()
	if err != nil {
		w.t.Fatal(err)
	}
	defer c.CloseIdleConnections()
	if !follow {
		c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	resp, err := c.PostForm(address, url.Values{"account": {account}})
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	if text, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode >= 400 {
		w.t.Fatalf("the page: %d, %v: %s", resp.StatusCode, err, text)
	}
	if next, err := resp.Location(); err == nil {
		return next
	}
	return resp.Request.URL
}

func TestAPersonSignsInByBrowser(t *testing.T) {
	w := newWorld(t, 0)
	// Wider than any address: a terminal that breaks the line would break the test's expression, not what a person copies.
	t.Run("on this computer", func(t *testing.T) {
		w := w.within(t)
		p := w.inTerminal(4000, nil, "sign-in", "Contoso-GA")
		if last := w.browse(challengeOf(t, p), "admin@contoso.com", true); last.Hostname() != "localhost" {
			t.Errorf("the browser ended at %s", last.Host)
		}
		if code := p.end(); code != exitOK || !strings.Contains(p.seen, "Contoso-GA is signed in as admin@contoso.com.") {
			t.Errorf("exit code %d: %s", code, p.seen)
		}
		if code, stdout, _ := w.run("sign-in", "contoso-ga"); code != exitOK || stdout != "Contoso-GA is signed in already, as admin@contoso.com.\n" {
			t.Errorf("again: exit code %d, %s", code, stdout)
		}
	})
	t.Run("elsewhere, by pasting where it was sent to", func(t *testing.T) {
		w := w.within(t)
		p := w.inTerminal(4000, nil, "sign-in", "Fabrikam-GA", "--paste")
		back := w.browse(challengeOf(t, p), "admin@fabrikam.com", false)
		p.press(back.String() + "\n")
		if code := p.end(); code != exitOK || !strings.Contains(p.seen, "Fabrikam-GA is signed in as admin@fabrikam.com.") {
			t.Errorf("exit code %d: %s", code, p.seen)
		}
	})
	t.Run("and Ctrl-C leaves it open", func(t *testing.T) {
		w := w.within(t)
		p := w.inTerminal(4000, nil, "sign-in", "Northwind-GA")
		address := challengeOf(t, p)
		p.press(ctrlC)
		if code := p.end(); code != exitSignIn || !strings.Contains(p.seen, "Left. The sign-in stays open for 15 minutes") {
			t.Errorf("exit code %d: %s", code, p.seen)
		}
		w.browse(address, "admin@northwindtraders.com", true)
		if code, stdout, stderr := w.run("graph", "Northwind-GA", "/me", "--jq", ".mail", "--wait"); code != exitOK || !strings.Contains(stdout, "admin@northwind") {
			t.Errorf("exit code %d: %s%s", code, stdout, stderr)
		}
	})
}
