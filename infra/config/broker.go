package config

import (
	"fmt"
	"net/url"
	"strings"
)

// credential is a required secret. how ends the command that sets it.
type credential struct{ how string }

// credentials returns the required secrets of a kind of broker. nil means that it needs none.
func credentials(kind string) (username, password *credential) {
	switch kind {
	case RedpandaCloud, Kafka:
		return &credential{"NAME (a user with SCRAM-SHA-512)"}, &credential{"PASSWORD"}
	case RabbitMQ:
		return &credential{"NAME"}, &credential{"PASSWORD"}
	case NATS:
		return nil, &credential{"TOKEN (authorization.token of the server)"}
	case KafkaPlaintext:
		return nil, nil
	}
	return nil, &credential{"PASSWORD"}
}

func brokerProblems(c *Config) []error {
	problems := append(brokerPlaceProblems(c), brokerSecretProblems(c)...)
	problems = append(problems, brokerTLSProblems(c)...)
	return append(problems, topicProblems(c)...)
}

// brokerPlaceProblems checks the addresses.
func brokerPlaceProblems(c *Config) []error {
	var problems []error
	problem := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	b := c.Broker
	switch {
	case b.InCluster():
		if len(b.Addresses) > 0 {
			problem("broker.addresses: not allowed for a %s broker: remove them, or set broker.kind to %s", b.Kind, Kafka)
		}
		if b.Namespace != "" || len(b.Networks) > 0 {
			problem("broker.namespace and broker.networks: not allowed for a %s broker, whose namespace is known: remove them", b.Kind)
		}
	case len(b.Addresses) == 0:
		problem("broker.addresses: is required for a %s broker: its servers, host:port", b.Kind)
	case len(b.Addresses) > 1 && (b.Kind == Redis || b.Kind == RabbitMQ):
		problem("broker.addresses: %d entries, but the component of %s connects to one: name the primary, or a load balancer before the cluster",
			len(b.Addresses), b.Kind)
	}
	own := defaults().Broker
	if !b.InCluster() && (b.Replicas != own.Replicas || b.Memory != own.Memory || b.Storage != own.Storage) {
		problem("broker.replicas, broker.memory and broker.storage: have no effect on a %s broker, which runs elsewhere: remove them, or set broker.kind to %s",
			b.Kind, Strimzi)
	}
	if b.VirtualHost != "" && b.Kind != RabbitMQ {
		problem("broker.virtualHost: has no effect on a %s broker: remove it", b.Kind)
	}
	return problems
}

// brokerSecretProblems checks that exactly the secrets of the kind are set.
func brokerSecretProblems(c *Config) []error {
	var problems []error
	problem := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	b, s := c.Broker, c.Secrets
	username, password := credentials(b.Kind)
	for _, secret := range []struct {
		name  string
		wants *credential
		is    Secret
	}{{"brokerUsername", username, s.BrokerUsername}, {"brokerPassword", password, s.BrokerPassword}} {
		optional := b.Kind == Redis && secret.name == "brokerUsername"
		switch {
		case secret.wants != nil && !secret.is.IsSet():
			problem("%s: is required for a %s broker: pulumi config set --secret %s %s", secret.name, b.Kind, secret.name, secret.wants.how)
		case secret.wants == nil && secret.is.IsSet() && !optional:
			problem("%s: not allowed for a %s broker: pulumi config rm %s", secret.name, b.Kind, secret.name)
		}
	}
	if b.Components() == Kafka && strings.ContainsAny(s.BrokerPassword.value, ":\r\n") {
		problem("brokerPassword: contains a colon or a line break, which brokers' user lists cannot contain: choose another")
	}
	if s.BrokerCA.IsSet() && !*b.TLS {
		problem("brokerCA: has no effect without TLS: pulumi config rm brokerCA")
	}
	return problems
}

// brokerTLSProblems checks that broker.tls fits the kind, the port and the environment.
func brokerTLSProblems(c *Config) []error {
	var problems []error
	problem := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	b := c.Broker
	switch {
	case b.Kind == KafkaPlaintext && *b.TLS:
		problem("broker.tls: true: a %s broker never uses TLS: remove it, or set broker.kind to %s", b.Kind, Kafka)
	case b.Components() == Kafka && !*b.TLS:
		problem("broker.tls: false: a %s broker always uses TLS: remove it, or set broker.kind to %s", b.Kind, KafkaPlaintext)
	case !*b.TLS && c.Environment == "prod" && b.Namespace == "":
		problem("broker.tls: false: prod sends events and passwords over a network in the clear: use TLS, or set broker.namespace for a broker in this cluster")
	}
	// IANA assigned these ports.
	for _, address := range b.Addresses {
		switch {
		case b.Kind != RabbitMQ:
		case strings.HasSuffix(address, ":5671") && !*b.TLS:
			problem("broker.tls: false, but %s is the port of AMQP with TLS: remove broker.tls", address)
		case strings.HasSuffix(address, ":5672") && *b.TLS:
			problem("broker.addresses: %s is the port of AMQP without TLS: use port 5671, or set broker.tls to false", address)
		}
	}
	return problems
}

// topicProblems checks the settings of the topics.
func topicProblems(c *Config) []error {
	var problems []error
	problem := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	b, t := c.Broker, c.Topics
	if *t.Managed && !b.InCluster() && b.Kind != RedpandaCloud {
		problem("topics.managed: true: only Redpanda's and Strimzi's operators manage topics: set it to false, and run go run ./infra/topics")
	}
	if !b.speaksKafka() {
		return problems
	}
	if b.InCluster() && t.Replication > b.Replicas {
		problem("topics.replication: %d is more than the %d of broker.replicas", t.Replication, b.Replicas)
	}
	if c.Environment != "local" && t.Replication < 2 {
		problem("topics.replication: %d: one lost disk would lose events: set it to 2 or more, or environment to local", t.Replication)
	}
	if (b.Kind == Redpanda || b.Kind == RedpandaCloud) && t.Replication%2 == 0 {
		problem("topics.replication: %d: Redpanda accepts only odd numbers: set it to %d", t.Replication, t.Replication+1)
	}
	return problems
}

// BrokerURL returns the URL of RabbitMQ, which contains the password. It is not set for other
// brokers.
func (c *Config) BrokerURL() Secret {
	if c.Broker.Kind != RabbitMQ {
		return Secret{}
	}
	scheme := "amqp"
	if *c.Broker.TLS {
		scheme = "amqps"
	}
	user := url.UserPassword(c.Secrets.BrokerUsername.value, c.Secrets.BrokerPassword.value)
	u := url.URL{Scheme: scheme, Host: c.Broker.Addresses[0], User: user, Path: "/" + c.Broker.VirtualHost}
	return Secret{u.String()}
}
