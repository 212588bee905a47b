package graph_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	mm "github.com/microsoft-master/mm"
	"github.com/microsoft-master/mm/internal/graph"
)

func TestAFileIsSavedUnderANameThatIsSafeAndFree(t *testing.T) {
	var disposition string
	w := serve(t, func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "application/pdf")
		if disposition != "" {
			rw.Header().Set("Content-Disposition", disposition)
		}
		_, _ = io.WriteString(rw, "%PDF-1.7")
	})
	for _, c := range []struct{ endpoint, saveTo, disposition, want string }{
		{"/me/drive/root:/Docs/Q1 report.pdf:/content", "", "", "Q1 report.pdf"},
		{"/me/drive/root:/Docs/Q1 report.pdf:/content", "", "", "Q1 report (2).pdf"},
		{"/me/drive/root:/Docs/Q1 report.pdf:/content", "", "", "Q1 report (3).pdf"},
		{"/me/drive/items/ABC/content", "", "", "ABC.pdf"},
		{"/me/drive/items/ABC/content", "", `attachment; filename="r.pdf"`, "r.pdf"},
		{"/me/drive/items/ABC/content", "", `attachment; filename*=UTF-8''%C3%BCber.pdf`, "über.pdf"},
		{"/me/drive/items/ABC/content", "", `attachment; filename="../../etc/passwd"`, "_._.._etc_passwd"},
		{"/me/drive/items/ABC/content", "", `attachment; filename="..\\..\\x.bat"`, "_._.._x.bat"},
		{"/me/drive/items/ABC/content", "", `attachment; filename="CON.pdf"`, "_CON.pdf"},
		{"/me/drive/items/ABC/content", "", `attachment; filename=".bashrc"`, "_bashrc"},
		{"/me/drive/items/ABC/content", "", `attachment; filename="a.pdf. . "`, "a.pdf"},
		{"/me/drive/items/ABC/content", "", `attachment; filename*=UTF-8''a%E2%80%AEfdp.exe`, "afdp.exe"},
		{"/me/drive/items/ABC/content", "", `attachment; filename="` + strings.Repeat("x", 300) + `.pdf"`, strings.Repeat("x", 146) + ".pdf"},
		{"/me/drive/items/ABC/content", "new/b.pdf", "", "new/b.pdf"},
		{"/me/drive/items/ABC/content", "files/c.pdf", "", "c.pdf"},
		{"/me/drive/items/ABC/content", "/shown/d.pdf", "", "d.pdf"},
		{"/me/drive/items/ABC/content", "/etc/e.pdf", "", "etc/e.pdf"},
	} {
		disposition = c.disposition
		got := w.must(mm.GraphRequest{Endpoint: c.endpoint, SaveTo: c.saveTo})
		if got.File != "/shown/"+c.want || got.FileSize != 8 || got.FileType != "application/pdf" || got.Data != nil {
			t.Errorf("%+v: %+v", c, got)
		}
		about, err := os.Stat(filepath.Join(w.files, filepath.FromSlash(c.want)))
		if err != nil || about.Mode().Perm() != 0o600 || about.Size() != 8 {
			t.Errorf("%s: %v, %v", c.want, about, err)
		}
	}
}

func TestASavedFileLeadsNowhereElse(t *testing.T) {
	w := serve(t, status(200, "Content-Type: application/pdf", "%PDF"))
	outside := t.TempDir()
	if err := os.MkdirAll(w.files, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string]string{"out": outside, "dangling.pdf": filepath.Join(outside, "x")} {
		if err := os.Symlink(to, filepath.Join(w.files, name)); err != nil {
			t.Skip("no links here")
		}
	}
	if _, err := w.do(mm.GraphRequest{Endpoint: "/x/content", SaveTo: "out/a.pdf"}); err == nil {
		t.Error("written through a link")
	}
	if got := w.must(mm.GraphRequest{Endpoint: "/x/content", SaveTo: "dangling.pdf"}); got.File != "/shown/dangling (2).pdf" {
		t.Errorf("%+v", got)
	}
	if left, _ := os.ReadDir(outside); len(left) > 0 {
		t.Errorf("%v", left)
	}
}

func TestAFileThatIsTooLargeLeavesNothing(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"as it says": status(200, "Content-Type: application/pdf\nContent-Length: 2000000", strings.Repeat("x", 2_000_000)),
		"as it is": func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Type", "application/pdf")
			for range 20 {
				_, _ = rw.Write(make([]byte, 100_000))
			}
		},
	} {
		w := serve(t, h, func(c *graph.Config) { c.MaxFile = 1 << 20 })
		_, err := w.do(mm.GraphRequest{Endpoint: "/x/content"})
		if err == nil || !strings.Contains(err.Error(), "larger than 1 MB") {
			t.Errorf("%s: %v", name, err)
		}
		if left, _ := os.ReadDir(w.files); len(left) > 0 {
			t.Errorf("%s: %v", name, left)
		}
	}
}

func TestAFullDiskIsSaidAndLeavesNothing(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no /dev/full here")
	}
	if got := graph.FileProblem(diskFull(t)); !strings.Contains(got.Message, "disk is full") {
		t.Errorf("%+v", got)
	}
}

// diskFull is the error of writing to a full disk.
func diskFull(t *testing.T) error {
	f, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer func() { _ = f.Close() }()
	_, err = f.Write([]byte("x"))
	return err
}

func TestJSONIsSavedOnlyWhereItIsAFile(t *testing.T) {
	w := serve(t, status(200, "", `{"a":1}`))
	if got := w.must(mm.GraphRequest{Endpoint: "/me", SaveTo: "a.json"}); got.File != "" || string(got.Data) != `{"a":1}` {
		t.Errorf("%+v", got)
	}
	if got := w.must(mm.GraphRequest{Endpoint: "/me/drive/root:/a.json:/content", SaveTo: "a.json"}); got.File != "/shown/a.json" || got.FileSize != 7 {
		t.Errorf("%+v", got)
	}
}

func TestALongTextIsCutAtALine(t *testing.T) {
	w := serve(t, status(200, "Content-Type: text/csv", "\ufeffname\nanna\nbob\ncarl\n"))
	got := w.must(mm.GraphRequest{Endpoint: "/reports/x", MaxChars: 16})
	if got.Text != "name\nanna\nbob\n" || got.Truncated == nil || got.Truncated.KeptChars != 14 || got.Truncated.DroppedChars != 5 {
		t.Errorf("%q %+v", got.Text, got.Truncated)
	}
	if got = w.must(mm.GraphRequest{Endpoint: "/reports/x", SaveTo: "x.csv"}); got.File != "/shown/x.csv" || got.FileSize != 22 {
		t.Errorf("%+v", got)
	}
}

// put writes a file for the client to send.
func (w *world) put(name string, size int) []byte {
	w.t.Helper()
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(i * 7 >> 3)
	}
	path := filepath.Join(w.files, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		w.t.Fatal(err)
	}
	return b
}

func TestASmallFileIsSentWhole(t *testing.T) {
	var got []byte
	var kind string
	busy := 1
	w := serve(t, func(rw http.ResponseWriter, r *http.Request) {
		got, _ = io.ReadAll(r.Body)
		kind = r.Header.Get("Content-Type")
		if busy--; busy >= 0 {
			rw.Header().Set("Retry-After", "1")
			rw.WriteHeader(503)
			return
		}
		answer(rw, 201, `{"id":"1"}`)
	})
	want := w.put("in/a.pdf", 100_000)
	for _, name := range []string{"in/a.pdf", "files/in/a.pdf", "/shown/in/a.pdf", "./in/a.pdf"} {
		if r := w.must(mm.GraphRequest{Method: "PUT", Endpoint: "/me/drive/root:/a.pdf:/content", BodyFile: name}); string(r.Data) != `{"id":"1"}` {
			t.Errorf("%s: %s", name, r.Data)
		}
		if !bytes.Equal(got, want) || kind != "application/pdf" {
			t.Errorf("%s: %d bytes of %s", name, len(got), kind)
		}
	}
}

func TestOnlyFilesOfTheFolderAreSent(t *testing.T) {
	w := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("something was sent") })
	w.put("a", 10)
	secret := filepath.Join(t.TempDir(), "id_rsa")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	_ = os.Symlink(secret, filepath.Join(w.files, "link"))
	_ = os.Symlink(filepath.Dir(secret), filepath.Join(w.files, "folder"))
	_ = os.Mkdir(filepath.Join(w.files, "dir"), 0o700)
	for _, name := range []string{secret, "../" + filepath.Base(secret), "link", "folder/id_rsa", "none", "dir", "/etc/passwd", "/shown/../x"} {
		_, err := w.do(mm.GraphRequest{Method: "PUT", Endpoint: "/me/drive/root:/a:/content", BodyFile: name})
		if err == nil || strings.Contains(err.Error(), filepath.Dir(secret)) && name != secret {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAFileGoesOnlyWhereFilesGo(t *testing.T) {
	w := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("something was sent") })
	w.put("a", 10)
	for _, r := range []mm.GraphRequest{
		{Method: "POST", Endpoint: "/me/sendMail", BodyFile: "a"},
		{Method: "PATCH", Endpoint: "/me/mailboxSettings", BodyFile: "a"},
	} {
		if _, err := w.do(r); err == nil {
			t.Errorf("%s: what is sent could not be judged", r.Endpoint)
		}
	}
}

// A store takes upload sessions.
type store struct {
	w        *world
	mu       sync.Mutex
	got      []byte
	size     int
	requests []string
	fail     func(n int, rw http.ResponseWriter, r *http.Request) bool // answers the nth request to the session in its own way
	n        int
	lost     int // the request to the session whose answer is lost
}

func (s *store) serve(rw http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Method == "POST" {
		s.requests = append(s.requests, r.URL.Path+" "+string(body))
		answer(rw, 200, `{"uploadUrl":"`+s.w.server.URL+`/session?sig=secret","expirationDateTime":"2099-01-01T00:00:00Z"}`)
		return
	}
	if r.Header.Get("Authorization") != "" {
		s.requests = append(s.requests, "with a token!")
	}
	s.n++
	if s.fail != nil && s.fail(s.n, rw, r) {
		return
	}
	switch r.Method {
	case "GET":
		s.expect(rw, 200)
	case "DELETE":
		s.requests = append(s.requests, "given up")
		rw.WriteHeader(204)
	case "PUT":
		var from, to, of int
		_, _ = fmt.Sscanf(r.Header.Get("Content-Range"), "bytes %d-%d/%d", &from, &to, &of)
		s.requests = append(s.requests, fmt.Sprint(from, "-", to))
		if from != len(s.got) || len(body) != to-from+1 || of != s.size || to+1 < of && len(body)%(320<<10) != 0 {
			rw.WriteHeader(416)
			return
		}
		if s.got = append(s.got, body...); len(s.got) == of {
			answer(rw, 201, `{"@odata.context":"x","id":"new"}`)
			return
		}
		if s.n == s.lost {
			panic(http.ErrAbortHandler)
		}
		s.expect(rw, 202)
	}
}

func (s *store) expect(rw http.ResponseWriter, status int) {
	answer(rw, status, fmt.Sprintf(`{"nextExpectedRanges":["%d-"]}`, len(s.got)))
}

func TestALargeFileIsSentInPiecesAndGoesOnAfterAFault(t *testing.T) {
	const size = 21 << 20
	dropped := func(n int, rw http.ResponseWriter, _ *http.Request) bool {
		if n == 2 {
			panic(http.ErrAbortHandler)
		}
		return false
	}
	for _, c := range []struct {
		name, endpoint, method string
		body                   string
		fail                   func(*store) func(int, http.ResponseWriter, *http.Request) bool
		first                  string // the request for the session
		message                string
		executed               mm.Executed
		givenUp                bool
	}{
		{name: "without a fault", first: `/v1.0/me/drive/root:/b.bin:/createUploadSession {"item":{"@microsoft.graph.conflictBehavior":"replace"}}`},
		{name: "under a new name", endpoint: "/me/drive/root:/b.bin:/content?@microsoft.graph.conflictBehavior=rename",
			first: `/v1.0/me/drive/root:/b.bin:/createUploadSession {"item":{"@microsoft.graph.conflictBehavior":"rename"}}`},
		{name: "by the caller's session", method: "POST", endpoint: "/me/drive/root:/b.bin:/createUploadSession", body: `{"item":{"name":"b"}}`,
			first: `/v1.0/me/drive/root:/b.bin:/createUploadSession {"item":{"name":"b"}}`},
		{name: "an attachment", method: "POST", endpoint: "/me/messages/1/attachments/createUploadSession",
			first: fmt.Sprintf(`/v1.0/me/messages/1/attachments/createUploadSession {"AttachmentItem":{"attachmentType":"file","name":"b.bin","size":%d}}`, size)},
		{name: "a fault", fail: func(*store) func(int, http.ResponseWriter, *http.Request) bool {
			return func(n int, rw http.ResponseWriter, _ *http.Request) bool {
				if n == 2 {
					rw.WriteHeader(500)
				}
				return n == 2
			}
		}},
		{name: "a connection that broke", fail: func(*store) func(int, http.ResponseWriter, *http.Request) bool { return dropped }},
		{name: "a piece that arrived without an answer", fail: func(s *store) func(int, http.ResponseWriter, *http.Request) bool {
			s.lost = 2
			return nil
		}},
		{name: "busy for a while", fail: func(*store) func(int, http.ResponseWriter, *http.Request) bool {
			return func(n int, rw http.ResponseWriter, r *http.Request) bool {
				if n < 4 {
					rw.Header().Set("Retry-After", "2")
					rw.WriteHeader(503)
				}
				return n < 4
			}
		}},
		{name: "never", message: "500", executed: mm.ExecutedMaybe, givenUp: true, fail: func(*store) func(int, http.ResponseWriter, *http.Request) bool {
			return func(_ int, rw http.ResponseWriter, r *http.Request) bool {
				if r.Method == "PUT" {
					rw.WriteHeader(500)
				}
				return r.Method == "PUT"
			}
		}},
		{name: "a session that is gone", message: "404", executed: mm.ExecutedNo, givenUp: true, fail: func(*store) func(int, http.ResponseWriter, *http.Request) bool {
			return func(n int, rw http.ResponseWriter, r *http.Request) bool {
				if r.Method != "DELETE" {
					rw.WriteHeader(404)
				}
				return r.Method != "DELETE"
			}
		}},
		{name: "a name that is taken", message: "409", executed: mm.ExecutedMaybe, givenUp: true, fail: func(*store) func(int, http.ResponseWriter, *http.Request) bool {
			return func(n int, rw http.ResponseWriter, r *http.Request) bool {
				if n == 3 {
					answer(rw, 409, `{"error":{"code":"nameAlreadyExists","message":"x"}}`)
				}
				return n == 3
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &store{size: size}
			s.w = serve(t, s.serve)
			if c.fail != nil {
				s.fail = c.fail(s)
			}
			want := s.w.put("b.bin", size)
			r := mm.GraphRequest{Method: c.method, Endpoint: c.endpoint, BodyFile: "b.bin", Body: raw(c.body)}
			if r.Method == "" {
				r.Method = "PUT"
			}
			if r.Endpoint == "" {
				r.Endpoint = "/me/drive/root:/b.bin:/content"
			}
			call, failed := s.w.client.Prepare(s.w.connection, r)
			if failed != nil {
				t.Fatal(failed)
			}
			last := 0
			got, err := s.w.client.Do(t.Context(), s.w.connection, call, s.w.source, func(r []mm.Record) { last = r[0].Percent })
			log := strings.Join(s.requests, "\n")
			if strings.Contains(log, "token!") || strings.Contains(fmt.Sprint(err), "sig=") || strings.Contains(log, "given up") != c.givenUp {
				t.Errorf("%s\n%v", log, err)
			}
			if c.message != "" {
				e, ok := err.(*mm.Error)
				if !ok || !strings.Contains(e.Message, c.message) || e.Executed != c.executed {
					t.Errorf("%+v", err)
				}
				return
			}
			if err != nil || string(got.Data) != `{"id":"new"}` || !bytes.Equal(s.got, want) || last != 100 {
				t.Errorf("%v, %s, %d bytes, %d percent\n%s", err, got.Data, len(s.got), last, log)
			}
			if c.first != "" {
				if diff := cmp.Diff(c.first, s.requests[0]); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

func TestAnUploadIsOnlySentToAnHTTPSAddress(t *testing.T) {
	w := serve(t, status(200, "", `{"uploadUrl":"http://127.0.0.1/x"}`))
	w.put("b", 5<<20)
	_, err := w.do(mm.GraphRequest{Method: "PUT", Endpoint: "/me/drive/root:/b:/content", BodyFile: "b"})
	if err == nil || len(w.arrived()) != 1 {
		t.Errorf("%v", err)
	}
}

func TestACancelledUploadGivesItsSessionUp(t *testing.T) {
	s := &store{size: 21 << 20}
	ctx, cancel := context.WithCancel(t.Context())
	s.w = serve(t, s.serve)
	s.fail = func(n int, _ http.ResponseWriter, _ *http.Request) bool {
		if n == 2 {
			cancel()
		}
		return false
	}
	s.w.put("b", s.size)
	call, failed := s.w.client.Prepare(s.w.connection, mm.GraphRequest{Method: "PUT", Endpoint: "/me/drive/root:/b:/content", BodyFile: "b", Timeout: time.Minute})
	if failed != nil {
		t.Fatal(failed)
	}
	_, err := s.w.client.Do(ctx, s.w.connection, call, s.w.source, nil)
	if e, ok := err.(*mm.Error); !ok || e.Code != mm.Cancelled || e.Executed != mm.ExecutedMaybe {
		t.Errorf("%+v", err)
	}
	if got := s.w.arrived(); !strings.HasPrefix(got[len(got)-1], "DELETE") {
		t.Errorf("%q", got)
	}
}
