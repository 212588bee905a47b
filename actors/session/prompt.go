package session

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

	mm "github.com/microsoft-master/mm"
)

// tailLimit is how many bytes of console text are kept between pieces: a prompt is under 200.
const tailLimit = 512

// codePattern finds the device code in the prompts of all modules. Codes are upper case, so that "the code displayed" is
// none.
var (
	codePattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?i:\bcode:?\s+)([A-Z0-9]{8,10})\b`) })
	urlPattern  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`https?://[^\s'"<>]+`) })
	ansi        = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile("\x1b(?:\\[[0-9;:?]*[ -/]*[@-~]|\\][^\x07\x1b]*(?:\x07|\x1b\\\\)?|[@-Z\\\\^_])")
	})
)

type prompt struct{ code, url, message string }

// findPrompt returns the device code prompt in text, and where to type the code. An address that is not Microsoft's, nor
// the sandbox's for a connection of the sandbox, is replaced by the well-known one: a person follows it.
func findPrompt(text string, c mm.Connection) (prompt, bool) {
	at := codePattern().FindStringSubmatchIndex(text)
	if at == nil {
		return prompt{}, false
	}
	begin := strings.LastIndexByte(text[:at[0]], '\n') + 1
	end := len(text)
	if i := strings.IndexByte(text[at[1]:], '\n'); i >= 0 {
		end = at[1] + i
	}
	p := prompt{code: text[at[2]:at[3]], url: mm.DeviceLoginURL, message: strings.TrimSpace(text[begin:end])}
	if u := strings.TrimRight(urlPattern().FindString(p.message), ".,;"); signInAddress(u, c) {
		p.url = u
	} else {
		p.message = "To sign in, open " + p.url + " in a web browser and enter the code " + p.code + "."
	}
	return p, true
}

// signInHosts are where Microsoft's clouds take device codes.
var signInHosts = map[string]bool{
	"microsoft.com": true, "www.microsoft.com": true, "aka.ms": true, "login.microsoft.com": true,
	"login.microsoftonline.com": true, "login.microsoftonline.us": true, "login.chinacloudapi.cn": true,
	"login.partner.microsoftonline.cn": true,
}

func signInAddress(address string, c mm.Connection) bool {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil {
		return false
	}
	if c.Cloud == "sandbox" && c.Sandbox != nil {
		return strings.HasPrefix(address, strings.TrimRight(c.Sandbox.Authority, "/")+"/")
	}
	return u.Scheme == "https" && signInHosts[strings.ToLower(u.Host)]
}

// withoutEscapes returns a result without terminal escape sequences, whatever the engine and the command left in it.
func withoutEscapes(r mm.Result) mm.Result {
	r.Output = plain(r.Output)
	r.Errors = slices.Clone(r.Errors)
	for i := range r.Errors {
		e := &r.Errors[i]
		for _, text := range []*string{&e.Message, &e.Target, &e.FullyQualifiedErrorID, &e.Category, &e.Type} {
			*text = plain(*text)
		}
	}
	for _, stream := range []*[]string{&r.Streams.Warning, &r.Streams.Verbose, &r.Streams.Debug, &r.Streams.Information, &r.Streams.Console} {
		*stream = slices.Clone(*stream)
		for i, text := range *stream {
			(*stream)[i] = plain(text)
		}
	}
	return r
}

// plainRecords returns stream records without terminal escape sequences.
func plainRecords(records []mm.Record) []mm.Record {
	clean := slices.Clone(records)
	for i := range clean {
		clean[i].Text, clean[i].Activity = plain(clean[i].Text), plain(clean[i].Activity)
	}
	return clean
}

// plain removes terminal escape sequences.
func plain(s string) string {
	if !strings.Contains(s, "\x1b") {
		return s
	}
	return ansi().ReplaceAllString(s, "")
}
