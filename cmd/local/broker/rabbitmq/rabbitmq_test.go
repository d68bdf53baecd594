package rabbitmq

import (
	"strings"
	"testing"

	"taskmaster/cmd/local/broker/brokertest"
)

// A RabbitMQ of the user's is used by its URL. Errors do not show the password in it.
func TestExternalRabbitMQ(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"amqp://u:secret@rabbit.example.com/":       "rabbit.example.com:5672",
		"amqps://u:secret@rabbit.example.com/":      "rabbit.example.com:5671",
		"amqp://u:secret@rabbit.example.com:5673/v": "rabbit.example.com:5673",
		"http://u:secret@rabbit.example.com/":       "",
		"rabbit.example.com:secret":                 "",
		"amqp://u:sec%ret@rabbit.example.com/":      "",
	} {
		b := New(brokertest.Config(t, map[string]string{"RABBITMQ_URL": url}))
		if !b.External() {
			t.Fatal("RABBITMQ_URL does not make RabbitMQ external")
		}
		err := b.Prepare(t.Context())
		if (err == nil) != (want != "") || err != nil && strings.Contains(err.Error(), "sec") {
			t.Errorf("%s: got error %v", url, err)
		}
		if got, _ := address(url); got != want {
			t.Errorf("%s is at %q, want %q", url, got, want)
		}
		if got := b.Secrets()["rabbitmq"]["url"]; got != url {
			t.Errorf("the component's URL is %q, want %q", got, url)
		}
	}
}

// Without rabbitmq-server, the error names the ways out.
func TestMissingRabbitMQ(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	err := New(brokertest.Config(t, nil)).Prepare(t.Context())
	for _, want := range []string{"there is no", "apt install rabbitmq-server", "RABBITMQ_URL"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want one that names %s", err, want)
		}
	}
}

func TestFilterLog(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"  ##  ##      RabbitMQ 3.10.8": "",
		" completed with 0 plugins.":    "",
		"2026-11-23 23:51:49.618466+00:00 [info] <0.223.0> Feature flags: written":                                         "",
		"2026-11-23 23:51:52.692371+00:00 [warning] <0.627.0> disk resource limit alarm set on node taskmaster@localhost.": "warning: disk resource limit alarm set on node taskmaster@localhost.",
		"  Starting broker...2026-11-23 23:51:52.692371+00:00 [error] <0.1.0> Failed":                                      "error: Failed",
		"2026-11-23 23:51:52.846750+00:00 [warning] <0.698.0> client unexpectedly closed TCP connection":                   "",
		"warning: slow consumer": "warning: slow consumer",
	} {
		if got := new(Broker).FilterLog(line); got != want {
			t.Errorf("%q is shown as %q, want %q", line, got, want)
		}
	}
}
