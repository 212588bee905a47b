package connections

import (
	"errors"
	"fmt"
	"io"

	mm "github.com/microsoft-master/mm"
)

// The exit codes of mm-connections, those of mm.
const (
	exitFailed = 1
	exitUsage  = 2
)

// ExitCode prints err for a person after the program's name, and returns the exit code of the process: 0 for no error, 2 for a
// command line that makes no sense, 1 otherwise.
func ExitCode(stderr io.Writer, program string, err error) int {
	if err == nil {
		return 0
	}
	fmt.Fprintf(stderr, "%s: %v\n", program, err)
	var e *mm.Error
	if errors.As(err, &e) && e.Code == mm.BadRequest {
		return exitUsage
	}
	return exitFailed
}
