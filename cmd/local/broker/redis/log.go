package redis

import (
	"regexp"
	"strings"
)

// logLine matches a line of any level; "#" is a warning.
var logLine = regexp.MustCompile(`^\d+:[A-Z] \d\d \w{3} \d{4} \S+ ([.*#-]) (.*)`)

// FilterLog keeps warnings, except those about one machine's normal operation.
func (*Broker) FilterLog(line string) string {
	match := logLine.FindStringSubmatch(line)
	if match == nil {
		return line
	}
	if level := match[1]; level != "#" {
		return ""
	}
	message := match[2]
	for _, expected := range [...]string{
		"Memory overcommit must be enabled", "Received SIGTERM", "User requested shutdown", "ready to exit",
	} {
		if strings.Contains(message, expected) {
			return ""
		}
	}
	return "warning: " + message
}
