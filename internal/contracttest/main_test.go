package contracttest_test

import (
	"flag"
	"testing"

	"go.uber.org/goleak"
	_ "pgregory.net/rapid" // its flags
)

// TestMain lets more tests run at once than there are processors, because most of them wait. The calls of the random test run at
// the same time, so that its failures can be neither shrunk nor recorded. The flags of go test have the last word.
//
// Of what is left at the end, two are fasthttp's, and one is protoactor's: it counts for a moment what was sent to actors that had
// ended, as that of a sign-in which the end of its pool has ended.
func TestMain(m *testing.M) {
	for name, value := range map[string]string{"test.parallel": "16", "rapid.shrinktime": "0s", "rapid.nofailfile": "true"} {
		if err := flag.Set(name, value); err != nil {
			panic(err)
		}
	}
	flag.Parse()
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"),
		goleak.IgnoreAnyFunction("github.com/asynkron/protoactor-go/actor.NewDeadLetter.NewThrottle.func4.1"))
}
