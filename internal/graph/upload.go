package graph

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"strings"
	"time"

	mm "github.com/microsoft-master/mm"
)

// What goes by an upload session, and in which pieces: multiples of 320 KiB, as OneDrive wants them; attachments under 4 MB.
const (
	simpleUpload    = 4 << 20
	pieceUnit       = 320 << 10
	drivePiece      = 32 * pieceUnit
	attachmentPiece = 10 * pieceUnit
	// maxSetbacks bounds the failures in a row of one upload.
	maxSetbacks = 6
)

// An upload is a file on its way.
type upload struct {
	file  *os.File
	name  string
	size  int64
	piece int64
	url   string // of the session
}

// upload sends a file: whole, or by an upload session where it is large or the call asks for one.
func (r *run) upload(ctx context.Context) (mm.GraphResult, error) {
	if r.config.Files == "" {
		return failedResult(nil), r.fail("Send the body itself.", "This mm keeps no files.")
	}
	folder, err := r.openFiles()
	if err != nil {
		return failedResult(nil), r.fileProblem(err)
	}
	defer func() { _ = folder.Close() }()
	file, size, err := r.openBody(folder)
	if err != nil {
		return failedResult(nil), err
	}
	defer func() { _ = file.Close() }()
	u := &upload{file: file, name: path.Base(r.call.BodyFile), size: size, piece: drivePiece}
	session := strings.HasSuffix(r.call.Path, "/createuploadsession")
	if !session && (size <= simpleUpload || r.call.Method != http.MethodPut || !strings.HasSuffix(r.call.Path, "/content")) {
		return r.sendWhole(ctx, u)
	}
	if size == 0 {
		return failedResult(nil), r.fail("Send it to …/content.", "The file is empty, and an upload session takes no empty files.")
	}
	return r.sendPieces(ctx, u, session)
}

// openBody opens the file that is to be sent. Links that lead out of the folder are refused by it.
func (r *run) openBody(folder *os.Root) (*os.File, int64, error) {
	name := path.Clean(r.ownName(r.call.BodyFile))
	if path.IsAbs(name) {
		return nil, 0, r.fail("Put the file below "+r.config.Shown+" and give its name there.", "Files are sent from below "+r.config.Shown+" only.")
	}
	about, err := folder.Stat(name)
	if err != nil {
		return nil, 0, r.fileProblem(err)
	}
	if !about.Mode().IsRegular() { // opening a pipe would wait for its other end
		return nil, 0, r.fail("Name a plain file.", "What is to be sent is no plain file.")
	}
	if about.Size() > r.config.MaxFile {
		return nil, 0, r.tooLargeFile()
	}
	file, err := folder.Open(name)
	if err != nil {
		return nil, 0, r.fileProblem(err)
	}
	return file, about.Size(), nil
}

func (r *run) sendWhole(ctx context.Context, u *upload) (mm.GraphResult, error) {
	q := r.request()
	q.size = u.size
	q.body = func() (io.ReadCloser, error) { return io.NopCloser(io.NewSectionReader(u.file, 0, u.size)), nil }
	if r.call.ContentType == "" {
		q.header = http.Header{"Content-Type": {contentTypeOf(u.name)}}
	}
	resp, err := r.send(ctx, q)
	if err != nil {
		return failedResult(resp), err
	}
	return r.read(resp)
}

// sendPieces opens an upload session and sends the file to it, piece by piece, going on where the service says that it is after
// a failure. When it ends early, the session is given up.
func (r *run) sendPieces(ctx context.Context, u *upload, given bool) (mm.GraphResult, error) {
	if err := r.openSession(ctx, u, given); err != nil {
		return failedResult(nil), err
	}
	resp, err := r.pieces(ctx, u)
	if err != nil {
		r.giveUp(ctx, u)
		return failedResult(resp), err
	}
	return r.read(resp)
}

// openSession asks for the address to which the pieces go.
func (r *run) openSession(ctx context.Context, u *upload, given bool) error {
	q := r.request()
	q.method, q.header = http.MethodPost, http.Header{"Content-Type": {"application/json"}}
	body := r.call.Body
	if !given {
		q.url, body = sessionFor(r.call.URL)
	}
	if strings.Contains(r.call.Path, "/attachments") {
		u.piece = attachmentPiece
		if len(body) == 0 {
			body, _ = encode(map[string]any{"AttachmentItem": map[string]any{"attachmentType": "file", "name": u.name, "size": u.size}}) // texts
		}
	}
	if len(body) == 0 {
		body = []byte(`{}`)
	}
	text := string(body)
	q.size, q.body = int64(len(text)), func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }
	resp, err := r.send(ctx, q)
	if err != nil {
		return err
	}
	defer closeBody(resp)
	var session struct {
		URL string `json:"uploadUrl"`
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxFailure)).Decode(&session); err != nil {
		return r.brokenBody(err)
	}
	to, err := url.Parse(session.URL)
	if err != nil || !r.mayVisit(to) {
		return r.fail("Try again later.", "The service named no address for the upload to which a file may be sent.")
	}
	u.url = to.String()
	r.executed = mm.ExecutedNo // a session alone changes nothing
	return nil
}

// sessionFor makes the request for a session of PUT …/content: the same item, replaced where it exists unless the query says
// otherwise.
func sessionFor(address string) (string, []byte) {
	place, query, _ := strings.Cut(address, "?")
	values, _ := url.ParseQuery(query) // what can be read of it will do
	conflict := "replace"
	if v := values.Get("@microsoft.graph.conflictBehavior"); v != "" {
		conflict = v
	}
	body, _ := encode(map[string]any{"item": map[string]string{"@microsoft.graph.conflictBehavior": conflict}}) // texts
	return place[:strings.LastIndex(place, "/")] + "/createUploadSession", body
}

// pieces sends the pieces, and returns the answer to the last one.
func (r *run) pieces(ctx context.Context, u *upload) (*http.Response, error) {
	setbacks := 0
	for at := int64(0); ; {
		end := min(at+u.piece, u.size)
		q := request{method: http.MethodPut, url: u.url, size: end - at, tolerated: func(int) bool { return true }, header: http.Header{
			"Content-Range": {fmt.Sprintf("bytes %d-%d/%d", at, end-1, u.size)}, "Content-Type": {"application/octet-stream"}}}
		q.body = func() (io.ReadCloser, error) { return io.NopCloser(io.NewSectionReader(u.file, at, end-at)), nil }
		resp, err := r.send(ctx, q)
		if ctx.Err() != nil {
			return resp, ctx.Err()
		}
		switch {
		case err == nil && resp.StatusCode == http.StatusAccepted:
			at, setbacks = r.expected(resp, end), 0
			r.executed = mm.ExecutedMaybe
			r.tellSize("Sending "+u.name, at, u.size)
			if at < u.size {
				continue
			}
			err = r.fail(againRemedy(mm.ExecutedMaybe), "The service has the whole file, and does not say so.")
		case err == nil && resp.StatusCode < 300:
			r.tellSize("Sending "+u.name, u.size, u.size)
			return resp, nil
		case err == nil && !resumable(resp.StatusCode):
			defer closeBody(resp)
			return resp, r.failed(resp)
		case err == nil:
			err = r.failed(resp)
			closeBody(resp)
		}
		if setbacks++; setbacks > maxSetbacks {
			return resp, err
		}
		if at, err = r.resume(ctx, u, setbacks, at, err); err != nil {
			return nil, err
		}
	}
}

// resumable reports whether an upload goes on after this status: where the service is in trouble, or at another place.
func resumable(status int) bool {
	return status >= 500 || status == http.StatusRequestedRangeNotSatisfiable || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout
}

// resume waits and asks the session where to go on. why is what happened; it is the error where nothing helps.
func (r *run) resume(ctx context.Context, u *upload, setbacks int, at int64, why error) (int64, error) {
	d := firstWait << (setbacks - 1)
	var failed *mm.Error
	if errors.As(why, &failed) && failed.RetryAfter > d {
		d = min(failed.RetryAfter, maxWait)
	}
	d += time.Duration(jitter * r.config.Jitter() * float64(d))
	r.tell("Sending "+u.name, "interrupted; going on in "+d.Round(time.Second).String(), int(at*100/u.size))
	if err := r.config.Wait(ctx, d); err != nil {
		return 0, err
	}
	resp, err := r.send(ctx, request{method: http.MethodGet, url: u.url})
	if err != nil {
		if resp != nil && resp.StatusCode < 500 { // the session is gone
			return 0, why
		}
		return at, ctx.Err() // the next piece finds out
	}
	defer closeBody(resp)
	return r.expected(resp, at), nil
}

// expected is where the service wants the upload to go on; otherwise where it says nothing.
func (r *run) expected(resp *http.Response, otherwise int64) int64 {
	defer closeBody(resp)
	var state struct {
		Ranges []string `json:"nextExpectedRanges"`
	}
	if json.NewDecoder(io.LimitReader(resp.Body, maxFailure)).Decode(&state) != nil || len(state.Ranges) == 0 {
		return otherwise
	}
	var at int64
	if _, err := fmt.Sscanf(state.Ranges[0], "%d", &at); err != nil || at < 0 {
		return otherwise
	}
	return at
}

// giveUpLimit bounds how long closing a session may take, after the request's own time is over.
const giveUpLimit = 3 * time.Second

// giveUp closes a session that is not finished, so that the service forgets its pieces. Where it fails the session expires.
func (r *run) giveUp(ctx context.Context, u *upload) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), giveUpLimit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodDelete, u.url, nil)
	if err != nil {
		return
	}
	if resp, err := r.transport.RoundTrip(req); err == nil {
		closeBody(resp)
	}
}
