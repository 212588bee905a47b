package mm

import "strings"

// Endpoints are the addresses of one Microsoft cloud, none with a slash at its end, and the names by which the PowerShell
// modules know it. Sources: Microsoft's pages on national clouds of Entra, Graph, Exchange Online, Azure, SharePoint, Teams
// and Power Automate.
type Endpoints struct {
	Authority    string // of Entra
	DeviceLogin  string // where a person types a device code
	Graph        string // address, and audience of its tokens
	Flow         string // address of Power Automate
	FlowAudience string
	Exchange     string // audience
	Azure        string // audience
	SharePoint   string // what follows the host's first label: .sharepoint.com

	// What the modules call the cloud; empty: the public one, which needs no switch.
	ExchangeEnvironment string // Connect-ExchangeOnline -ExchangeEnvironmentName
	AzureEnvironment    string // Connect-AzAccount -Environment
	TeamsEnvironment    string // Connect-MicrosoftTeams -TeamsEnvironmentName
	PnPEnvironment      string // Connect-PnPOnline -AzureEnvironment

	// CA is the file with the certificate authority of the sandbox's endpoints, PEM; empty: the system's authorities.
	CA string
}

// TeamsAdmin is the app id of the Skype and Teams Tenant Admin API, the second audience of Teams, the same in every cloud.
const TeamsAdmin = "48ac35b8-9aa8-4d74-927d-1f4a14a0b239"

var clouds = map[string]Endpoints{
	"public": {
		Authority: "https://login.microsoftonline.com", DeviceLogin: DeviceLoginURL,
		Graph: "https://graph.microsoft.com",
		Flow:  "https://api.flow.microsoft.com", FlowAudience: "https://service.flow.microsoft.com",
		Exchange: "https://outlook.office365.com", Azure: "https://management.azure.com", SharePoint: ".sharepoint.com",
	},
	"usgov": {
		Authority: "https://login.microsoftonline.us", DeviceLogin: "https://microsoft.com/deviceloginus",
		Graph: "https://graph.microsoft.us",
		Flow:  "https://high.api.flow.microsoft.us", FlowAudience: "https://high.service.flow.microsoft.us",
		Exchange: "https://outlook.office365.us", Azure: "https://management.usgovcloudapi.net", SharePoint: ".sharepoint.us",
		ExchangeEnvironment: "O365USGovGCCHigh", AzureEnvironment: "AzureUSGovernment", TeamsEnvironment: "TeamsGCCH",
		PnPEnvironment: "USGovernmentHigh",
	},
	"usgovdod": {
		Authority: "https://login.microsoftonline.us", DeviceLogin: "https://microsoft.com/deviceloginus",
		Graph: "https://dod-graph.microsoft.us",
		Flow:  "https://api.flow.appsplatform.us", FlowAudience: "https://service.flow.appsplatform.us",
		Exchange: "https://webmail.apps.mil", Azure: "https://management.usgovcloudapi.net", SharePoint: ".sharepoint-mil.us",
		ExchangeEnvironment: "O365USGovDoD", AzureEnvironment: "AzureUSGovernment", TeamsEnvironment: "TeamsDOD",
		PnPEnvironment: "USGovernmentDoD",
	},
	"china": {
		Authority: "https://login.partner.microsoftonline.cn", DeviceLogin: "https://microsoft.com/deviceloginchina",
		Graph: "https://microsoftgraph.chinacloudapi.cn",
		Flow:  "https://api.powerautomate.cn", FlowAudience: "https://service.powerautomate.cn",
		Exchange: "https://partner.outlook.cn", Azure: "https://management.chinacloudapi.cn", SharePoint: ".sharepoint.cn",
		ExchangeEnvironment: "O365China", AzureEnvironment: "AzureChinaCloud", TeamsEnvironment: "TeamsChina",
		PnPEnvironment: "China",
	},
}

// KnownCloud reports whether a connection may have that cloud; empty means public.
func KnownCloud(name string) bool {
	_, ok := clouds[name]
	return ok || name == "" || name == "sandbox"
}

// Endpoints returns the addresses of the connection's cloud.
func (c Connection) Endpoints() Endpoints {
	if s := c.Sandbox; c.Cloud == "sandbox" && s != nil {
		// The tokens are for the same audiences as in the public cloud; only where one asks for them, and uses them, differs.
		e := clouds["public"]
		e.Authority, e.DeviceLogin, e.CA = s.Login, s.Authority+"/devicelogin", s.CA
		e.Graph, e.Flow = s.Graph, s.Flow
		return e
	}
	if e, ok := clouds[c.Cloud]; ok {
		return e
	}
	return clouds["public"]
}

// An Audience is a resource that tokens are for, whatever the cloud.
type Audience string

// The audiences.
const (
	AudienceGraph      Audience = "graph"
	AudienceFlow       Audience = "flow"
	AudienceExchange   Audience = "exchange"
	AudienceAzure      Audience = "azure"
	AudienceTeams      Audience = "teams"      // besides Graph
	AudienceSharePoint Audience = "sharepoint" // of one host
)

// Scopes returns what to ask Entra for to get a token for a. host is the SharePoint host (contoso-admin.sharepoint.com) and
// unused otherwise. Graph's are the connection's own where it has some.
func (c Connection) Scopes(a Audience, host string) []string {
	e := c.Endpoints()
	resource := map[Audience]string{
		AudienceGraph:      clouds["public"].Graph,
		AudienceFlow:       e.FlowAudience,
		AudienceExchange:   e.Exchange,
		AudienceAzure:      e.Azure,
		AudienceTeams:      TeamsAdmin,
		AudienceSharePoint: "https://" + strings.ToLower(host),
	}[a]
	if a == AudienceGraph {
		if len(c.GraphScopes) > 0 {
			return c.GraphScopes
		}
		if c.Cloud != "sandbox" {
			resource = e.Graph
		}
	}
	return []string{resource + "/.default"}
}
