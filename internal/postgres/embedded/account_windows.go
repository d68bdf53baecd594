package embedded

import (
	"context"
	"os"
	"syscall"
)

// stopSignals has one element, because Windows has only one way to end a process. The next start
// recovers.
var stopSignals = []os.Signal{os.Kill}

func accounts() []account {
	return []account{{
		name:       "this user",
		attributes: func() *syscall.SysProcAttr { return nil },
		own:        func(string) error { return nil },
	}}
}

// try returns nil, because there is only one account.
func (a account) try(context.Context, string, string) error { return nil }
