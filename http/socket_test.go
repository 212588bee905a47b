package http_test

import (
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/microsoft-master/mm/http"
)

func TestTheSocketIsInTheStateFolderWhereItsPathFits(t *testing.T) {
	env := func(runtime string) func(string) string {
		return func(key string) string { return map[string]string{"XDG_RUNTIME_DIR": runtime}[key] }
	}
	long := "/" + strings.Repeat("x", 95)
	if got := http.SocketPath("/home/me/.m365-state", env("/run/user/1")); got != "/home/me/.m365-state/mm.sock" {
		t.Error(got)
	}
	if got := http.SocketPath(long[:92], env("/run/user/1")); len(got) != 100 || !strings.HasPrefix(got, "/xx") {
		t.Errorf("a path of 100 bytes is moved: %s", got)
	}
	moved := http.SocketPath(long, env("/run/user/1"))
	if dir, name := filepath.Split(moved); name != "mm.sock" || !strings.HasPrefix(dir, "/run/user/1/mm-") || len(moved) > 100 {
		t.Error(moved)
	}
	if http.SocketPath(long+"y", env("/run/user/1")) == moved {
		t.Error("two state folders share a socket")
	}
	if http.SocketPath(long+"/", env("/run/user/1")) != moved {
		t.Error("one state folder has two sockets")
	}
	if got := http.SocketPath(long, env("")); got != long+"/mm.sock" {
		t.Error(got)
	}
}

func TestASocketIsItsOwnersAlone(t *testing.T) {
	path := filepath.Join(shortDir(t), "new", "mm.sock")
	ln, err := http.ListenUnix(path)
	if err != nil {
		t.Fatal(err)
	}
	for p, want := range map[string]fs.FileMode{path: 0o600, filepath.Dir(path): 0o700} {
		if info, err := os.Stat(p); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v %v", p, info.Mode(), err)
		}
	}
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(path); !os.IsNotExist(err) {
		t.Errorf("the socket was left: %v", err)
	}
}

func TestASocketOfAnEndedProcessIsReplaced(t *testing.T) {
	path := filepath.Join(shortDir(t), "mm.sock")
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	dead.SetUnlinkOnClose(false)
	if err := dead.Close(); err != nil {
		t.Fatal(err)
	}
	ln, err := http.ListenUnix(path)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
}

func TestWhatIsInTheWayOfASocketIsNotRemoved(t *testing.T) {
	path := filepath.Join(shortDir(t), "mm.sock")
	alive, err := http.ListenUnix(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := http.ListenUnix(path); err == nil || !strings.Contains(err.Error(), "somebody already serves on "+path) {
		t.Error(err)
	}
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatalf("the first does not answer any more: %v", err)
	}
	_ = conn.Close()
	_ = alive.Close()

	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := http.ListenUnix(path); err == nil || !strings.Contains(err.Error(), "is not a socket") {
		t.Error(err)
	}
	if b, err := os.ReadFile(path); string(b) != "mine" || err != nil {
		t.Errorf("%q %v", b, err)
	}
}

func TestAFolderThatOthersCanChangeIsClosedToThem(t *testing.T) {
	dir := shortDir(t)
	if err := os.Chmod(dir, 0o775); err != nil {
		t.Fatal(err)
	}
	ln, err := http.ListenUnix(filepath.Join(dir, "mm.sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("%v %v", info.Mode(), err)
	}
}

func TestAPathTooLongForASocketSaysWhatToSet(t *testing.T) {
	path := filepath.Join(t.TempDir(), strings.Repeat("x", 100), "mm.sock")
	if _, err := http.ListenUnix(path); err == nil || !strings.Contains(err.Error(), "XDG_RUNTIME_DIR") {
		t.Error(err)
	}
}
