package main

import (
	"regexp"
	"strings"
)

// usualRabbit is what RabbitMQ says of things that are as they should be here.
var usualRabbit = []string{
	"rebuilding indices from scratch",           // it starts for the first time, or was killed
	"closing AMQP connection",                   // a sidecar was killed
	"client unexpectedly closed TCP connection", // the same, in a line of its own
	"state: closing), channel 1:",               // a sidecar ends, and says so twice
	"basic.cancel caused a connection exception",
}

var rabbitLine = regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\S* \[(\w+)\] <[\d.]+> (.*)`)

// rabbitBanner is what RabbitMQ prints when it starts: every line of it is indented.
var rabbitBanner = regexp.MustCompile(`^\s*$|^  |^ completed with \d+ plugins`)

// redisLine is a line of Redis of any level; "#" is a warning.
var redisLine = regexp.MustCompile(`^\d+:[A-Z] \d\d \w{3} \d{4} \S+ ([.*#-]) (.*)`)

// usualRedis is what Redis warns of that is of no account on one machine.
var usualRedis = []string{"Memory overcommit must be enabled", "Received SIGTERM", "User requested shutdown", "ready to exit"}

// readableBroker leaves out what brokers tell of their daily life.
func readableBroker(line string) string {
	var level, message string
	var usual []string
	if match := rabbitLine.FindStringSubmatch(line); match != nil {
		level, message, usual = match[1], match[2], usualRabbit
	} else if match := redisLine.FindStringSubmatch(line); match != nil {
		level, message, usual = map[string]string{"#": "warning"}[match[1]], match[2], usualRedis
	} else if rabbitBanner.MatchString(line) {
		return ""
	} else {
		return line
	}
	switch level {
	case "", "debug", "info", "notice":
		return ""
	}
	for _, u := range usual {
		if strings.Contains(message, u) {
			return ""
		}
	}
	return level + ": " + message
}
