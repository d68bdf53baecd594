// Package cli is the frame of a command-line program: signals, arguments and exit status. Services
// use package server instead.
package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// Main runs a program and ends the process with the status that it returns. SIGINT and SIGTERM
// cancel the context.
func Main(program func(context.Context) int) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := program(ctx)
	stop()
	os.Exit(status)
}

// usageError reports wrong arguments. printed is set if the flag package has printed it already.
type usageError struct {
	err     error
	printed bool
}

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

// Parse parses the arguments. Its error is meant for Status.
func Parse(flags *flag.FlagSet, args []string) error {
	err := flags.Parse(args)
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return err
	}
	return usageError{err, true}
}

// Usage returns an error that joins the problems of the arguments. It returns nil without problems.
func Usage(problems ...error) error {
	if err := errors.Join(problems...); err != nil {
		return usageError{err: err}
	}
	return nil
}

// Status prints the error of a program, with its name before each line, and returns the exit status:
// 0 without an error or after -h, 2 for wrong arguments, 1 for other errors.
func Status(w io.Writer, name string, err error) int {
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return 0
	}
	usage, wrong := errors.AsType[usageError](err)
	if !usage.printed {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			fmt.Fprintf(w, "%s: %s\n", name, line)
		}
	}
	if wrong {
		return 2
	}
	return 1
}
