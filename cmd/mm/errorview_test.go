package main

import (
	"strings"
	"testing"

	mm "github.com/microsoft-master/mm"
)

func TestErrorsAreFoundAtTheEndOfTheText(t *testing.T) {
	const boom = "Exception: \nLine |\n   1 |  throw 'boom'\n     |  ~~~~~~~~~~~~\n     | boom\n"
	const wrapped = "Get-Mailbox: \nLine |\n   2 |  Get-Mailbox boom\n     |  ~~~~\n     | The mailbox 'boom' was\n     | not found.\n"
	for _, c := range []struct {
		name, body, rendered string
		errors               []string
	}{
		{"one line", "a\nb\n", "Write-Error: boom\n", []string{"boom"}},
		{"nothing before", "", "Write-Error: boom\n", []string{"boom"}},
		{"with the line of the script", "a\n\n", boom, []string{"boom"}},
		{"wrapped", "a\n", wrapped, []string{"The mailbox 'boom' was not found."}},
		{"several, one's message within another's line", "a\n", boom + wrapped, []string{"boom", "The mailbox 'boom' was not found."}},
		{"the same twice", "Write-Error: boom\n", "Write-Error: boom\nWrite-Error: boom\n", []string{"boom", "boom"}},
		{"a message of several lines", "a\n", "Write-Error: x\n\n  y\n", []string{"x\n\n  y"}},
		{"bars in the message", "| a |\n", "Write-Error: | x |\n| y\n", []string{"| x |\n| y"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var records []mm.ErrorRecord
			for _, m := range c.errors {
				records = append(records, mm.ErrorRecord{Message: m})
			}
			at, ok := splitErrors(c.body+c.rendered, records)
			if !ok || at != len(c.body) {
				t.Errorf("%t, at %d, not %d", ok, at, len(c.body))
			}
		})
	}
	for name, errors := range map[string][]mm.ErrorRecord{
		"no errors": nil, "another error": {{Message: "bang"}}, "no message": {{}}, "one too many": {{Message: "a"}, {Message: "a"}},
	} {
		if at, ok := splitErrors("a\n", errors); ok || at != 2 {
			t.Errorf("%s: %t, %d", name, ok, at)
		}
	}
}

func TestMoreErrorsThanAreRenderedAreFoundToo(t *testing.T) {
	text := "a\n" + strings.Repeat("Write-Error: x\n", shownErrors) + "… and 7 more errors.\n"
	records := make([]mm.ErrorRecord, shownErrors+7)
	for i := range records {
		records[i].Message = "x"
	}
	if at, ok := splitErrors(text, records); !ok || at != 2 {
		t.Errorf("%t, %d", ok, at)
	}
}
