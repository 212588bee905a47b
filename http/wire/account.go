package wire

import (
	"encoding/json"
	"fmt"
	"math"
	"time"

	mm "github.com/microsoft-master/mm"
)

// An Account is one sign-in of GET /status. The code of one that waits is not shown here: GET needs no token.
type Account struct {
	Connection string          `json:"connection"`
	State      mm.AccountState `json:"state"`
	Account    string          `json:"account,omitempty"`
	TenantID   string          `json:"tenant_id,omitempty"`
	TokenUntil string          `json:"token_until,omitempty"` // when the last of the tokens at hand ends
}

func encodeAccounts(accounts []mm.AccountStatus) []Account {
	var all []Account
	for _, a := range accounts {
		all = append(all, Account{a.Connection, a.State, a.Account.Username, a.Account.TenantID, formatUntil(a.Until)})
	}
	return all
}

func decodeAccounts(accounts []Account) []mm.AccountStatus {
	var all []mm.AccountStatus
	for _, a := range accounts {
		all = append(all, mm.AccountStatus{Connection: a.Connection, State: a.State,
			Account: mm.Account{Username: a.Account, TenantID: a.TenantID}, Until: parseUntil(a.TokenUntil)})
	}
	return all
}

// formatUntil is formatTime with nothing for the zero time.
func formatUntil(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return formatTime(t)
}

// parseUntil is the time that formatUntil wrote; zero where there is none.
func parseUntil(s string) time.Time {
	t, _ := time.Parse(time.RFC3339, s)
	return t
}

// A SignInRequest is the body of POST /sign-in.
type SignInRequest struct {
	Connection string          `json:"connection"`
	Method     mm.SignInMethod `json:"method,omitempty"`
	Pasted     string          `json:"pasted,omitempty"` // the address that the browser was sent to
}

// maxPasted is how long an address of a redirect may be, in bytes.
const maxPasted = 16 << 10

// EncodeSignIn returns the body of POST /sign-in.
func EncodeSignIn(o mm.SignInOrder) []byte {
	return mustEncode(SignInRequest{o.Connection, o.Method, o.Pasted})
}

// DecodeSignIn reads the body of POST /sign-in. The error has code bad_request.
func DecodeSignIn(body []byte) (mm.SignInOrder, *mm.Error) {
	var r SignInRequest
	if err := decode(body, &r); err != nil {
		return mm.SignInOrder{}, err
	}
	switch r.Method {
	case "", mm.DeviceCode, mm.Browser:
	default:
		return mm.SignInOrder{}, badField("method", fmt.Sprintf("%.40q", r.Method))
	}
	if r.Connection == "" {
		return mm.SignInOrder{}, badRequest("Missing connection")
	}
	return mm.SignInOrder{Connection: r.Connection, Method: r.Method, Pasted: r.Pasted}, checkLength("pasted", r.Pasted, maxPasted)
}

// A SignInAnswer is the answer to POST /sign-in: success with who is signed in, or auth_required with what a person has to do.
type SignInAnswer struct {
	Status     mm.Status `json:"status"`
	Connection string    `json:"connection"`
	Account    string    `json:"account,omitempty"` // who is signed in, or should
	TenantID   string    `json:"tenant_id,omitempty"`
	DeviceCode string    `json:"device_code,omitempty"`
	AuthURL    string    `json:"auth_url,omitempty"`
	Message    string    `json:"message,omitempty"`
	ExpiresIn  *int      `json:"expires_in,omitempty"` // seconds that remain
	ExpiresAt  string    `json:"expires_at,omitempty"`
	TokenUntil string    `json:"token_until,omitempty"` // as in Account
}

// EncodeSignInAnswer returns the answer to POST /sign-in.
func EncodeSignInAnswer(s mm.AccountStatus, now time.Time) []byte {
	a := SignInAnswer{Status: mm.StatusSuccess, Connection: s.Connection, Account: s.Account.Username, TenantID: s.Account.TenantID,
		TokenUntil: formatUntil(s.Until)}
	if s.State != mm.AccountSignedIn {
		a.Status = mm.StatusAuthRequired
	}
	if c := s.Challenge; c != nil {
		left := max(0, int(math.Ceil(c.ExpiresAt.Sub(now).Seconds())))
		a.DeviceCode, a.AuthURL, a.Message, a.Account = c.UserCode, c.URL, c.Message, c.Account
		a.ExpiresIn, a.ExpiresAt = &left, formatTime(c.ExpiresAt)
	}
	return mustEncode(a)
}

// DecodeSignInAnswer reads the answer to POST /sign-in.
func DecodeSignInAnswer(body []byte) (mm.AccountStatus, error) {
	var a SignInAnswer
	if err := json.Unmarshal(body, &a); err != nil {
		return mm.AccountStatus{}, err
	}
	if a.Status != mm.StatusSuccess && a.Status != mm.StatusAuthRequired {
		return mm.AccountStatus{}, fmt.Errorf("status %.40q is neither success nor auth_required", a.Status)
	}
	s := mm.AccountStatus{Connection: a.Connection, State: mm.AccountSignedIn, Until: parseUntil(a.TokenUntil),
		Account: mm.Account{Username: a.Account, TenantID: a.TenantID}}
	if a.Status == mm.StatusAuthRequired {
		s.State, s.Account, s.Until = mm.AccountSigning, mm.Account{}, time.Time{}
		if a.AuthURL != "" {
			s.Challenge = &mm.Challenge{UserCode: a.DeviceCode, URL: a.AuthURL, Message: a.Message, Account: a.Account}
			s.Challenge.ExpiresAt, _ = time.Parse(time.RFC3339, a.ExpiresAt)
		}
	}
	return s, nil
}

// A SignOutRequest is the body of POST /sign-out.
type SignOutRequest struct {
	Connection string `json:"connection"`
}

// EncodeSignOut returns the body of POST /sign-out.
func EncodeSignOut(connection string) []byte { return mustEncode(SignOutRequest{connection}) }

// DecodeSignOut reads the body of POST /sign-out. The error has code bad_request.
func DecodeSignOut(body []byte) (connection string, _ *mm.Error) {
	var r SignOutRequest
	if err := decode(body, &r); err != nil {
		return "", err
	}
	if r.Connection == "" {
		return "", badRequest("Missing connection")
	}
	return r.Connection, nil
}

type signOutAnswer struct {
	Status    mm.Status `json:"status"`
	SignedOut bool      `json:"signed_out"`
}

// EncodeSignOutAnswer returns the answer to POST /sign-out: whether somebody was signed in.
func EncodeSignOutAnswer(was bool) []byte { return mustEncode(signOutAnswer{mm.StatusSuccess, was}) }

// DecodeSignOutAnswer reads the answer to POST /sign-out.
func DecodeSignOutAnswer(body []byte) (bool, error) {
	var a signOutAnswer
	err := json.Unmarshal(body, &a)
	if err == nil && a.Status != mm.StatusSuccess {
		err = fmt.Errorf("status %.40q is not success", a.Status)
	}
	return a.SignedOut, err
}
