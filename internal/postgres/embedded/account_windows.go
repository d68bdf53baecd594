package embedded

import (
	"context"
	"os"
	"syscall"
)

// stopSignals: there is only one way to end a process here. The next start recovers.
var stopSignals = []os.Signal{os.Kill}

func accounts() []account {
	return []account{{
		name:       "this user",
		attributes: func() *syscall.SysProcAttr { return nil },
		own:        func(string) error { return nil },
	}}
}

// try has nothing to find out: there is one account.
func (a account) try(context.Context, string, string) error { return nil }
