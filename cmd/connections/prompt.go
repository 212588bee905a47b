package connections

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	mm "github.com/microsoft-master/mm"
)

// maxAnswer is how many bytes an answer may have.
const maxAnswer = 4096

// A prompter asks a person, or reads the answers from a pipe in the same order. Questions go to standard error, so that standard
// output has only what was done.
type prompter struct {
	in       *bufio.Reader
	out      io.Writer
	terminal bool // somebody reads the questions
}

func newPrompter(cmd *cobra.Command) *prompter {
	f, ok := cmd.InOrStdin().(*os.File)
	return &prompter{
		in:       bufio.NewReaderSize(cmd.InOrStdin(), maxAnswer),
		out:      cmd.ErrOrStderr(),
		terminal: ok && term.IsTerminal(int(f.Fd())),
	}
}

var errInputEnded = mm.Errorf(mm.Cancelled, "Nothing was changed.", "The input ended before everything was answered.")

// ask returns one line without the spaces around it. The error is an *mm.Error: errInputEnded at the end of the input, and one
// with code cancelled when ctx ends.
func (p *prompter) ask(ctx context.Context, question string) (string, error) {
	fmt.Fprint(p.out, question)
	type line struct {
		text []byte
		more bool
		err  error
	}
	read := make(chan line, 1)
	go func() { // it may outlive an interrupt; the process ends then
		var l line
		l.text, l.more, l.err = p.in.ReadLine()
		read <- l
	}()
	var l line
	select {
	case <-ctx.Done():
		fmt.Fprintln(p.out)
		return "", mm.Errorf(mm.Cancelled, "Nothing was changed.", "Interrupted.")
	case l = <-read:
	}
	if !p.terminal || l.err != nil {
		fmt.Fprintln(p.out) // where no terminal showed the answer's end
	}
	switch {
	case errors.Is(l.err, io.EOF):
		return "", errInputEnded
	case l.err != nil:
		return "", mm.Errorf(mm.Cancelled, "Nothing was changed.", "The input cannot be read: %v.", l.err)
	case l.more || !utf8.Valid(l.text):
		return "", mm.Errorf(mm.BadRequest, "Nothing was changed.", "The answer is longer than %d bytes, or is not text.", maxAnswer)
	}
	return strings.TrimSpace(string(l.text)), nil
}

// askField asks for the value of a field. A person is told what it is for, and asked once more where the answer looks wrong.
func (p *prompter) askField(ctx context.Context, label string, k key) (string, error) {
	if !p.terminal {
		return p.ask(ctx, label+": ")
	}
	answer, err := p.ask(ctx, fmt.Sprintf("%s (%s): ", label, k.about))
	for err == nil && answer != "" && k.doubt != nil && k.doubt(answer) != "" {
		var again string
		fmt.Fprintf(p.out, "%s %s.\n", plain(answer), k.doubt(answer))
		again, err = p.ask(ctx, fmt.Sprintf("%s [Enter keeps %s]: ", label, plain(answer)))
		if again == "" || again == answer {
			break
		}
		answer = again
	}
	return answer, err
}

// confirm asks a question whose default is no.
func (p *prompter) confirm(ctx context.Context, question string) (bool, error) {
	answer, err := p.ask(ctx, question+" (y/N) ")
	return strings.EqualFold(answer, "y") || strings.EqualFold(answer, "yes"), err
}
