package main

import (
	"os"
	"testing"
)

// testRunCommand makes the test binary the program itself, with the arguments that follow.
const testRunCommand = "run"

// The test binary is also the broker, and the program, that tests start.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && (os.Args[1] == natsCommand || os.Args[1] == rabbitCommand || os.Args[1] == testRunCommand) {
		args := os.Args[1:]
		if args[0] == testRunCommand {
			args = args[1:]
		}
		os.Exit(commandUntilSignal(args))
	}
	os.Exit(m.Run())
}
