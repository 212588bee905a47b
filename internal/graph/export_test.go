package graph

import mm "github.com/microsoft-master/mm"

// FileProblem is what a caller is told of an error of the disk.
func FileProblem(err error) *mm.Error {
	return (&run{Client: New(Config{Files: "files"})}).fileProblem(err)
}
