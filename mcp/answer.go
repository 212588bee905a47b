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
	Objects    json.RawMessage `json:"objects,omitempty"` // of run

	// Of graph_request.
	HTTPStatus int             `json:"http_status,omitempty"`
	Data       json.RawMessage `json:"data,omitempty"` // with format json
	File       string          `json:"file,omitempty"` // where the answer was saved
	Next       string          `json:"next,omitempty"` // the page of the call that goes on
	Truncated  *truncated      `json:"truncated,omitempty"`

	IsError bool `json:"-"`
}

// truncated counts what was left out of an answer of Graph: items of a list, or characters.
type truncated struct {
	Kept    int64 `json:"kept"`
	Dropped int64 `json:"dropped"`
}

// result is the answer as MCP's tool result: the text as content, everything as structuredContent.
func (a answer) result() *mcp.CallToolResult {
	return &mcp.CallToolResult{
		Content:           []mcp.Content{mcp.NewTextContent(a.Text)},
		StructuredContent: a,
		IsError:           a.IsError,
	}
}
