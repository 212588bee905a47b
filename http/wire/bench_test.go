package wire

import (
	"encoding/json"
	"strings"
	"testing"

	mm "github.com/microsoft-master/mm"
)

// BenchmarkGreatAnswer is what the layer costs for 10 MB of rendered text, and for 5,000 objects of 20 properties.
func BenchmarkGreatAnswer(b *testing.B) {
	object := `{` + strings.Repeat(`"Property":"a value of a property",`, 19) + `"Last":1}`
	for name, result := range map[string]mm.Result{
		"text":    {Output: strings.Repeat("a line of text, \"quoted\" and long enough to be one of a table\r\n", 10<<20/64)},
		"objects": {Objects: json.RawMessage(`[` + strings.Repeat(object+",", 4999) + object + `]`)},
	} {
		o := mm.Outcome{Status: mm.StatusSuccess, Result: result}
		body := EncodeOutcome(o, now)
		b.Run(name+" encoded", func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				EncodeOutcome(o, now)
			}
		})
		b.Run(name+" decoded", func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				if _, err := DecodeOutcome(body, now); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
