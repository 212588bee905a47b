package pwsh

import (
	"regexp"
	"sync"
)

// ansi matches terminal sequences: CSI (colours, cursor), OSC (titles, links) and the two-character ones.
var ansi = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile("\x1b(\\[[0-?]*[ -/]*[@-~]|\\][^\x07\x1b]*(\x07|\x1b\\\\)|[@-Z\\\\^_])")
})
