package sandbox

import (
	"embed"
	"fmt"
	"os"
	"path/filepath"

	mm "github.com/microsoft-master/mm"
)

//go:embed modules
var moduleFiles embed.FS

// ModuleName is the name of the PowerShell module behind a session module.
func ModuleName(m mm.Module) string {
	return map[mm.Module]string{
		mm.Exchange:   "ExchangeOnlineManagement",
		mm.Azure:      "Az.Accounts",
		mm.Teams:      "MicrosoftTeams",
		mm.SharePoint: "PnP.PowerShell",
	}[m]
}

// writeModules writes the four modules below dir, as PowerShell looks for them: NAME/NAME.psd1 and what it names. Each
// script module is the shared part and its own: one file loads faster than two.
func writeModules(dir string) error {
	shared, err := moduleFiles.ReadFile("modules/shared.ps1")
	if err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	for _, m := range mm.Modules() {
		name := ModuleName(m)
		into := filepath.Join(dir, name)
		if err := os.MkdirAll(into, 0o700); err != nil {
			return fmt.Errorf("sandbox: %w", err)
		}
		for _, ext := range []string{".psm1", ".format.ps1xml", ".psd1"} {
			text, err := moduleFiles.ReadFile("modules/" + name + ext)
			if err != nil {
				return fmt.Errorf("sandbox: %w", err)
			}
			if ext == ".psm1" {
				text = append(append([]byte{}, shared...), text...)
			}
			if err := writeFile(filepath.Join(into, name+ext), text); err != nil {
				return err
			}
		}
	}
	return nil
}
