package mcp

import (
	"encoding/json"

	"github.com/mark3labs/mcp-go/mcp"
)

// What a model reads of the tool. Every byte is paid for in every conversation; a test holds the whole below 4 KB.
const runDescription = `Run a PowerShell command in a signed-in Microsoft 365 session: exo (Exchange Online), pnp (SharePoint), ` +
	`azure, teams. Sessions persist: variables stay from one command to the next. Without parameters: lists the connections. ` +
	`If the answer is a device code, show it to the person and wait until they say that they signed in; then repeat the same ` +
	`command. Prefer narrow queries (Select-Object, -Filter, -ResultSize).`

const runInput = `{
"type": "object",
"properties": {
"connection": {"type": "string", "description": "Connection name; call without parameters for the list"},
"module": {"type": "string", "enum": ["exo", "pnp", "azure", "teams"]},
"command": {"type": "string", "description": "PowerShell; sign-in is done by mm, do not connect or disconnect"},
"timeout_seconds": {"type": "integer", "minimum": 1, "maximum": 86400, "description": "Default 300"},
"format": {"type": "string", "enum": ["text", "json", "both"], "description": "json: objects in structuredContent.objects. Default text"},
"max_chars": {"type": "integer", "minimum": 500, "maximum": 1000000, "description": "Longest answer. Default 24000"},
"request_id": {"type": "string", "description": "Only if an answer says so: repeats that call with the id it named, to get its result"}
}
}`

const runOutput = `{
"type": "object",
"properties": {
"status": {"type": "string"},
"text": {"type": "string"},
"code": {"type": "string"},
"remedy": {"type": "string"},
"executed": {"type": "string"},
"retry_after_seconds": {"type": "integer"},
"device_code": {"type": "string"},
"auth_url": {"type": "string"},
"expires_in": {"type": "integer"},
"request_id": {"type": "string"},
"objects": {"type": "array"}
},
"required": ["status", "text"]
}`

// The bounds that the schema names.
const (
	defaultMaxChars = 24000
	minMaxChars     = 500
	maxMaxChars     = 1_000_000
	maxTimeoutSecs  = 86400
)

func runTool() mcp.Tool {
	yes := true
	return mcp.Tool{
		Name:            "run",
		Description:     runDescription,
		RawInputSchema:  json.RawMessage(runInput),
		RawOutputSchema: json.RawMessage(runOutput),
		// A command may do anything that the account may do, so hosts should ask before they run it.
		Annotations: mcp.ToolAnnotation{Title: "Run PowerShell in Microsoft 365", DestructiveHint: &yes, OpenWorldHint: &yes},
	}
}
