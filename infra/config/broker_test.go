package config

import "testing"

// onBroker changes the broker of a configuration. The broker has no user.
func onBroker(s source, broker, password string) {
	s.values["broker"] = `{"kind": ` + broker + `}`
	delete(s.secrets, "brokerUsername")
	delete(s.secrets, "brokerPassword")
	if password != "" {
		s.secrets["brokerPassword"] = password
	}
}

// TestEveryKindOfBroker loads a configuration for each kind that the platform does not run.
func TestEveryKindOfBroker(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		broker, username, password string
		components, url            string
		tls                        bool
	}{
		{`"kafka", "addresses": ["a:9093", "b:9093"]`, "user", "password", "kafka", "", true},
		{`"kafka-plaintext", "addresses": ["a:9092"], "namespace": "kafka"`, "", "", "kafka-plaintext", "", false},
		{`"nats", "addresses": ["a:4222", "b:4222"]`, "", "a:token", "nats", "", true},
		{`"redis", "addresses": ["a:6379"]`, "", "password", "redis", "", true},
		{`"redis", "addresses": ["a:6379"], "tls": false, "namespace": "redis"`, "user", "password", "redis", "", false},
		{`"rabbitmq", "addresses": ["a:5671"]`, "user", "p/d:@", "rabbitmq", "amqps://user:p%2Fd%3A%40@a:5671/", true},
		{`"rabbitmq", "addresses": ["a:5672"], "tls": false, "namespace": "mq", "virtualHost": "tasks"`, "user", "password",
			"rabbitmq", "amqp://user:password@a:5672/tasks", false},
	} {
		s := good()
		onBroker(s, test.broker, test.password)
		if test.username != "" {
			s.secrets["brokerUsername"] = test.username
		}
		c, err := Load(s, "taskmaster", machine)
		if err != nil {
			t.Errorf("%s: %v", test.broker, err)
			continue
		}
		if got := c.Broker.Components(); got != test.components || *c.Broker.TLS != test.tls || c.BrokerURL().value != test.url {
			t.Errorf("%s: got components %s, TLS %t, URL %s", test.broker, got, *c.Broker.TLS, c.BrokerURL().value)
		}
		if *c.Topics.Managed {
			t.Errorf("%s: an operator creates the topics", test.broker)
		}
	}
}
