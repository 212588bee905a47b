package persistence

import (
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	mm "github.com/microsoft-master/mm"
)

const (
	// keepPlain is how long a plain cache stays after it was taken over.
	keepPlain = 14 * 24 * time.Hour
	// sweepEvery is how often the folder is looked through for what has had its time.
	sweepEvery = time.Hour
)

// A plainCache is a token cache of the Python version: MSAL's, readable.
type plainCache struct {
	path    string
	content []byte
}

// adopt takes the connection's plain cache over where there is no new one, once.
func (t *tokenCache) adopt(now time.Time) error {
	if _, err := os.Lstat(t.path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	p := t.store.plain(t.conn)
	if p == nil {
		return nil
	}
	marker := p.path + takenSuffix
	if _, err := os.Lstat(marker); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	sealed, err := seal(t.key, owner(t.conn), p.content)
	if err == nil {
		err = replaceFile(t.path, sealed)
	}
	if err == nil {
		err = replaceFile(marker, []byte(now.UTC().Format(time.RFC3339)+"\n"))
	}
	if err != nil {
		return err
	}
	t.store.log.Info("an old token cache was taken over; it is kept for 14 days", slog.String("connection", t.conn.Name), slog.String("file", p.path))
	return nil
}

// plain finds the connection's plain cache; nil: there is none, or it may be another connection's.
func (s *Tokens) plain(c mm.Connection) *plainCache {
	for _, name := range plainNames(c.Name) {
		path := filepath.Join(s.dir, name)
		content, err := readFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		why := "it cannot be read"
		if err == nil {
			why = misfit(content, c, shared(c.Name, s.names()))
		}
		if why == "" {
			return &plainCache{path: path, content: content}
		}
		s.log.Info("an old token cache was left alone", slog.String("connection", c.Name), slog.String("file", path), slog.String("why", why))
	}
	return nil
}

// misfit says why a file is not the plain cache of a connection; empty: it is. ambiguous says that the file's name fits another
// connection as well.
func misfit(content []byte, c mm.Connection, ambiguous bool) string {
	var cache struct {
		Account map[string]struct {
			Username    string `json:"username"`
			Realm       string `json:"realm"`
			Environment string `json:"environment"`
		}
		RefreshToken map[string]struct {
			ClientID string `json:"client_id"`
			Secret   string `json:"secret"`
		}
	}
	if err := json.Unmarshal(content, &cache); err != nil || len(cache.Account) == 0 || len(cache.RefreshToken) == 0 {
		return "it is not a token cache with an account"
	}
	app := c.AppID == ""
	for _, r := range cache.RefreshToken {
		app = app || strings.EqualFold(r.ClientID, c.AppID)
	}
	if !app {
		return "it is of another app"
	}
	host := authority(c)
	if u, err := url.Parse(host); err == nil {
		host = u.Host
	}
	why := "it is of another cloud"
	for _, a := range cache.Account {
		here := a.Realm != "" && (strings.EqualFold(a.Realm, c.TenantID) || strings.EqualFold(a.Realm, c.Tenant))
		switch {
		case !strings.EqualFold(a.Environment, host):
		case c.ExpectedEmail != "" && !strings.EqualFold(a.Username, c.ExpectedEmail):
			why = "it is of another account"
		case ambiguous && (c.ExpectedEmail == "" || !here):
			why = "it may be of another connection whose name makes the same file name"
		default:
			return ""
		}
	}
	return why
}

// sweep removes what the Python version left and nobody needs: device codes, and caches that were taken over long ago. What cannot
// be removed is logged: it must not keep anybody from signing in.
func (s *Tokens) sweep(now time.Time) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		s.log.Warn("the folder of tokens cannot be listed", slog.String("error", err.Error()))
		return
	}
	for _, e := range entries {
		path := filepath.Join(s.dir, e.Name())
		plain, taken := strings.CutSuffix(path, takenSuffix)
		switch {
		case !e.Type().IsRegular():
		case taken:
			if info, err := e.Info(); err == nil && now.Sub(info.ModTime()) >= keepPlain {
				s.clear(plain)
				s.clear(path)
			}
		case strings.HasSuffix(path, flowSuffix):
			s.clear(path)
		}
	}
}

func (s *Tokens) clear(path string) {
	if err := remove(path); err != nil {
		s.log.Warn("an old file of tokens cannot be removed", slog.String("file", path), slog.String("error", err.Error()))
		return
	}
	s.log.Info("an old file of tokens was removed", slog.String("file", path))
}
