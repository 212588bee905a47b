package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	systemd "github.com/coreos/go-systemd/v22/daemon"

	mm "github.com/microsoft-master/mm"
)

// statusPeriod is how often a service manager is told what the daemon does, where that has changed.
const statusPeriod = 10 * time.Second

// A manager is the service manager that started this process, which NOTIFY_SOCKET leads to (sd_notify). Where there is none,
// nothing is told. Its variables reach no other process: those that mm starts get an environment made on purpose.
type manager struct {
	tell     func(state string)
	watchdog time.Duration // it wants a sign of life in that time; 0: none
}

func newManager(log *slog.Logger) *manager {
	watchdog, err := systemd.SdWatchdogEnabled(false)
	if err != nil {
		log.Warn("the service manager's watchdog is not served", "error", err)
	}
	return &manager{watchdog: watchdog, tell: func(state string) {
		if _, err := systemd.SdNotify(false, state); err != nil {
			log.Warn("the service manager cannot be told", "error", err)
		}
	}}
}

// ready says that both doors serve.
func (m *manager) ready() { m.tell(systemd.SdNotifyReady + "\nSTATUS=no sessions yet") }

// stopping says that the end has begun, why, and how long it may take.
func (m *manager) stopping(end ending) {
	most := end.drain + lingering + 2*answerLimit
	m.tell(fmt.Sprintf("%s\nSTATUS=ending: %s\nEXTEND_TIMEOUT_USEC=%d", systemd.SdNotifyStopping, plain(end.why), most.Microseconds()))
}

// watch tells the manager what the daemon does, and that it lives as long as the router answers.
func (m *manager) watch(ctx context.Context, metrics func(context.Context) (mm.Metrics, error)) {
	period := statusPeriod
	if m.watchdog > 0 {
		period = min(period, m.watchdog/2)
	}
	tick := time.NewTicker(max(period, time.Millisecond))
	defer tick.Stop()
	told := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now, err := metrics(ctx)
		if err != nil {
			continue // a router that does not answer is what the watchdog is for
		}
		state := ""
		if m.watchdog > 0 {
			state = systemd.SdNotifyWatchdog + "\n"
		}
		if text := sessionsText(now.Sessions); text != told {
			told = text
			state += "STATUS=" + text
		}
		if state != "" {
			m.tell(state)
		}
	}
}

// sessionsText is one line about sessions: 3 sessions, 2 signed in, 1 busy.
func sessionsText(sessions []mm.SessionStatus) string {
	if len(sessions) == 0 {
		return "no sessions yet"
	}
	signedIn, busy := 0, 0
	for _, s := range sessions {
		if s.State == mm.StateAuthenticated {
			signedIn++
		}
		if s.Busy {
			busy++
		}
	}
	noun := "sessions"
	if len(sessions) == 1 {
		noun = "session"
	}
	return fmt.Sprintf("%d %s, %d signed in, %d busy", len(sessions), noun, signedIn, busy)
}
