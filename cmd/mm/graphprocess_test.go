package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestGraphInPipesAndFiles(t *testing.T) {
	w := newWorld(t, 100*time.Millisecond)
	w.signInByCode("Contoso-GA")
	dir := t.TempDir()
	write(t, filepath.Join(dir, "up.txt"), "hello")
	write(t, filepath.Join(dir, "event.json"), `{"subject":"Standup","start":{"dateTime":"2026-12-01T09:00:00","timeZone":"UTC"},"end":{"dateTime":"2026-12-01T09:15:00","timeZone":"UTC"}}`)
	file := "'/me/drive/root:/up.txt:/content'"
	for _, c := range []struct {
		name, script   string
		code           int
		stdout, stderr string
	}{
		{"an item", `mm graph Contoso-GA /me --jq .displayName`, 0, "\"Admin Casey\"\n", ""},
		{"a list to its end", `mm graph Contoso-GA '/users?$top=3&$select=mail' --all --jq '.value | length'`, 0, "8\n", ""},
		{"a list to a bound", `mm graph Contoso-GA '/users?$top=3&$select=mail' --all --max-items 3 --jq '.value | length'`, 1, "3\n", "--page 'https://"},
		{"CSV", `mm graph Contoso-GA '/users?$top=3&$select=displayName' --all --csv users.csv && grep -c @ users.csv; head -1 users.csv`, 0, "0\n\ufeffdisplayName,id\r\n", "8 rows written to users.csv\n"},
		{"a body from a file", `mm graph Contoso-GA POST /me/events --body @event.json --jq .subject`, 0, "\"Standup\"\n", ""},
		{"a body from standard input", `cat event.json | mm graph Contoso-GA post /me/events --body - --jq .subject`, 0, "\"Standup\"\n", ""},
		{"an upload", `mm graph Contoso-GA PUT ` + file + ` --body-file up.txt --jq .size`, 0, "5\n", ""},
		{"a download", `mm graph Contoso-GA ` + file + ` -o down.txt && cat down.txt`, 0, "hello", "Saved to down.txt (5 bytes, "},
		{"a download to standard output", `mm graph Contoso-GA ` + file + ` -o -`, 0, "hello", ""},
		{"JSON to a file", `mm graph Contoso-GA /me -o me.json --jq .mail && cat me.json`, 0, "\"admin@contoso.com\"\n", "Saved to me.json (20 bytes, JSON)\n"},
		{"one that does not work leaves the file", `echo old > keep.txt; mm graph Contoso-GA /nonsense -o keep.txt || cat keep.txt`, 0, "old\n", "keep.txt was not written.\n"},
		{"no place for the answer", `mm graph Contoso-GA /me -o none/such`, 2, "", "cannot be written"},
		{"nothing is left of files on their way", `ls ~/.m365-state/files`, 0, "", ""},
		{"one request id, one request", `for i in 1 2; do mm graph Contoso-GA POST /me/events --body @event.json --jq .id --request-id same; done | uniq | wc -l`, 0, "1\n", ""},
		{"there is more", `mm graph Contoso-GA '/users?$top=3' --jq '.value|length'`, 0, "3\n", "--page 'https://"},
		{"the next page", `mm graph Contoso-GA --jq '.value|length' "$(mm graph Contoso-GA '/users?$top=6' 2>&1 >/dev/null | sed -n "s/.*--page '\(.*\)'/\1/p")"`, 0, "2\n", ""},
		{"the next page by --page", `mm graph Contoso-GA --jq '.value|length' --page "$(mm graph Contoso-GA '/users?$top=6' 2>&1 >/dev/null | sed -n "s/.*--page '\(.*\)'/\1/p")"`, 0, "2\n", ""},
		{"a fault of the service", `mm sandbox fault graph/me HTTP503 && mm graph Contoso-GA /me --timeout 2; c=$?; mm sandbox fault --clear; exit $c`, 1, "", "503"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd := exec.Command("bash", "-c", c.script)
			cmd.Dir = dir
			cmd.Env = append(w.env[:len(w.env):len(w.env)], "PATH="+filepath.Dir(mmPath)+":"+os.Getenv("PATH"))
			code, stdout, stderr := ended(t, cmd)
			if code != c.code || stdout != c.stdout || !strings.Contains(stderr, c.stderr) || c.stderr == "" && stderr != "" {
				t.Errorf("exit code %d\nstdout %q\nstderr %q", code, stdout, stderr)
			}
		})
	}
}
