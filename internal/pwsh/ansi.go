package pwsh

import "regexp"

// ansi matches terminal sequences: CSI (colours, cursor), OSC (titles, links) and the two-character ones.
var ansi = regexp.MustCompile("\x1b(\\[[0-?]*[ -/]*[@-~]|\\][^\x07\x1b]*(\x07|\x1b\\\\)|[@-Z\\\\^_])")
