package main

import (
	"errors"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// startBrowser opens an address in the browser of this desktop.
func startBrowser(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" && (u.Scheme != "http" || u.Hostname() != "127.0.0.1") {
		return errors.New("the address is not https")
	}
	name := "xdg-open"
	switch {
	case runtime.GOOS == "darwin":
		name = "open"
	case os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "":
		return errors.New("this is no desktop")
	}
	cmd := exec.Command(name, address)
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() { _ = cmd.Wait() }() // it tells by itself where it fails
	return nil
}

// stateOf is the state in the address, or its query, that a browser was sent to; empty: there is none.
func stateOf(text string) string {
	text = strings.Trim(text, " \t\r\n\"'<>")
	if _, query, ok := strings.Cut(text, "?"); ok {
		text = query
	}
	text, _, _ = strings.Cut(text, "#")
	q, _ := url.ParseQuery(text) // what can be read of it
	return q.Get("state")
}
