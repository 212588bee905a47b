package actors

import (
	"testing"

	"go.uber.org/goleak"
)

// fasthttp, which a benchmark uses, leaves two goroutines that sleep for a moment after its server has ended.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"))
}
