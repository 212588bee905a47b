package normal

import (
	"regexp"
	"strings"
	"sync"
)

// judged is the path that guards compare. graph says that casts and namespaces of Graph are to be left out.
func judged(segments []segment, graph bool) string {
	var out []string
	for i, s := range segments {
		if s.data {
			continue // stands with its owner
		}
		plain, name, owner := cutName(segments, i)
		word, key, keyed := cutKey(fold(plain))
		if graph {
			word = withoutNamespace(word, keyed, isLast(segments, i))
		}
		if word != "" {
			out = append(out, word)
		}
		if keyed && key != "" {
			out = append(out, key)
		}
		if owner && (name != "" || i+1 < len(segments)) {
			out = append(out, ":")
		}
	}
	return strings.Join(out, "/")
}

// isLast reports whether nothing but $value, $count, $ref and the like follows the segment at i.
func isLast(segments []segment, i int) bool {
	for _, s := range segments[i+1:] {
		if !strings.HasPrefix(s.plain, "$") {
			return false
		}
	}
	return true
}

// fold removes the differences that no service makes: of case, and of spaces around a word. Upper case comes first, because
// some letters have one only in that direction (the long s).
func fold(s string) string { return strings.ToLower(strings.ToUpper(strings.TrimSpace(s))) }

// keyed is a word with a key or arguments: users('a'), applications(appId='a'), delta().
var (
	keyed = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^([^()']+)\((.*)\)$`) })
	named = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z][a-z0-9_]*\s*=\s*([^=,]*|'(?:[^']|'')*')$`) })
)

// cutKey splits users('a') into users and a. The argument of a call counts as one key.
func cutKey(s string) (word, key string, ok bool) {
	m := keyed().FindStringSubmatch(s)
	if m == nil {
		return s, "", false
	}
	word, key = strings.TrimSpace(m[1]), strings.TrimSpace(m[2])
	if n := named().FindStringSubmatch(key); n != nil {
		key = n[1]
	}
	if len(key) > 1 && key[0] == '\'' && key[len(key)-1] == '\'' {
		key = strings.ReplaceAll(key[1:len(key)-1], "''", "'")
	}
	return word, strings.TrimSpace(key), true
}

// namespaced is a name with Graph's namespace or its alias. The alias counts with one name only: a host may begin with it too.
var namespaced = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:microsoft\.graph(?:\.[a-z0-9_]+)*|graph)\.([a-z0-9_]+)$`)
})

// withoutNamespace cuts a namespace off, and returns nothing for a cast. What ends a path and is no known type may be an
// action: it stays. What is in the middle is a cast, because no action of Graph can be followed by anything.
func withoutNamespace(word string, keyed, last bool) string {
	m := namespaced().FindStringSubmatch(word)
	if m == nil {
		return word
	}
	if casts[m[1]] || !last && !keyed {
		return ""
	}
	return m[1]
}

// casts are the types to which a path may narrow a collection or an entity.
var casts = func() map[string]bool {
	m := map[string]bool{}
	for _, t := range strings.Fields(`
		directoryobject entity user group device application serviceprincipal orgcontact directoryrole
		administrativeunit contact endpoint agreement agentidentity agentidentityblueprint agentuser
		outlookitem message event eventmessage eventmessagerequest eventmessageresponse calendarsharingmessage
		attachment fileattachment itemattachment referenceattachment post conversationthread
		baseitem driveitem drive site list listitem sharepointidset
		aaduserconversationmember conversationmember anonymousguestconversationmember chatmessage chat team channel
		openTypeExtension opentypeextension extension place room roomlist workspace building floor
		appcatalogs teamsapp teamsappinstallation plannertask plannerplan
		authenticationmethod microsoftauthenticatorauthenticationmethod phoneauthenticationmethod
		passwordauthenticationmethod fido2authenticationmethod emailauthenticationmethod
		namedlocation ipnamedlocation countrynamedlocation
		manageddevice managedapp mobileapp deviceconfiguration devicecompliancepolicy`) {
		m[strings.ToLower(t)] = true
	}
	return m
}()
