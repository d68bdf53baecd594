package main

import (
	"strings"
	"testing"
)

func TestRabbitOfTheUser(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"amqp://u:secret@rabbit.example.com/":       "rabbit.example.com:5672",
		"amqps://u:secret@rabbit.example.com/":      "rabbit.example.com:5671",
		"amqp://u:secret@rabbit.example.com:5673/v": "rabbit.example.com:5673",
		"http://u:secret@rabbit.example.com/":       "",
		"rabbit.example.com:secret":                 "",
		"amqp://u:sec%ret@rabbit.example.com/":      "",
	} {
		p := brokerPlan(t, "rabbitmq", map[string]string{"RABBITMQ_URL": url})
		if !p.cfg.broker.external(p.cfg.getenv) {
			t.Fatal("RABBITMQ_URL does not make it the user's")
		}
		err := p.cfg.broker.prepare(t.Context(), p, nil)
		if (err == nil) != (want != "") || err != nil && strings.Contains(err.Error(), "sec") {
			t.Errorf("%s: got error %v", url, err)
		}
		if got, _ := rabbitAddress(url); got != want {
			t.Errorf("%s is at %q, want %q", url, got, want)
		}
		if got := p.cfg.broker.secrets(p)["rabbitmq"]["url"]; got != url {
			t.Errorf("the component gets %q, want %q", got, url)
		}
	}
}

func TestBrokersTellWhatMatters(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"  ##  ##      RabbitMQ 3.10.8": "",
		" completed with 0 plugins.":    "",
		"2026-11-23 23:51:49.618466+00:00 [info] <0.223.0> Feature flags: written":                                         "",
		"2026-11-23 23:51:52.692371+00:00 [warning] <0.627.0> disk resource limit alarm set on node taskmaster@localhost.": "warning: disk resource limit alarm set on node taskmaster@localhost.",
		"  Starting broker...2026-11-23 23:51:52.692371+00:00 [error] <0.1.0> Failed":                                      "error: Failed",
		"2026-11-23 23:51:52.846750+00:00 [warning] <0.698.0> client unexpectedly closed TCP connection":                   "",
		"4711:M 23 Nov 2026 23:51:52.846 * Ready to accept connections":                                                    "",
		"4711:M 23 Nov 2026 23:51:52.846 # Can't recover from AOF write error":                                             "warning: Can't recover from AOF write error",
		"warning: slow consumer": "warning: slow consumer",
	} {
		if got := readable("broker", line); got != want {
			t.Errorf("%q is told as %q, want %q", line, got, want)
		}
	}
}
