package mm_test

import (
	"go/build"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/microsoft-master/mm"

// A room says what the packages below a folder may import besides the standard library and themselves, and why not more. A
// package of this module stands for itself alone, or with a slash at its end for all below it; any other for all below it.
type room struct {
	folder string
	may    []string
	why    string
}

// rooms is the table of docs/design.md. The first row whose folder holds a package counts.
var rooms = []room{
	{"actors/session", []string{module},
		"the machine is pure: no clock, no IO, no actors"},
	{"actors/account", []string{module},
		"the machine is pure: no clock, no IO, no actors"},
	{"actors", []string{module, module + "/actors/session", module + "/internal/guard", "github.com/asynkron/protoactor-go"},
		"actors know nothing of HTTP, MCP, files or processes; those come through ports"},
	{"mcp", []string{module, "github.com/mark3labs/mcp-go"},
		"a front end knows the Service and nothing behind it"},
	{"http/client", []string{module, module + "/http/wire", "github.com/valyala/fasthttp"},
		"the client knows the shapes of the API and nothing of the server"},
	{"http/wire", []string{module},
		"the shapes are plain functions over plain data"},
	{"http", []string{module, module + "/http/wire", "github.com/valyala/fasthttp"},
		"a front end knows the Service and nothing behind it"},
	{"internal/pwsh", []string{module, "golang.org/x/sys"},
		"the host protocol knows the Engine port and nothing of sessions"},
	{"internal/guard", []string{module, module + "/internal/graph/normal"},
		"a decision is a plain function over facts"},
	{"internal/graph/normal", []string{module},
		"what a request means is a plain function over the request"},
	{"internal/graph", []string{module, module + "/internal/graph/normal", "github.com/itchyny/gojq"},
		"the client sends what it is given with the token that it is given"},
	{"internal/entra", []string{module, "github.com/AzureAD/microsoft-authentication-library-for-go"},
		"signing in knows tokens and nothing of who uses them; where they are kept comes through a port"},
	{"persistence", []string{module},
		"files and databases, and nothing of what they are for"},
	{"internal/registry", []string{module},
		"the registry is a file and its reader"},
	{"internal/enginetest", []string{module, "github.com/google/go-cmp"},
		"the contract of engines must fit every engine"},
	{"internal/contracttest", []string{module, "github.com/google/go-cmp"},
		"the contract of Services must fit every Service"},
	{"internal/sandbox", []string{module + "/", module},
		"stand-ins may use every room, but no third party"},
	{"internal/testrun", nil,
		"the test runner must build before anything else does"},
	{"cmd", []string{module + "/", module, "github.com/spf13/cobra", "go.uber.org/zap", "golang.org/x/sys", "golang.org/x/term",
		"golang.org/x/mod", "github.com/coreos/go-systemd", "github.com/mark3labs/mcp-go"},
		"wiring and command line know every room"},
	{"", nil,
		"the root holds nouns and contracts, no machinery"},
}

func TestRoomsImportOnlyWhatTheyMay(t *testing.T) {
	packages := 0
	err := filepath.WalkDir(".", func(dir string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if name := d.Name(); dir != "." && (strings.HasPrefix(name, ".") || name == "testdata") {
			return fs.SkipDir
		}
		p, err := build.ImportDir(dir, 0)
		if err != nil {
			if _, none := err.(*build.NoGoError); none {
				return nil
			}
			return err
		}
		packages++
		checkRoom(t, filepath.ToSlash(dir), p.Imports)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if packages < 5 {
		t.Errorf("looked at %d packages only", packages)
	}
}

func checkRoom(t *testing.T, dir string, imports []string) {
	if dir == "." {
		dir = ""
	}
	i := slices.IndexFunc(rooms, func(r room) bool {
		return r.folder == "" && dir == "" || r.folder != "" && (dir == r.folder || strings.HasPrefix(dir, r.folder+"/"))
	})
	if i < 0 {
		t.Errorf("%s is in no room of the table", dir)
		return
	}
	r := rooms[i]
	for _, path := range imports {
		own := r.folder != "" && (path == module+"/"+r.folder || strings.HasPrefix(path, module+"/"+r.folder+"/"))
		standard := !strings.Contains(strings.SplitN(path, "/", 2)[0], ".")
		allowed := slices.ContainsFunc(r.may, func(may string) bool {
			below := strings.HasSuffix(may, "/") || !strings.HasPrefix(may, module)
			return path == may || below && strings.HasPrefix(path, strings.TrimSuffix(may, "/")+"/")
		})
		if !own && !standard && !allowed {
			t.Errorf("%s imports %s: %s", dir, path, r.why)
		}
	}
}

func TestTheTableOfRoomsIsInTheDesign(t *testing.T) {
	design, err := os.ReadFile("docs/design.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rooms {
		if r.folder != "" && !strings.Contains(string(design), "`"+r.folder) {
			t.Errorf("docs/design.md says nothing of %s", r.folder)
		}
	}
}
