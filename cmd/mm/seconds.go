package main

import (
	"fmt"
	"strconv"
	"time"

	mm "github.com/microsoft-master/mm"
)

// seconds is a duration flag that also takes a plain number.
type seconds time.Duration

// String implements pflag.Value. Help shows no default of 0.
func (s *seconds) String() string {
	if *s == 0 {
		return "0"
	}
	return time.Duration(*s).String()
}

// Type implements pflag.Value.
func (s *seconds) Type() string { return "duration" }

// Set implements pflag.Value.
func (s *seconds) Set(text string) error {
	d, err := time.ParseDuration(text)
	if n, bad := strconv.Atoi(text); bad == nil {
		d, err = time.Duration(n)*time.Second, nil
	}
	if err != nil || d < time.Second || d > mm.MaxTimeout {
		return fmt.Errorf("want seconds, or a duration like 5m, from 1s to %s", mm.MaxTimeout)
	}
	*s = seconds(d)
	return nil
}
