package actors

import (
	"context"
	"fmt"
	"log/slog"
)

// withoutMessages is what protoactor logs with. It logs whole messages when one cannot be delivered, or when an actor
// panics; commands and outputs are not for the log, so their type stands for them.
type withoutMessages struct{ slog.Handler }

// Handle implements slog.Handler.
func (h withoutMessages) Handle(ctx context.Context, r slog.Record) error {
	clean := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "message" {
			a.Value = slog.StringValue(fmt.Sprintf("%T", a.Value.Any()))
		}
		clean.AddAttrs(a)
		return true
	})
	return h.Handler.Handle(ctx, clean)
}

// WithAttrs implements slog.Handler.
func (h withoutMessages) WithAttrs(a []slog.Attr) slog.Handler {
	return withoutMessages{h.Handler.WithAttrs(a)}
}

// WithGroup implements slog.Handler.
func (h withoutMessages) WithGroup(name string) slog.Handler {
	return withoutMessages{h.Handler.WithGroup(name)}
}
