package main

import (
	"os"
	"testing"

	"taskmaster/cmd/local/broker/nats"
	"taskmaster/cmd/local/broker/rabbitmq"
)

// testRunCommand makes the test binary execute the arguments that follow.
const testRunCommand = "run"

// The test binary is also the program that tests start, and the broker that the program starts.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case testRunCommand:
			os.Exit(executeUntilSignal(os.Args[2:]))
		case nats.Command, rabbitmq.Command:
			os.Exit(executeUntilSignal(os.Args[1:]))
		}
	}
	os.Exit(m.Run())
}
