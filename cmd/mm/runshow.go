package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	mm "github.com/microsoft-master/mm"
)

// show shows what is left to show of the one answer, after the command's text and streams, and returns the exit code as an
// error.
func (r *runner) show(out mm.Outcome) error {
	r.sayNotes(out)
	complete := r.sayTruncated(out.Truncated)
	if out.Status != mm.StatusSuccess {
		return r.failed(out)
	}
	failure := verdict(out)
	if err := r.writeObjects(out); err != nil {
		return err
	}
	if failure != "" {
		fmt.Fprintln(r.stderr, failure)
	}
	if failure != "" || hasErrors(out) || !complete {
		return exit(exitFailed)
	}
	return nil
}

func (r *runner) sayNotes(out mm.Outcome) {
	for _, n := range out.Notes {
		fmt.Fprintln(r.stderr, "Note: "+plain(n))
	}
}

// verdict says with which exit code a command ended, where that was not 0.
func verdict(out mm.Outcome) string {
	switch {
	case out.ExitCode != nil && *out.ExitCode != 0:
		return fmt.Sprintf("The command ended with exit %d.", *out.ExitCode)
	case out.LastExit != nil && *out.LastExit != 0:
		return fmt.Sprintf("A program that the command started ended with exit code %d.", *out.LastExit)
	}
	return ""
}

// hasErrors reports whether the command wrote an error. What a program wrote to its standard error is none: its exit code
// tells.
func hasErrors(out mm.Outcome) bool {
	for _, e := range out.Errors {
		if !strings.HasPrefix(e.FullyQualifiedErrorID, "NativeCommandError") {
			return true
		}
	}
	return false
}

// sayTruncated says what a bound cut off, and reports whether the output is complete.
func (r *runner) sayTruncated(t *mm.Truncated) bool {
	if t == nil {
		return true
	}
	if t.DroppedItems > 0 {
		fmt.Fprintf(r.stderr, "The objects are not complete: %d are there, %d were left out. Narrow the command.\n", t.KeptItems, t.DroppedItems)
	}
	if t.DroppedChars > 0 {
		fmt.Fprintf(r.stderr, "The output is not complete: %d characters are shown, %d were left out. Narrow the command, or use --csv.\n",
			t.KeptChars, t.DroppedChars)
	}
	if t.DroppedRecords > 0 {
		fmt.Fprintf(r.stderr, "%d warnings, errors and the like were left out.\n", t.DroppedRecords)
	}
	return t.DroppedItems == 0 && t.DroppedChars == 0
}

// writeObjects writes the objects where they were asked for.
func (r *runner) writeObjects(out mm.Outcome) error {
	objects := out.Objects
	if len(objects) == 0 {
		objects = json.RawMessage("[]")
	}
	switch {
	case r.options.json:
		_, err := fmt.Fprintf(r.stdout, "%s\n", objects)
		return err
	case r.options.csv != "":
		return r.writeCSV(out, objects)
	}
	return nil
}

// writeCSV writes a command's objects. Where there are errors and nothing else, an older file stays as it is.
func (r *runner) writeCSV(out mm.Outcome, objects json.RawMessage) error {
	sheet, err := csvOf(objects, r.options.delimiter)
	if err != nil {
		return err
	}
	if sheet.cut > 0 {
		fmt.Fprintf(r.stderr, "%d cells were longer than Excel takes (%d characters) and were cut; --json has all of them.\n", sheet.cut, maxCell)
	}
	if r.file == nil {
		_, err = r.stdout.Write(sheet.text)
		return err
	}
	if sheet.rows == 0 && hasErrors(out) {
		fmt.Fprintf(r.stderr, "%s was not written: there are no rows.\n", r.options.csv)
		return nil
	}
	if err := r.file.commit(sheet.text); err != nil {
		return fmt.Errorf("%w; the same command with --request-id %s finds its answer for 10 minutes", err, out.RequestID)
	}
	fmt.Fprintf(r.stderr, "%s written to %s\n", count(sheet.rows, "row"), r.options.csv)
	return nil
}

// count is a number of things: 1 row, 2 rows.
func count(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}

// failed shows why a request failed, and returns the exit code.
func (r *runner) failed(out mm.Outcome) error {
	if out.Err == nil {
		return errors.New("the answer has no status that this version knows; is the daemon of another version? `mm version` shows it")
	}
	if r.options.json && len(out.Objects) > 0 { // what there was up to then
		if _, err := fmt.Fprintf(r.stdout, "%s\n", out.Objects); err != nil {
			return err
		}
	}
	if r.file != nil {
		fmt.Fprintf(r.stderr, "%s was not written.\n", r.file.name)
	}
	// What a script itself threw was shown among its errors.
	said := (out.Err.Code == mm.CommandFailed || out.Err.Code == mm.ParseFailed) && len(out.Errors) > 0
	sayError(r.stderr, out.Err, said)
	return exit(codeOf(out.Err))
}

// sayError says what went wrong and what to do next; the message only where it was not said already.
func sayError(w io.Writer, e *mm.Error, said bool) {
	if !said {
		prefix := "mm: "
		if e.Code == mm.WrongAccount { // it begins with a warning that people look for
			prefix = ""
		}
		fmt.Fprintln(w, prefix+e.Message)
	}
	if e.Remedy != "" {
		fmt.Fprintln(w, e.Remedy)
	}
	if e.RetryAfter > 0 {
		fmt.Fprintf(w, "Try again in %s.\n", e.RetryAfter.Round(time.Second))
	}
	if e.Executed == mm.ExecutedMaybe {
		fmt.Fprintln(w, "It may have been executed: check before you repeat it.")
	}
}
