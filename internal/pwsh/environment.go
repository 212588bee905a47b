package pwsh

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strings"

	mm "github.com/microsoft-master/mm"
)

// passed are the variables that a PowerShell process gets from ours; the rest stays with us.
var passed = []string{"PATH", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TERM", "HOSTNAME",
	"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy",
	"SSL_CERT_FILE", "SSL_CERT_DIR", "DOTNET_ROOT", "DOTNET_GCHeapHardLimit", "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT"}

// set are the variables that every PowerShell process has.
var set = []string{
	"NO_COLOR=1",
	"POWERSHELL_TELEMETRY_OPTOUT=1",
	"POWERSHELL_UPDATECHECK=Off",
	"POWERSHELL_DISTRIBUTION_CHANNEL=CloudShell", // PnP touches neither a browser nor the clipboard
	"PNPPOWERSHELL_UPDATECHECK=off",              // 10 s for each connect
	// Sockets and pipes for debuggers would stay behind in TMPDIR after a kill, and let others of this user look in.
	"DOTNET_EnableDiagnostics=0",
	"POWERSHELL_DIAGNOSTICS_OPTOUT=1",
	"PNPPOWERSHELL_DISABLETELEMETRY=true",
}

// environment returns what every PowerShell process gets. inherited is our own environment; home is the process's.
func (l *Launcher) environment(inherited []string, home string) []string {
	own := home == l.Home
	var env []string
	old := map[string]string{}
	for _, entry := range inherited {
		key, value, _ := strings.Cut(entry, "=")
		old[key] = value
		// Below XDG folders modules keep sign-ins as they do below HOME; a home of one's own has its own.
		xdg := strings.HasPrefix(key, "XDG_") && (own || key == "XDG_RUNTIME_DIR")
		if xdg || slices.Contains(passed, key) || strings.HasPrefix(key, "LC_") {
			env = append(env, entry)
		}
	}
	env = append(env, set...)
	return append(env, "HOME="+home, "PSModulePath="+l.modulePath(old))
}

// modulePath returns where modules are looked for: where the person installed them, whatever the process's HOME is.
// PowerShell appends its own folder.
func (l *Launcher) modulePath(env map[string]string) string {
	data := env["XDG_DATA_HOME"]
	if data == "" {
		data = filepath.Join(l.Home, ".local/share")
	}
	dirs := []string{filepath.Join(data, "powershell/Modules")}
	dirs = append(dirs, filepath.SplitList(env["PSModulePath"])...)
	dirs = append(dirs, "/usr/local/share/powershell/Modules")
	var path []string
	for _, dir := range dirs {
		if dir != "" && !slices.Contains(path, dir) {
			path = append(path, dir)
		}
	}
	return strings.Join(path, string(filepath.ListSeparator))
}

// home returns the home folder of a session's process. Az keeps its contexts below HOME, and those of two tenants must not
// mix; so an azure session has a home of its own.
func (l *Launcher) home(id mm.SessionID) (string, error) {
	if id.Module != mm.Azure {
		return l.Home, nil
	}
	dir := filepath.Join(l.StateDir, "homes", escape(id.Connection))
	return dir, os.MkdirAll(dir, 0o700)
}

// escape makes a file name of a connection name: connections whose names differ only in case are the same one.
func escape(name string) string {
	var b strings.Builder
	lower := strings.ToLower(name)
	for i := range len(lower) {
		switch c := lower[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-':
			b.WriteByte(c)
		default:
			b.WriteByte('_')
			b.WriteString(hex.EncodeToString([]byte{c}))
		}
	}
	const longest = 120 // bytes; file systems take 255
	if b.Len() <= longest {
		return b.String()
	}
	return b.String()[:longest-17] + "_" + digest(lower)[:16]
}
