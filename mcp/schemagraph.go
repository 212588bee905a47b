package mcp

import (
	"encoding/json"

	"github.com/mark3labs/mcp-go/mcp"
)

const graphDescription = `Call Microsoft Graph, or Power Automate (resource flow), as a connection's account. Without parameters: ` +
	`lists the connections. Ask for little: $select, $top, $filter, jq. If the answer is a device code, show it to the person and ` +
	`wait until they say that they signed in; then repeat the request.`

// The bounds of the numbers are those of run; what is out of them is refused with what is allowed.
const graphInput = `{
"type": "object",
"properties": {
"connection": {"type": "string"},
"endpoint": {"type": "string", "description": "/me/messages?$select=subject&$top=10; /v1.0 unless /beta/…"},
"method": {"type": "string", "enum": ["GET", "POST", "PATCH", "PUT", "DELETE"]},
"body": {"type": "object"},
"resource": {"type": "string", "enum": ["graph", "flow"]},
"page": {"type": "string", "description": "Named by an answer: continues its list"},
"all": {"type": "boolean", "description": "Follow the list while it fits"},
"max_items": {"type": "integer", "description": "With all. Default 5000"},
"jq": {"type": "string", "description": ".value[]|{id,subject}"},
"headers": {"type": "object", "description": "ConsistencyLevel, Prefer, If-Match"},
"save_to": {"type": "string", "description": "File name for a download"},
"body_file": {"type": "string", "description": "File below files/ to upload"},
"format": {"type": "string", "enum": ["text", "json"], "description": "json: in structuredContent.data"},
"timeout_seconds": {"type": "integer"},
"max_chars": {"type": "integer"},
"request_id": {"type": "string", "description": "Only if an answer says so"}
}
}`

const graphOutput = `{
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
"http_status": {"type": "integer"},
"data": {},
"file": {"type": "string"},
"next": {"type": "string"},
"truncated": {"type": "object"}
},
"required": ["status", "text"]
}`

// maxMaxItems is the bound that the schema names.
const maxMaxItems = 1_000_000

func graphTool() mcp.Tool {
	yes := true
	return mcp.Tool{
		Name:            "graph_request",
		Description:     graphDescription,
		RawInputSchema:  json.RawMessage(graphInput),
		RawOutputSchema: json.RawMessage(graphOutput),
		// As with run: what it may do is what the account may do.
		Annotations: mcp.ToolAnnotation{Title: "Microsoft Graph and Power Automate", DestructiveHint: &yes, OpenWorldHint: &yes},
	}
}
