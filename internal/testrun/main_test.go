package main

import (
	"strings"
	"testing"
)

func TestTheSummaryCountsAndSaysWhy(t *testing.T) {
	var out strings.Builder
	tl := tally{out: &out, output: map[name][]string{}, reasons: map[string]int{}}
	err := tl.read(strings.NewReader(`
{"Action":"output","Package":"p","Test":"A","Output":"=== RUN   A\n"}
{"Action":"output","Package":"p","Test":"A","Output":"    a_test.go:7: no pwsh: install it\n"}
{"Action":"skip","Package":"p","Test":"A"}
{"Action":"output","Package":"p","Test":"B","Output":"    b_test.go:9: no pwsh: install it\n"}
{"Action":"skip","Package":"p","Test":"B"}
{"Action":"output","Package":"p","Test":"C","Output":"    c_test.go:1: this broke\n"}
{"Action":"fail","Package":"p","Test":"C"}
{"Action":"pass","Package":"p","Test":"D"}
{"Action":"output","Package":"p","Output":"ok  \tp\t0.1s\n"}
{"Action":"pass","Package":"p"}
not JSON
`))
	tl.summary()
	want := "    c_test.go:1: this broke\nok  \tp\t0.1s\nnot JSON\nskipped 2: no pwsh: install it\n1 passed, 1 failed, 2 skipped\n"
	if got := strings.TrimLeft(out.String(), "\n"); err != nil || got != want {
		t.Errorf("%v\ngot:  %q\nwant: %q", err, got, want)
	}
}

func TestAllPackagesAreTestedUnlessOneIsNamed(t *testing.T) {
	for in, want := range map[string]string{
		"": "./...", "-race -timeout 30m": "-race -timeout 30m ./...", "-run Session ./actors": "-run Session ./actors", "./...": "./...", ".": ".",
	} {
		if got := strings.Join(withPackages(strings.Fields(in)), " "); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
