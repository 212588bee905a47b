package entra

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/public"
	mm "github.com/microsoft-master/mm"
)

// signedIn makes a token of MSAL's result, where the account and the tenant are those that the connection expects. tenant is
// its id; empty: not known. The error has code wrong_account.
func signedIn(res public.AuthResult, c mm.Connection, tenant string) (mm.Token, *mm.Error) {
	names := namesOf(res)
	who := mm.Account{TenantID: res.IDToken.TenantID, ObjectID: res.IDToken.Oid}
	if len(names) > 0 {
		who.Username = names[0]
	}
	isExpected := func(name string) bool { return strings.EqualFold(name, c.ExpectedEmail) }
	if c.ExpectedEmail != "" {
		n := slices.IndexFunc(names, isExpected)
		if n < 0 {
			return mm.Token{}, wrongAccount(who, c, tenant)
		}
		who.Username = names[n]
	}
	if tenant != "" && !strings.EqualFold(who.TenantID, tenant) {
		return mm.Token{}, wrongAccount(who, c, tenant)
	}
	return mm.Token{Text: mm.NewSecret(res.AccessToken), ExpiresAt: res.ExpiresOn, Scopes: slices.Clone(res.GrantedScopes), Account: who}, nil
}

// namesOf lists the addresses of who signed in, the one to show first. The address of a guest is that of its home, also where
// the directory has a name of its own for it.
func namesOf(res public.AuthResult) []string {
	var names []string
	for _, name := range []string{res.IDToken.PreferredUsername, res.IDToken.UPN, res.Account.PreferredUsername} {
		if name = homeAddress(name); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// homeAddress turns what a directory calls a guest (partner_fabrikam.com#EXT#@northwind.onmicrosoft.com) into the guest's address
// (partner@fabrikam.com). Other names stay.
func homeAddress(name string) string {
	at := strings.Index(strings.ToUpper(name), "#EXT#")
	if at < 0 {
		return name
	}
	home := name[:at]
	if last := strings.LastIndexByte(home, '_'); last >= 0 {
		home = home[:last] + "@" + home[last+1:]
	}
	return home
}

// pick finds the account that the connection expects. Where it expects none, the one of its tenant; where there is none of it, any,
// always the same.
func pick(accounts []public.Account, c mm.Connection, tenant string) (public.Account, bool) {
	accounts = slices.DeleteFunc(accounts, func(a public.Account) bool {
		return c.ExpectedEmail != "" && !strings.EqualFold(homeAddress(a.PreferredUsername), c.ExpectedEmail)
	})
	if len(accounts) == 0 {
		return public.Account{}, false
	}
	distance := func(a public.Account) int {
		if tenant != "" && strings.EqualFold(a.Realm, tenant) || strings.EqualFold(a.Realm, c.Tenant) {
			return 0
		}
		return 1
	}
	return slices.MinFunc(accounts, func(a, b public.Account) int {
		return cmp.Or(cmp.Compare(distance(a), distance(b)), strings.Compare(a.Key(), b.Key()))
	}), true
}

// wrongAccount is the error of a sign-in as somebody else, or somewhere else.
func wrongAccount(who mm.Account, c mm.Connection, tenant string) *mm.Error {
	return mm.Errorf(mm.WrongAccount, "Run the command again for a new device code, and sign in as "+cmp.Or(c.ExpectedEmail, "(any)")+
		"; a private browser window keeps other accounts out of the way.", "%s", fmt.Sprintf(
		"WARNING: Authenticated with wrong account. Re-authentication required. "+
			"Signed in was %s in tenant %s; connection %s expects %s in tenant %s. Nothing was run, and the account was signed out.",
		cmp.Or(who.Username, "(unknown)"), cmp.Or(who.TenantID, "(unknown)"), c.Name, cmp.Or(c.ExpectedEmail, "(any)"),
		cmp.Or(tenant, c.TenantOrID(), "(any)")))
}
