package server

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
)

// Command runs the command named args[0] with the arguments after it. It returns the exit status,
// which is 2 for an unknown name. A request for help is no error.
func Command(commands map[string]func(ctx context.Context, args []string) error, args []string) int {
	command, ok := commands[args[0]]
	if !ok {
		names := strings.Join(slices.Sorted(maps.Keys(commands)), ", ")
		fmt.Fprintf(os.Stderr, "%q is not a command; there are: %s\n", args[0], names)
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := command(ctx, args[1:]); err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, args[0]+":", err)
		return 1
	}
	return 0
}
