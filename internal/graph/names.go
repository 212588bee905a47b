package graph

import (
	"net/url"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxFileName = 150 // bytes of a name; a number may come behind it
	maxFolders  = 8
)

// reserved are the names of devices on Windows, whatever comes behind their dot.
var reserved = func() map[string]bool {
	m := map[string]bool{"con": true, "prn": true, "aux": true, "nul": true, "conin$": true, "conout$": true}
	for _, n := range "0123456789¹²³" {
		m["com"+string(n)], m["lpt"+string(n)] = true, true
	}
	return m
}()

// safeName makes a name that a file may have on every system: no separators, no signs with a meaning, no device, not hidden, not
// too long.
func safeName(name string) string {
	name = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r): // with the signs that turn the direction of text
			return -1
		case strings.ContainsRune(`<>:"/\|?*`, r) || r == utf8.RuneError:
			return '_'
		}
		return r
	}, strings.ToValidUTF8(name, "_"))
	name = strings.TrimRight(strings.TrimSpace(name), ". ")
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "-") || strings.HasPrefix(name, "~") {
		name = "_" + name[1:]
	}
	stem, _, _ := strings.Cut(strings.ToLower(name), ".")
	if reserved[strings.TrimSpace(stem)] {
		name = "_" + name
	}
	if name = shorten(name); name == "" {
		return "download"
	}
	return name
}

// shorten cuts a name that is too long, and leaves its extension.
func shorten(name string) string {
	if len(name) <= maxFileName {
		return name
	}
	ext := path.Ext(name)
	if len(ext) > 20 {
		ext = ""
	}
	stem := name[:maxFileName-len(ext)]
	for !utf8.ValidString(stem) {
		stem = stem[:len(stem)-1]
	}
	return strings.TrimRight(stem, ". ") + ext
}

// safePath makes each part of a path a safe name.
func safePath(name string) string {
	var parts []string
	for part := range strings.SplitSeq(name, "/") {
		if part != "" && part != "." {
			parts = append(parts, safeName(part))
		}
	}
	if len(parts) > maxFolders {
		parts = parts[len(parts)-maxFolders:]
	}
	if len(parts) == 0 {
		return "download"
	}
	return strings.Join(parts, "/")
}

// nameInPath is the last part of an address that looks like the name of something: of root:/a/b.pdf:/content it is b.pdf.
func nameInPath(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	for i := len(parts) - 1; i > 0; i-- {
		part := strings.TrimSuffix(parts[i], ":")
		if part != "" && part != "content" && !strings.HasPrefix(part, "$") {
			return part
		}
	}
	return ""
}

// extension is the usual one of a media type. The system's own table differs from system to system.
func extension(media string) string {
	return map[string]string{
		"application/pdf": ".pdf", "application/zip": ".zip", "application/json": ".json", "application/xml": ".xml",
		"image/jpeg": ".jpg", "image/png": ".png", "image/gif": ".gif", "image/svg+xml": ".svg", "image/bmp": ".bmp",
		"text/csv": ".csv", "text/plain": ".txt", "text/html": ".html", "message/rfc822": ".eml", "video/mp4": ".mp4", "audio/mpeg": ".mp3",
		"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":         ".xlsx",
		"application/vnd.openxmlformats-officedocument.wordprocessingml.document":   ".docx",
		"application/vnd.openxmlformats-officedocument.presentationml.presentation": ".pptx",
	}[media]
}

// contentTypeOf is the media type of a file by its name.
func contentTypeOf(name string) string {
	ext := strings.ToLower(path.Ext(name))
	for _, media := range []string{"application/pdf", "application/zip", "application/json", "application/xml", "image/jpeg", "image/png",
		"image/gif", "image/svg+xml", "text/csv", "text/plain", "text/html", "message/rfc822", "video/mp4", "audio/mpeg",
		"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
		"application/vnd.openxmlformats-officedocument.wordprocessingml.document",
		"application/vnd.openxmlformats-officedocument.presentationml.presentation"} {
		if extension(media) == ext || ext == ".jpeg" && media == "image/jpeg" || ext == ".htm" && media == "text/html" {
			return media
		}
	}
	return "application/octet-stream"
}
