package main

import (
	"io"
	"log/slog"

	"go.uber.org/zap"
	"go.uber.org/zap/exp/zapslog"
	"go.uber.org/zap/zapcore"
)

// logLevels are Python's names for levels.
var logLevels = map[string]zapcore.Level{
	"DEBUG": zap.DebugLevel, "INFO": zap.InfoLevel, "WARNING": zap.WarnLevel, "ERROR": zap.ErrorLevel, "CRITICAL": zap.FatalLevel,
}

// levelNames are how lines name them.
var levelNames = map[zapcore.Level]string{
	zap.DebugLevel: "DEBUG", zap.InfoLevel: "INFO", zap.WarnLevel: "WARNING", zap.ErrorLevel: "ERROR",
}

// newLog writes lines in the Python version's form: 2026-11-22 10:00:00 [INFO] session_pool - message {"key": "value"}.
func newLog(w io.Writer, level string) *slog.Logger {
	enc := zapcore.NewConsoleEncoder(zapcore.EncoderConfig{
		TimeKey: "time", LevelKey: "level", NameKey: "name", MessageKey: "message",
		EncodeTime:       zapcore.TimeEncoderOfLayout("2006-01-02 15:04:05"),
		EncodeLevel:      func(l zapcore.Level, out zapcore.PrimitiveArrayEncoder) { out.AppendString("[" + levelNames[l] + "]") },
		EncodeName:       func(name string, out zapcore.PrimitiveArrayEncoder) { out.AppendString(name + " -") },
		EncodeDuration:   zapcore.StringDurationEncoder,
		ConsoleSeparator: " ",
	})
	core := zapcore.NewCore(enc, zapcore.Lock(zapcore.AddSync(w)), logLevels[level])
	return slog.New(zapslog.NewHandler(core, zapslog.WithName("session_pool")))
}
