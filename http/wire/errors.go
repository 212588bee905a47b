package wire

import (
	"encoding/json"
	"math"
	"strings"
	"time"

	mm "github.com/microsoft-master/mm"
)

// A Failure is what an answer says of an error. Error is for people: the message and, after it, the remedy.
type Failure struct {
	Error             string      `json:"error,omitempty"`
	Code              mm.Code     `json:"code,omitempty"`
	Remedy            string      `json:"remedy,omitempty"`
	RetryAfterSeconds int         `json:"retry_after_seconds,omitempty"`
	Executed          mm.Executed `json:"executed,omitempty"`
}

// failure is the wire's form of e.
func failure(e *mm.Error) Failure {
	text := e.Error()
	if e.Code == mm.UnknownModule || e.Message == missingFields {
		text = e.Message // older clients compare these two texts
	}
	return Failure{
		Error:             text,
		Code:              e.Code,
		Remedy:            e.Remedy,
		RetryAfterSeconds: int(math.Ceil(e.RetryAfter.Seconds())),
		Executed:          e.Executed,
	}
}

// err is the error that f was made of. An answer without a code, as an older pool gives it, counts as internal, and it is
// not known whether such a request was executed.
func (f Failure) err() *mm.Error {
	e := &mm.Error{
		Code:       f.Code,
		Message:    f.Error,
		Remedy:     f.Remedy,
		Executed:   f.Executed,
		RetryAfter: time.Duration(f.RetryAfterSeconds) * time.Second,
	}
	if f.Remedy != "" {
		e.Message = strings.TrimSuffix(f.Error, " "+f.Remedy)
	}
	if e.Code == "" {
		e.Code = mm.Internal
	}
	if e.Executed == "" {
		e.Executed = mm.ExecutedMaybe
	}
	return e
}

type errorAnswer struct {
	Status mm.Status `json:"status"`
	Failure
}

// EncodeError returns the answer to a request that ended with e, on any path.
func EncodeError(e *mm.Error) []byte {
	return mustEncode(errorAnswer{mm.StatusError, failure(e)})
}

// DecodeError reads an answer that EncodeError wrote. It reports whether body is one.
func DecodeError(body []byte) (*mm.Error, bool) {
	var a errorAnswer
	if err := json.Unmarshal(body, &a); err != nil || a.Status != mm.StatusError {
		return nil, false
	}
	return a.err(), true
}
