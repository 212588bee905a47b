package graph

import (
	"crypto/rand"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/microsoft-master/mm/internal/sandbox/odata"
)

const (
	// maxStored bounds what is uploaded, in all.
	maxStored = 256 << 20
	// maxSessions bounds the upload sessions and the download addresses that are open at once.
	maxSessions = 1000
	// chunkUnit is what the size of a chunk must be a multiple of, but for the last.
	chunkUnit = 320 << 10
)

// An upload is an upload session.
type upload struct {
	world   *world
	target  target
	context string
	expires time.Time
	size    int // 0: not known yet
	got     []byte
}

// A download is an address from which a file is had without a token.
type download struct {
	name    string
	content []byte
	expires time.Time
}

// contentHost is the address of contents: another host than Graph's, as in reality, where a token must not be sent to.
func (c *call) contentHost() string {
	_, port, err := net.SplitHostPort(c.r.Host)
	if err != nil {
		return c.base()
	}
	return "https://localhost:" + port
}

func (s *Server) downloadURL(c *call, t target) string {
	for secret, d := range s.downloads {
		if len(s.downloads) >= maxSessions || time.Now().After(d.expires) {
			delete(s.downloads, secret)
		}
	}
	secret := rand.Text()
	s.downloads[secret] = download{t.name, c.world.files[t.drive+"/"+t.item["id"].(string)], time.Now().Add(time.Hour)}
	return c.contentHost() + "/download/" + secret
}

func downloadContent(c *call, t target) answer {
	if t.item == nil || t.item["file"] == nil {
		return c.area.notFound()
	}
	a := newAnswer(http.StatusFound, nil)
	a.header.Set("Location", c.s.downloadURL(c, t))
	return a
}

// store puts a file's content in its place.
func (s *Server) store(w *world, t target, b []byte) (odata.Object, *answer) {
	if s.stored+len(b) > maxStored {
		a := full()
		return nil, &a
	}
	o := w.putFile(t.drive, t.parent, t.name, b)
	if o == nil {
		a := full()
		return nil, &a
	}
	s.stored += len(b)
	return o, nil
}

func putContent(c *call, t target) answer {
	status := http.StatusOK
	if t.item == nil {
		status = http.StatusCreated
		if t.parent == "" || t.name == "" {
			return c.area.notFound()
		}
	} else if t.item["folder"] != nil {
		return refused(http.StatusBadRequest, "invalidRequest", "A folder has no content.")
	} else if a := c.stale(t.item); a != nil {
		return *a
	}
	o, refused := c.s.store(c.world, t, c.raw)
	if refused != nil {
		return *refused
	}
	return c.one(status, c.items(t).context, o)
}

func createUpload(c *call, t target) answer {
	if t.parent == "" || t.name == "" {
		return c.area.notFound()
	}
	for secret, u := range c.s.uploads {
		if time.Now().After(u.expires) {
			delete(c.s.uploads, secret)
		}
	}
	if len(c.s.uploads) >= maxSessions {
		return full()
	}
	secret, expires := rand.Text(), time.Now().Add(time.Hour)
	c.s.uploads[secret] = &upload{world: c.world, target: t, context: c.context(c.items(t).context + "/$entity"), expires: expires}
	return newAnswer(http.StatusOK, odata.Object{"@odata.context": c.context("microsoft.graph.uploadSession"),
		"uploadUrl": c.contentHost() + "/upload/" + secret, "expirationDateTime": expires.UTC().Format(time.RFC3339), "nextExpectedRanges": []any{"0-"}})
}

// preauthorised answers the requests that need no token, because their address is a secret; ok is false for all others.
func (s *Server) preauthorised(r *http.Request, body []byte) (a answer, ok bool) {
	uploading, isUpload := strings.CutPrefix(r.URL.Path, "/upload/")
	downloading, isDownload := strings.CutPrefix(r.URL.Path, "/download/")
	if !isUpload && !isDownload {
		return answer{}, false
	}
	if r.Header.Get("Authorization") != "" { // of Graph's: whoever sends it here gives it away
		return refused(http.StatusUnauthorized, "unauthenticated", "This address takes no token."), true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if isDownload {
		d, ok := s.downloads[downloading]
		if !ok || r.Method != http.MethodGet {
			return filesArea.notFound(), true
		}
		a := content("application/octet-stream", d.content)
		a.header.Set("Content-Disposition", fmt.Sprintf("attachment; filename*=UTF-8''%q", d.name))
		return a, true
	}
	u := s.uploads[uploading]
	switch {
	case u == nil:
		return filesArea.notFound(), true
	case r.Method == http.MethodDelete:
		delete(s.uploads, uploading)
		return noContent(), true
	case r.Method == http.MethodGet:
		return u.progress(http.StatusOK), true
	case r.Method != http.MethodPut:
		return badRequest("An upload is made by PUT."), true
	}
	a, done := s.chunk(u, r.Header.Get("Content-Range"), body)
	if done {
		delete(s.uploads, uploading)
	}
	return a, true
}

func (u *upload) progress(status int) answer {
	return newAnswer(status, odata.Object{"expirationDateTime": u.expires.UTC().Format(time.RFC3339),
		"nextExpectedRanges": []any{fmt.Sprintf("%d-", len(u.got))}})
}

// chunk takes one part of an upload: "bytes 0-327679/1000000".
func (s *Server) chunk(u *upload, contentRange string, body []byte) (a answer, done bool) {
	var from, to, size int
	if _, err := fmt.Sscanf(contentRange, "bytes %d-%d/%d", &from, &to, &size); err != nil || to-from+1 != len(body) || size <= to {
		return refused(http.StatusBadRequest, "invalidRequest", "The Content-Range header does not fit the content."), false
	}
	last := to+1 == size
	switch {
	case u.size != 0 && u.size != size:
		return refused(http.StatusBadRequest, "invalidRequest", "The size of the file has changed."), false
	case from != len(u.got):
		return refused(http.StatusRequestedRangeNotSatisfiable, "invalidRange", "The uploaded fragment overlaps with data that has already been received, or leaves a gap."), false
	case !last && len(body)%chunkUnit != 0:
		return refused(http.StatusBadRequest, "invalidRequest", "The fragment's size is not a multiple of 320 KiB."), false
	case size > maxStored:
		return full(), true
	}
	u.size, u.got = size, append(u.got, body...)
	if !last {
		return u.progress(http.StatusAccepted), false
	}
	o, denied := s.store(u.world, u.target, u.got)
	if denied != nil {
		return *denied, true
	}
	out := odata.Object{"@odata.context": u.context}
	for k, v := range o {
		out[k] = v
	}
	return newAnswer(http.StatusCreated, out), true
}
