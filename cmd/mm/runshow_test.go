package main

import (
	"encoding/json"
	"testing"
	"time"

	mm "github.com/microsoft-master/mm"
)

func TestAnswersAreShown(t *testing.T) {
	seven, zero := 7, 0
	objects := mm.Outcome{Status: mm.StatusSuccess, Result: mm.Result{Objects: json.RawMessage(`[{"a":1}]`)}}
	withError := with(objects, func(o *mm.Outcome) { o.Errors = []mm.ErrorRecord{{Message: "one failed"}} })
	for _, c := range []struct {
		name           string
		options        runOptions
		out            mm.Outcome
		stdout, stderr string
		code           int
	}{
		{"text", runOptions{}, printed("\nName\n----\nAda\n\n"), "\nName\n----\nAda\n", "", 0},
		{"no output", runOptions{}, printed(""), "", "", 0},
		{"warnings, notes and what a program printed", runOptions{}, with(printed("x\n"), func(o *mm.Outcome) {
			o.Notes = []string{"not verified"}
			o.Streams = mm.Streams{Warning: []string{"old\nmodule"}, Verbose: []string{"v"}, Debug: []string{"d"},
				Information: []string{"silent"}, Console: []string{"c"}}
		}), "x\n", "c\nDEBUG: d\nVERBOSE: v\nWARNING: old module\nNote: not verified\n", 0},
		{"errors", runOptions{}, with(printed("a\n\nGet-X: no x\n"), func(o *mm.Outcome) { o.Errors = []mm.ErrorRecord{{Message: "no x"}} }),
			"a\n", "Get-X: no x\n", 1},
		{"errors that are rendered in another way", runOptions{}, with(printed("a\n"), func(o *mm.Outcome) { o.Errors = []mm.ErrorRecord{{Message: "no x"}} }),
			"a\n", "ERROR: no x\n", 1},
		{"a program's standard error is no error", runOptions{}, with(printed("a\nsh: cloning\n"), func(o *mm.Outcome) {
			o.Errors = []mm.ErrorRecord{{Message: "cloning", FullyQualifiedErrorID: "NativeCommandErrorMessage"}}
			o.LastExit = &zero
		}), "a\n", "sh: cloning\n", 0},
		{"exit 7", runOptions{}, with(printed("a\n"), func(o *mm.Outcome) { o.ExitCode = &seven }), "a\n", "The command ended with exit 7.\n", 1},
		{"exit 0", runOptions{}, with(printed("a\n"), func(o *mm.Outcome) { o.ExitCode = &zero }), "a\n", "", 0},
		{"a program's exit code", runOptions{}, with(printed("a\n"), func(o *mm.Outcome) { o.LastExit = &seven }),
			"a\n", "A program that the command started ended with exit code 7.\n", 1},
		{"cut text", runOptions{}, with(printed("a\n"), func(o *mm.Outcome) { o.Truncated = &mm.Truncated{KeptChars: 2, DroppedChars: 98} }),
			"a\n", "The output is not complete: 2 characters are shown, 98 were left out. Narrow the command, or use --csv.\n", 1},
		{"records left out", runOptions{}, with(printed("a\n"), func(o *mm.Outcome) { o.Truncated = &mm.Truncated{DroppedRecords: 9} }),
			"a\n", "9 warnings, errors and the like were left out.\n", 0},
		{"objects", runOptions{json: true}, objects, "[{\"a\":1}]\n", "", 0},
		{"objects and an error", runOptions{json: true}, withError, "[{\"a\":1}]\n", "ERROR: one failed\n", 1},
		{"no objects", runOptions{json: true}, printed(""), "[]\n", "", 0},
		{"objects left out", runOptions{json: true}, with(objects, func(o *mm.Outcome) { o.Truncated = &mm.Truncated{KeptItems: 1, DroppedItems: 7} }),
			"[{\"a\":1}]\n", "The objects are not complete: 1 are there, 7 were left out. Narrow the command.\n", 1},
		{"CSV", runOptions{csv: "-"}, objects, bom + "a\r\n1\r\n", "", 0},
		{"objects of a command that threw", runOptions{json: true}, with(withError, func(o *mm.Outcome) {
			o.Status, o.Err = mm.StatusError, &mm.Error{Code: mm.CommandFailed, Message: "one failed", Executed: mm.ExecutedYes}
		}), "[{\"a\":1}]\n", "ERROR: one failed\n", 1},
		{"CSV of a command that threw", runOptions{csv: "-"}, with(withError, func(o *mm.Outcome) {
			o.Status, o.Err = mm.StatusError, &mm.Error{Code: mm.CommandFailed, Message: "one failed", Executed: mm.ExecutedYes}
		}), "", "ERROR: one failed\n", 1},
		{"a throw, which PowerShell has told", runOptions{}, mm.Outcome{Status: mm.StatusError, Err: &mm.Error{Code: mm.CommandFailed, Message: "boom"},
			Result: mm.Result{Output: "half\nException: boom\n", Errors: []mm.ErrorRecord{{Message: "boom"}}}}, "half\n", "Exception: boom\n", 1},
		{"what cannot be parsed is all error", runOptions{}, mm.Outcome{Status: mm.StatusError,
			Err:    &mm.Error{Code: mm.ParseFailed, Message: "Missing }", Remedy: "Correct the command; nothing was run."},
			Result: mm.Result{Output: "ParserError: \nodd\n", Terminated: mm.ParseError, Errors: []mm.ErrorRecord{{Message: "Missing }"}}}},
			"", "ParserError: \nodd\nCorrect the command; nothing was run.\n", 1},
		{"a failure", runOptions{}, mm.Outcome{Status: mm.StatusError, Result: mm.Result{Output: "half\n"}, Err: &mm.Error{Code: mm.SessionDied,
			Message: "It died.", Remedy: "Ask again.", RetryAfter: 2 * time.Second, Executed: mm.ExecutedMaybe}}, "half\n",
			"mm: It died.\nAsk again.\nTry again in 2s.\nIt may have been executed: check before you repeat it.\n", 1},
		{"the wrong account begins as it always did", runOptions{}, refused(mm.Errorf(mm.WrongAccount, "Sign in again.", "WARNING: Authenticated with wrong account.")),
			"", "WARNING: Authenticated with wrong account.\nSign in again.\n", 1},
		{"held", runOptions{}, refused(mm.Errorf(mm.Held, "Approve it.", "Draft.")), "", "mm: Draft.\nApprove it.\n", 4},
		{"refused by the pool as wrong", runOptions{}, refused(mm.Errorf(mm.BadRequest, "", "Too long.")), "", "mm: Too long.\n", 2},
		{"the daemon is gone", runOptions{}, refused(mm.Errorf(mm.NodeUnreachable, "", "Gone.")), "", "mm: Gone.\n", 5},
		{"a status of another version", runOptions{}, mm.Outcome{Status: "odd"}, "",
			"mm: the answer has no status that this version knows; is the daemon of another version? `mm version` shows it\n", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			pool := &fakePool{answer: func(mm.Command) mm.Outcome { return c.out }}
			r, stdout, stderr := start(pool, c.options)
			got := exitCode(stderr, r.run(t.Context(), getMailbox))
			if got != c.code || stdout.String() != c.stdout || stderr.String() != c.stderr {
				t.Errorf("exit code %d\nstdout %q\nstderr %q", got, stdout, stderr)
			}
			if asJSON := pool.commands[0].Want.Format == mm.FormatJSON; asJSON != (c.options.json || c.options.csv != "") {
				t.Errorf("asked for %+v", pool.commands[0].Want)
			}
		})
	}
}
