// Package broker holds the types that the packages of the brokers below it share: the configuration
// of one broker on this machine, and the topics.
package broker

import "taskmaster/cmd/local/console"

// Config describes the installation that a broker belongs to. All fields are set when a broker is
// created with it.
type Config struct {
	Getenv   func(name string) string // of the user's environment
	Root     string                   // folder of the repository
	Dir      string                   // folder of this broker's data and configuration
	Self     string                   // path of the running program
	Ports    [3]int                   // on 127.0.0.1; sidecars connect to the first
	Address  string                   // host:port for sidecars: the first port, or a proxy in front of it
	Password string                   // generated once for the installation
	Token    string                   // the same for brokers that use a token
	Env      []string                 // variables that every program needs, such as PATH
	Options  []string                 // settings of the broker, each NAME=VALUE
	Log      *console.Lines
}

// Topics returns the topics that services publish to.
func Topics() []string { return []string{"task-events", "reminders", "task-updates", "dead-letters"} }
