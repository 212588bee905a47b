package wire

import (
	"encoding/json"

	mm "github.com/microsoft-master/mm"
)

// A ResetRequest is the body of POST /reset. No module means all of the connection's sessions.
type ResetRequest struct {
	Connection string `json:"connection"`
	Module     string `json:"module,omitempty"`
}

// EncodeReset returns the body of POST /reset.
func EncodeReset(connection string, module mm.Module) []byte {
	return mustEncode(ResetRequest{connection, string(module)})
}

// DecodeReset reads the body of POST /reset. The error has code bad_request or unknown_module. Where only is not empty, it
// is the connection, whatever the body says.
func DecodeReset(body []byte, only string) (connection string, module mm.Module, _ *mm.Error) {
	var r ResetRequest
	if err := decode(body, &r); err != nil {
		return "", "", err
	}
	if only != "" {
		r.Connection = only
	}
	if r.Connection == "" {
		return "", "", badRequest("Missing connection")
	}
	if r.Module == "" {
		return r.Connection, "", nil
	}
	module, err := parseModule(r.Module)
	return r.Connection, module, err
}

type resetAnswer struct {
	Status mm.Status `json:"status"`
	Reset  []string  `json:"reset"`
	Count  int       `json:"count"`
}

// EncodeResetAnswer returns the answer to POST /reset: the sessions that were reset.
func EncodeResetAnswer(ids []mm.SessionID) []byte {
	names := make([]string, 0, len(ids))
	for _, id := range ids {
		names = append(names, id.String())
	}
	return mustEncode(resetAnswer{mm.StatusSuccess, names, len(names)})
}

// DecodeResetAnswer reads the answer to POST /reset.
func DecodeResetAnswer(body []byte) ([]mm.SessionID, error) {
	var a resetAnswer
	if err := json.Unmarshal(body, &a); err != nil {
		return nil, err
	}
	ids := make([]mm.SessionID, 0, len(a.Reset))
	for _, s := range a.Reset {
		ids = append(ids, parseSessionID(s))
	}
	return ids, nil
}

// A CancelRequest is the body of POST /cancel.
type CancelRequest struct {
	RequestID string `json:"request_id"`
}

// EncodeCancel returns the body of POST /cancel.
func EncodeCancel(requestID string) []byte { return mustEncode(CancelRequest{requestID}) }

// DecodeCancel reads the body of POST /cancel. The error has code bad_request.
func DecodeCancel(body []byte) (requestID string, _ *mm.Error) {
	var r CancelRequest
	if err := decode(body, &r); err != nil {
		return "", err
	}
	if r.RequestID == "" {
		return "", badRequest("Missing request_id")
	}
	if err := checkLength("request_id", r.RequestID, mm.MaxRequestID); err != nil {
		return "", err
	}
	return r.RequestID, nil
}

type cancelAnswer struct {
	Status    mm.Status `json:"status"`
	Cancelled bool      `json:"cancelled"`
}

// EncodeCancelAnswer returns the answer to POST /cancel: whether there was such a request that had not ended.
func EncodeCancelAnswer(found bool) []byte {
	return mustEncode(cancelAnswer{mm.StatusSuccess, found})
}

// DecodeCancelAnswer reads the answer to POST /cancel.
func DecodeCancelAnswer(body []byte) (bool, error) {
	var a cancelAnswer
	err := json.Unmarshal(body, &a)
	return a.Cancelled, err
}
