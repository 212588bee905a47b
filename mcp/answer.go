package mcp

import (
	"encoding/json"

	"github.com/mark3labs/mcp-go/mcp"
)

// An answer is the content of a tool's result, and its structuredContent as it is marshalled.
type answer struct {
	Status     string          `json:"status"`
	Text       string          `json:"text"`
	Code       string          `json:"code,omitempty"`
	Remedy     string          `json:"remedy,omitempty"`
	Executed   string          `json:"executed,omitempty"`
	RetryAfter int             `json:"retry_after_seconds,omitempty"`
	DeviceCode string          `json:"device_code,omitempty"`
	AuthURL    string          `json:"auth_url,omitempty"`
	ExpiresIn  int             `json:"expires_in,omitempty"` // seconds
	RequestID  string          `json:"request_id,omitempty"`
	Objects    json.RawMessage `json:"objects,omitempty"`
	IsError    bool            `json:"-"`
}

// result is the answer as MCP's tool result: the text as content, everything as structuredContent.
func (a answer) result() *mcp.CallToolResult {
	return &mcp.CallToolResult{
		Content:           []mcp.Content{mcp.NewTextContent(a.Text)},
		StructuredContent: a,
		IsError:           a.IsError,
	}
}
