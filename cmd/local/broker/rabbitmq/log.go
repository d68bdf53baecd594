package rabbitmq

import (
	"regexp"
	"strings"
)

var logLine = regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\S* \[(\w+)\] <[\d.]+> (.*)`)

// bannerLine matches the output of RabbitMQ's start. Every line of it is indented.
var bannerLine = regexp.MustCompile(`^\s*$|^  |^ completed with \d+ plugins`)

// FilterLog keeps warnings and errors, except those about one machine's normal operation.
func (*Broker) FilterLog(line string) string {
	match := logLine.FindStringSubmatch(line)
	if match == nil {
		if bannerLine.MatchString(line) {
			return ""
		}
		return line
	}
	level, message := match[1], match[2]
	switch level {
	case "debug", "info", "notice":
		return ""
	}
	for _, expected := range [...]string{
		"rebuilding indices from scratch",           // the first start, or the first after a kill
		"closing AMQP connection",                   // a sidecar was killed
		"client unexpectedly closed TCP connection", // the same, in a line of its own
		"state: closing), channel 1:",               // a sidecar is stopping; it closes twice
		"basic.cancel caused a connection exception",
	} {
		if strings.Contains(message, expected) {
			return ""
		}
	}
	return level + ": " + message
}
