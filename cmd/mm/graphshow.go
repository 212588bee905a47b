package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	mm "github.com/microsoft-master/mm"
)

// show shows the one answer to a request, and returns the exit code as an error.
func (g *grapher) show(request mm.GraphRequest, out mm.Outcome) error {
	g.sayNotes(out)
	switch {
	case out.Status != mm.StatusSuccess:
		return g.refused(out)
	case out.Graph == nil:
		return errors.New("the answer has no result that this version knows; is the daemon of another version? `mm version` shows it")
	}
	if err := g.write(request, out); err != nil {
		return err
	}
	g.sayMore(*out.Graph)
	if g.truncated(out) {
		return exit(exitFailed)
	}
	return nil
}

// refused shows why a request failed. What the service sent with its refusal is for programs.
func (g *grapher) refused(out mm.Outcome) error {
	if out.Graph != nil && len(out.Graph.Data) > 0 && g.options.json {
		if err := writeJSON(g.stdout, out.Graph.Data); err != nil {
			return err
		}
	}
	return g.failed(out)
}

// truncated says what a bound cut off, and reports whether it did.
func (g *grapher) truncated(out mm.Outcome) bool {
	t := out.Graph.Truncated
	if t == nil {
		t = out.Truncated
	}
	switch {
	case t == nil:
		return false
	case t.DroppedItems > 0:
		fmt.Fprintf(g.stderr, "The answer is not complete: %d items are there, %d were left out. Ask for less with $select, or follow it with --page.\n",
			t.KeptItems, t.DroppedItems)
	case t.DroppedChars > 0:
		fmt.Fprintf(g.stderr, "The answer is not complete: %d characters were left out. Ask for less with $select.\n", t.DroppedChars)
	}
	return true
}

// sayMore says how a list goes on.
func (g *grapher) sayMore(r mm.GraphResult) {
	if r.Count >= 0 {
		fmt.Fprintf(g.stderr, "%s in all.\n", count(int(r.Count), "item"))
	}
	switch {
	case r.Delta:
		fmt.Fprintf(g.stderr, "For what changes from now on, repeat the command later with\n  --page %s\n", quote(plain(r.Next)))
	case r.Next != "":
		fmt.Fprintf(g.stderr, "There is more. --all reads all of it; for the next page, repeat the command with\n  --page %s\n", quote(plain(r.Next)))
	}
}

// write writes what was asked for to where it was asked for.
func (g *grapher) write(request mm.GraphRequest, out mm.Outcome) error {
	r := *out.Graph
	switch {
	case g.options.saveTo != "":
		return g.save(r)
	case r.File != "":
		fmt.Fprintf(g.stderr, "Saved to %s (%s)\n", plain(r.File), fileText(r))
		return nil
	case g.options.csv != "":
		return g.csv(request, out)
	case r.Data == nil:
		text := g.stdout.safe(r.Text)
		if text != "" && !strings.HasSuffix(text, "\n") {
			text += "\n"
		}
		_, err := io.WriteString(g.stdout, text)
		return err
	case g.options.json || !g.stdout.terminal():
		return writeJSON(g.stdout, r.Data)
	}
	return g.table(request, r.Data)
}

// fileText says how large a file is, and of what kind.
func fileText(r mm.GraphResult) string {
	size := fmt.Sprintf("%d bytes", r.FileSize)
	if r.FileSize >= 1<<20 {
		size = fmt.Sprintf("%.1f MB", float64(r.FileSize)/(1<<20))
	}
	return strings.TrimSuffix(size+", "+plain(r.FileType), ", ")
}

// save writes the answer to --save-to.
func (g *grapher) save(r mm.GraphResult) error {
	from := io.Reader(strings.NewReader(r.Text))
	switch {
	case r.File != "":
		f, err := g.files.open(r.File)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		from = f
	case r.Data != nil:
		var b bytes.Buffer
		if err := writeJSON(&b, r.Data); err != nil {
			return err
		}
		r.FileSize, r.FileType, from = int64(b.Len()), "JSON", &b
	default:
		r.FileSize, r.FileType = int64(len(r.Text)), "text"
	}
	if g.file == nil {
		_, err := io.Copy(g.stdout, from)
		return err
	}
	if err := g.file.commitFrom(from); err != nil {
		return err
	}
	fmt.Fprintf(g.stderr, "Saved to %s (%s)\n", g.options.saveTo, fileText(r))
	return nil
}

// csv writes the items of an answer as `mm run --csv` writes objects.
func (g *grapher) csv(request mm.GraphRequest, out mm.Outcome) error {
	if out.Graph.Data == nil {
		return errors.New("the answer is no JSON, so there are no rows; -o writes it to a file")
	}
	items, _ := itemsOf(out.Graph.Data)
	objects, err := json.Marshal(arrange(items, selected(request)))
	if err != nil {
		return err
	}
	return g.writeCSV(out, objects)
}
