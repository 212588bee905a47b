package contracttest_test

import (
	"testing"

	"github.com/microsoft-master/mm/internal/contracttest"
)

func TestAShapeAllowsNewFieldsAtTheEndAndNothingElse(t *testing.T) {
	const golden = `{"a":1,"list":[{"x":"<time>"}],"code":"<code>","o":{}}`
	for body, same := range map[string]bool{
		`{"a":1,"list":[{"x":"2026-11-22T10:00:00.123Z"}],"code":"ABCD1234","o":{}}`:                   true,
		`{"a":1,"list":[{"x":"2026-11-22T10:00:00Z","y":2}],"code":"ABCD1234","o":{"new":[]},"new":0}`: true,
		`{"a":1,"list":[{"x":"2026-11-22T10:00:00+01:00"}],"code":"ABCD1234","o":{}}`:                  false, // not in UTC
		`{"a":1,"list":[{"x":"2026-11-22T10:00:00Z"}],"code":"abcd1234","o":{}}`:                       false,
		`{"a":2,"list":[{"x":"2026-11-22T10:00:00Z"}],"code":"ABCD1234","o":{}}`:                       false,
		`{"a":1.0,"list":[{"x":"2026-11-22T10:00:00Z"}],"code":"ABCD1234","o":{}}`:                     false,
		`{"a":1,"list":[],"code":"ABCD1234","o":{}}`:                                                   false, // fewer items
		`{"a":1,"list":[{"y":2,"x":"2026-11-22T10:00:00Z"}],"code":"ABCD1234","o":{}}`:                 false, // moved
		`{"list":[{"x":"2026-11-22T10:00:00Z"}],"a":1,"code":"ABCD1234","o":{}}`:                       false,
		`{"new":1,"a":1,"list":[{"x":"2026-11-22T10:00:00Z"}],"code":"ABCD1234","o":{}}`:               false,
		`{"a":1,"list":[{"x":"2026-11-22T10:00:00Z"}],"code":"ABCD1234"}`:                              false, // dropped
		`{"a":1,"list":[{"x":"2026-11-22T10:00:00Z"}],"code":"ABCD1234","o":[]}`:                       false,
		`{"a":1, "list":[{"x":"2026-11-22T10:00:00Z"}],"code":"ABCD1234","o":{}}`:                      false, // not compact
		`{"a":1`: false,
		`[]`:     false,
		`null`:   false,
		``:       false,
	} {
		if err := contracttest.Shape(golden, body); (err == nil) != same {
			t.Errorf("%s: %v", body, err)
		}
	}
	if contracttest.Shape(`{"a":"<b> & c"}`, `{"a":"\u003cb\u003e \u0026 c"}`) == nil {
		t.Error("another spelling of the same text counts as the same")
	}
}
