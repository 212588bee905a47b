package account

import mm "github.com/microsoft-master/mm"

// An Event is something that happened to the account.
type Event interface{ event() }

// Ask asks for a token. ID is unique among the asks that have not ended.
type Ask struct {
	ID         string
	Connection mm.Connection // the registry's entry as it is now
	Audience   mm.Audience
	Host       string
	// Rejected is the token that the resource did not take; zero: none.
	Rejected mm.Secret
	// Claims is what the resource demanded.
	Claims string
	// Method is how a person shall sign in, where one has to; empty: as the tenant allows.
	Method mm.SignInMethod
}

// Drop says that nobody waits for that id any more.
type Drop struct{ ID string }

// Fetched is the end of a Fetch.
type Fetched struct {
	Epoch uint64
	Key   Key
	Token mm.Token
	Err   error
}

// Shown brings the challenge of a sign-in.
type Shown struct {
	Serial    uint64
	Challenge mm.Challenge
}

// SignedIn is the end of a sign-in.
type SignedIn struct {
	Serial uint64
	Token  mm.Token
	Err    error
}

// SignOut forgets who is signed in, in here; the store is the actor's.
type SignOut struct{ Connection mm.Connection }

// Stop ends everything: whoever waits is refused with Why.
type Stop struct{ Why *mm.Error }

func (Ask) event()      {}
func (Drop) event()     {}
func (Fetched) event()  {}
func (Shown) event()    {}
func (SignedIn) event() {}
func (SignOut) event()  {}
func (Stop) event()     {}

// An Effect is something to be done, in order.
type Effect interface{ effect() }

// Fetch gets a token without asking anybody; Fetched answers, with the same epoch and key.
type Fetch struct {
	Epoch      uint64
	Key        Key
	Connection mm.Connection
	Request    mm.TokenRequest
}

// Begin lets a person sign in; Shown and SignedIn answer, with the same serial.
type Begin struct {
	Serial     uint64
	Connection mm.Connection
	Request    mm.SignInRequest
}

// Abandon ends a sign-in that nobody shall finish any more. Its SignedIn is ignored.
type Abandon struct{ Serial uint64 }

// Tell shows the challenge to somebody who goes on waiting.
type Tell struct {
	ID        string
	Challenge mm.Challenge
}

// Give ends an ask.
type Give struct {
	ID    string
	Token mm.Token
}

// Refuse ends an ask. Why is empty where the sign-in failed or could not be tried; needs_consent where the app has no consent for
// the audience.
type Refuse struct {
	ID  string
	Err *mm.Error
	Why mm.InteractionReason
}

func (Fetch) effect()   {}
func (Begin) effect()   {}
func (Abandon) effect() {}
func (Tell) effect()    {}
func (Give) effect()    {}
func (Refuse) effect()  {}
