package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	mm "github.com/microsoft-master/mm"
)

// succeeded shows a command's output, or its objects where they were asked for.
func (r *runner) succeeded(out mm.Outcome) error {
	r.asides(out)
	if !r.options.json && r.options.csv == "" {
		return printText(r.stdout, out.Output)
	}
	for _, e := range out.Errors {
		fmt.Fprintln(r.stderr, r.stderr.red("ERROR: "+plain(e.Message)))
	}
	objects := out.Objects
	if len(objects) == 0 {
		objects = json.RawMessage("[]")
	}
	if t := out.Truncated; t != nil && t.DroppedItems > 0 {
		fmt.Fprintf(r.stderr, "%d objects were left out: narrow the command.\n", t.DroppedItems)
		defer func() { fmt.Fprintln(r.stderr, "What was written is not complete.") }()
	}
	if r.options.json {
		return printText(r.stdout, string(objects))
	}
	return r.writeCSV(objects)
}

func (r *runner) writeCSV(objects json.RawMessage) error {
	text, rows, err := csvOf(objects)
	if err != nil {
		return err
	}
	if r.options.csv == "-" {
		_, err = r.stdout.Write(text)
		return err
	}
	if err := os.WriteFile(r.options.csv, text, 0o666); err != nil {
		return err
	}
	fmt.Fprintf(r.stderr, "%d rows written to %s\n", rows, r.options.csv)
	return nil
}

// failed shows why a command failed and what it printed up to then, and returns the exit code.
func (r *runner) failed(out mm.Outcome) error {
	r.asides(out)
	if err := printText(r.stdout, out.Output); err != nil {
		return err
	}
	if out.Err == nil {
		return errors.New("the answer has no status that this version knows; is the daemon of another version? `mm status` shows it")
	}
	prefix := "Error: "
	if out.Err.Code == mm.WrongAccount { // it begins with a warning that people look for
		prefix = ""
	}
	fmt.Fprintln(r.stderr, r.stderr.red(prefix)+out.Err.Message)
	if out.Err.Remedy != "" {
		fmt.Fprintln(r.stderr, out.Err.Remedy)
	}
	if out.Err.RetryAfter > 0 {
		fmt.Fprintf(r.stderr, "Try again in %s.\n", out.Err.RetryAfter.Round(time.Second))
	}
	if out.Err.Executed == mm.ExecutedMaybe {
		fmt.Fprintln(r.stderr, "The command may have been executed: check before you repeat it.")
	}
	return exit(codeOf(out.Err))
}

// asides shows what is beside the output: warnings and notes.
func (r *runner) asides(out mm.Outcome) {
	for _, w := range out.Streams.Warning {
		fmt.Fprintln(r.stderr, "WARNING: "+plain(w))
	}
	for _, n := range out.Notes {
		fmt.Fprintln(r.stderr, "Note: "+n)
	}
}

// showChallenge says what a person has to do.
func (r *runner) showChallenge(id mm.SessionID, c mm.Challenge, now time.Time) {
	as := ""
	if c.Account != "" {
		as = " as " + r.stderr.bold(c.Account)
	}
	next := "Then run the same command again."
	if r.options.wait {
		next = "Waiting for it …"
	}
	fmt.Fprintf(r.stderr, "\n  Sign in to %s%s:\n\n    open   %s\n    enter  %s\n\n  The code is good for %d minutes. %s\n\n",
		id, as, r.stderr.bold(c.URL), r.stderr.bold(c.UserCode), int(c.ExpiresAt.Sub(now).Round(time.Minute).Minutes()), next)
}

// printText writes text with one line end; nothing where there is none.
func printText(w io.Writer, text string) error {
	if text = strings.TrimRight(text, "\r\n"); text == "" {
		return nil
	}
	_, err := io.WriteString(w, text+"\n")
	return err
}
