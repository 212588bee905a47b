package graph

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"path"
	"strings"
	"syscall"

	mm "github.com/microsoft-master/mm"
)

// progressStep is how many bytes lie between two progress records of a file.
const progressStep = 8 << 20

var errFileTooLarge = errors.New("the file is too large")

// download saves an answer below Files, under a name that is free.
func (r *run) download(resp *http.Response, body io.Reader, result *mm.GraphResult) error {
	if r.config.Files == "" {
		return r.fail("Ask for JSON.", "The answer is a file, and this mm keeps none.")
	}
	if resp.ContentLength > r.config.MaxFile {
		return r.tooLargeFile()
	}
	folder, err := r.openFiles()
	if err != nil {
		return r.fileProblem(err)
	}
	defer func() { _ = folder.Close() }()
	media, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")) // none: no type is told
	file, name, err := create(folder, r.fileName(resp.Header, media))
	if err != nil {
		return r.fileProblem(err)
	}
	size, err := r.save(file, body, resp.ContentLength, name)
	if closed := file.Close(); err == nil && closed != nil {
		err = saveError{closed}
	}
	if err != nil {
		_ = folder.Remove(name) // half a file is worse than none
		var write saveError
		switch {
		case errors.Is(err, errFileTooLarge):
			return r.tooLargeFile()
		case errors.As(err, &write):
			return r.fileProblem(write.error)
		}
		return r.brokenBody(err)
	}
	result.File, result.FileSize, result.FileType = path.Join(r.config.Shown, name), size, media
	return nil
}

// A saveError is a failure of the disk, not of the network.
type saveError struct{ error }

// save copies the body to the file, at most MaxFile bytes.
func (r *run) save(file io.Writer, body io.Reader, length int64, name string) (int64, error) {
	var size, told int64
	buffer := make([]byte, 256<<10)
	for {
		n, err := body.Read(buffer)
		if size+int64(n) > r.config.MaxFile {
			return size, errFileTooLarge
		}
		if _, failed := file.Write(buffer[:n]); failed != nil {
			return size, saveError{failed}
		}
		size += int64(n)
		if size-told >= progressStep {
			told = size
			r.tellSize("Saving "+name, size, length)
		}
		if err == io.EOF {
			return size, nil
		}
		if err != nil {
			return size, err
		}
	}
}

// tellSize sends a progress record about a file; of is its whole size, 0 or less where unknown.
func (r *run) tellSize(activity string, size, of int64) {
	percent, text := -1, fmt.Sprintf("%.1f MB", float64(size)/(1<<20))
	if of > 0 {
		percent, text = int(size*100/of), fmt.Sprintf("%s of %.1f MB", text, float64(of)/(1<<20))
	}
	r.tell(activity, text, percent)
}

func (r *run) tooLargeFile() *mm.Error {
	return r.fail("Fetch it in another way, or let the limit be raised.", fmt.Sprintf("The file is larger than %d MB, which is the most that mm handles.", r.config.MaxFile>>20))
}

// openFiles opens the folder for what goes in and out. No name and no link leads out of it.
func (r *run) openFiles() (*os.Root, error) {
	if err := os.MkdirAll(r.config.Files, 0o700); err != nil {
		return nil, err
	}
	return os.OpenRoot(r.config.Files)
}

// maxSameName bounds the numbers behind a name that is taken.
const maxSameName = 1000

// create makes a new file of that name; name (2).ext and so on where it is taken.
func create(folder *os.Root, name string) (*os.File, string, error) {
	if dir := path.Dir(name); dir != "." {
		if err := folder.MkdirAll(dir, 0o700); err != nil {
			return nil, "", err
		}
	}
	ext := path.Ext(name)
	stem := strings.TrimSuffix(name, ext)
	free := name
	for n := 2; ; n++ {
		file, err := folder.OpenFile(free, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err == nil || !errors.Is(err, os.ErrExist) || n > maxSameName {
			return file, free, err
		}
		free = fmt.Sprintf("%s (%d)%s", stem, n, ext)
	}
}

// fileName is the name for an answer: the caller's, the service's, or one made of the path.
func (r *run) fileName(h http.Header, media string) string {
	if r.call.SaveTo != "" {
		return safePath(r.ownName(r.call.SaveTo))
	}
	if _, p, err := mime.ParseMediaType(h.Get("Content-Disposition")); err == nil && p["filename"] != "" {
		return safeName(p["filename"])
	}
	name := nameInPath(r.call.URL)
	if path.Ext(name) == "" {
		name += extension(media)
	}
	return safeName(name)
}

// ownName takes off how callers see the folder.
func (r *run) ownName(name string) string {
	for _, prefix := range []string{r.config.Shown, r.config.Files, "files"} {
		if rest, ok := strings.CutPrefix(name, strings.TrimRight(prefix, "/")+"/"); ok && prefix != "" {
			return rest
		}
	}
	return name
}

func isFull(err error) bool { return errors.Is(err, syscall.ENOSPC) }
