package sandbox

import (
	"context"
	"encoding/json"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// newSandbox starts a sandbox that ends with the test.
func newSandbox(t *testing.T, o Options) *Sandbox {
	t.Helper()
	s, err := Start(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestASandboxIsOneFolderThatOthersCannotRead(t *testing.T) {
	s := newSandbox(t, Options{Dir: filepath.Join(t.TempDir(), "sandbox")})
	for _, path := range []string{"home/.m365-connections.json", "modules/sandbox.json", "directory.json", "modules/Az.Accounts/Az.Accounts.psd1",
		"modules/ExchangeOnlineManagement/ExchangeOnlineManagement.psm1", "modules/MicrosoftTeams/MicrosoftTeams.psm1",
		"modules/PnP.PowerShell/PnP.PowerShell.format.ps1xml", "home/.local/share/powershell/Modules/Az.Accounts/Az.Accounts.psm1"} {
		if _, err := os.Stat(filepath.Join(s.Dir(), path)); err != nil {
			t.Error(err)
		}
	}
	err := filepath.WalkDir(s.Dir(), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && d.Type() != fs.ModeSymlink && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestASandboxStartedAgainKeepsWhatWasChanged(t *testing.T) {
	dir := t.TempDir()
	registry := filepath.Join(dir, "home", ".m365-connections.json")
	first := newSandbox(t, Options{Dir: dir})
	if err := first.Switchboard().Set("*", Fault{Kind: FaultSlow}); err != nil {
		t.Fatal(err)
	}
	edit(t, registry, func(file map[string]any) {
		connections := file["connections"].(map[string]any)
		mine := map[string]any{"cloud": "sandbox", "sandbox": map[string]any{"authority": "http://127.0.0.1:1"}, "note": "mine"}
		connections["Mine"] = mine
		connections["Real"] = map[string]any{"tenant": "example.com"}
		connections["Contoso-GA"].(map[string]any)["description"] = "changed"
		file["_knownModuleApps"] = map[string]any{"exo": "x"}
	})
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := newSandbox(t, Options{Dir: dir})
	if second.Authority() == first.Authority() {
		t.Fatal("the second sandbox has the first one's port: the test proves nothing")
	}
	edit(t, registry, func(file map[string]any) {
		connections := file["connections"].(map[string]any)
		for _, name := range []string{"Contoso-GA", "Mine"} {
			c := connections[name].(map[string]any)
			if got := c["sandbox"].(map[string]any)["authority"]; got != second.Authority() {
				t.Errorf("%s: authority %v, want %v", name, got, second.Authority())
			}
		}
		if connections["Contoso-GA"].(map[string]any)["description"] != "changed" || connections["Mine"].(map[string]any)["note"] != "mine" ||
			connections["Real"].(map[string]any)["sandbox"] != nil || file["_knownModuleApps"] == nil {
			t.Errorf("changes were lost: %v", file)
		}
	})
	if faults, err := second.Switchboard().Faults(); len(faults) != 1 || err != nil {
		t.Errorf("faults: %v %v", faults, err)
	}
}

// edit changes a JSON file.
func edit(t *testing.T, path string, change func(map[string]any)) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	file := map[string]any{}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	change(file)
	if err := writeJSON(path, file); err != nil {
		t.Fatal(err)
	}
}

func TestATemporarySandboxLeavesNothingBehind(t *testing.T) {
	s, err := Start(context.Background(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(s.Dir()); !os.IsNotExist(err) {
		t.Errorf("the folder is left: %v", err)
	}
	if _, err := http.Get(s.PageURL()); err == nil {
		t.Error("the page still answers")
	}
}

func TestASandboxWhoseFolderCannotBeMadeLeavesNothingBehind(t *testing.T) {
	dir := t.TempDir()
	home := filepath.Join(dir, "home")
	if err := os.MkdirAll(home, 0o700); err != nil {
		t.Fatal(err)
	}
	registry := filepath.Join(home, ".m365-connections.json")
	if err := os.WriteFile(registry, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Start(context.Background(), Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), registry) {
		t.Errorf("a broken registry: %v", err)
	}
	if text, _ := os.ReadFile(registry); string(text) != "{" {
		t.Errorf("the broken registry was overwritten with %s", text)
	}
}

func TestTheEndOfTheContextStopsEntra(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	s, err := Start(ctx, Options{})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	s.services.serving.Wait()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestEntraListensOnLoopbackOnly(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:0", ":0", "192.0.2.1:80", "example.com:80", "127.0.0.1"} {
		if s, err := Start(context.Background(), Options{Dir: t.TempDir(), Addr: addr}); err == nil {
			t.Errorf("%s was taken", addr)
			_ = s.Close()
		}
	}
}

func TestThePageIsReachableAndSignsIn(t *testing.T) {
	s := newSandbox(t, Options{Dir: t.TempDir()})
	defer http.DefaultClient.CloseIdleConnections()
	client := EntraClient{Authority: s.Authority()}
	code, err := client.StartDevice(t.Context(), exchangeSignIn)
	if err != nil {
		t.Fatal(err)
	}
	if code.VerificationURI != s.PageURL() {
		t.Errorf("page: %s, want %s", code.VerificationURI, s.PageURL())
	}
	signInOnPage(t, s, code.UserCode, Partner)
	ask := TokenRequest{Tenant: exchangeSignIn.Tenant, ClientID: ExchangeClient, DeviceCode: code.DeviceCode}
	if _, err := client.Redeem(t.Context(), ask); err != nil {
		t.Error(err)
	}
}

// signInOnPage does what a person does in the browser.
func signInOnPage(t *testing.T, s *Sandbox, userCode, account string) {
	t.Helper()
	resp, err := http.PostForm(s.PageURL(), map[string][]string{"user_code": {userCode}, "account": {account}})
	if err != nil {
		t.Error(err)
		return
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("the page answered %s", resp.Status)
	}
}

func TestASandboxThatIsGoneIsSaidSo(t *testing.T) {
	s := newSandbox(t, Options{Dir: t.TempDir()})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	_, err := EntraClient{Authority: s.Authority()}.StartDevice(ctx, exchangeSignIn)
	if err == nil || !strings.Contains(err.Error(), "start it again with mm sandbox") {
		t.Errorf("got %v", err)
	}
}

func TestTheEnvironmentLeadsIntoTheSandboxAndNowhereElse(t *testing.T) {
	t.Setenv("MM_SESSION_POOL_URL", "http://elsewhere")
	t.Setenv("SESSION_POOL_STATE_DIR", "/elsewhere")
	t.Setenv("PSModulePath", "/modules")
	t.Setenv("KEPT", "yes")
	s := newSandbox(t, Options{Dir: t.TempDir()})
	env := s.Env()
	for _, want := range []string{"HOME=" + s.Home(), "PSModulePath=" + s.ModulePath() + ":/modules", "KEPT=yes"} {
		if !slices.Contains(env, want) {
			t.Errorf("no %s", want)
		}
	}
	for _, kv := range env {
		if strings.Contains(kv, "elsewhere") {
			t.Errorf("%s leads elsewhere", kv)
		}
	}
	homes := slices.DeleteFunc(slices.Clone(env), func(kv string) bool { return !strings.HasPrefix(kv, "HOME=") })
	if len(homes) != 1 {
		t.Errorf("HOME is there %d times", len(homes))
	}
}
