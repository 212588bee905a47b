package registry

import (
	"fmt"
	"strings"

	mm "github.com/microsoft-master/mm"
)

// maxListed is how many names an error lists.
const maxListed = 20

// unknown is the error of a name that no connection has.
func unknown(name string, all []string) *mm.Error {
	remedy := "There is none yet; add it with `mm connections add NAME`."
	if len(all) > 0 {
		listed := strings.Join(all[:min(len(all), maxListed)], ", ")
		if more := len(all) - maxListed; more > 0 {
			listed += fmt.Sprintf(" and %d more", more)
		}
		remedy = "There are: " + listed + "."
	}
	if closest := Closest(name, all); closest != "" {
		remedy = fmt.Sprintf("Did you mean '%s'? %s", closest, remedy)
	}
	return mm.Errorf(mm.UnknownConnection, remedy, "Connection '%s' not found.", name)
}

// Closest returns the one of the candidates that is most like the word, without regard to case, where one is much like it:
// up to a third of its letters may be wrong, missing or too many. Otherwise it returns nothing.
func Closest(word string, candidates []string) string {
	best, limit := "", len([]rune(word))/3
	for _, c := range candidates {
		if d := distance(strings.ToLower(word), strings.ToLower(c)); d <= limit {
			best, limit = c, d-1
		}
	}
	return best
}

// distance is how many letters must be changed, added or removed to make b of a (Levenshtein's distance).
func distance(a, b string) int {
	from, to := []rune(a), []rune(b)
	row := make([]int, len(to)+1) // of the part of a up to the letter before, to each part of b
	for j := range row {
		row[j] = j
	}
	for i, r := range from {
		diagonal := row[0]
		row[0] = i + 1
		for j, s := range to {
			cost := diagonal
			if r != s {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(to)]
}
