package config

import (
	"fmt"
	"net/url"
	"strings"
)

// minToken is how many characters of a token nobody guesses; openssl rand -hex 32 makes 64.
const minToken = 32

func brokerMistakes(c *Config) []error {
	var mistakes []error
	mistake := func(format string, args ...any) { mistakes = append(mistakes, fmt.Errorf(format, args...)) }
	b := c.Broker
	switch {
	case b.InCluster():
		if len(b.Addresses) > 0 {
			mistake("broker.addresses: a %s broker has its own: remove them, or set broker.kind to %s", b.Kind, Given)
		}
		if c.Secrets.BrokerUsername.IsSet() {
			mistake("brokerUsername: a %s broker has a user of its own: pulumi config rm brokerUsername", b.Kind)
		}
		if c.Topics.Replication > b.Replicas {
			mistake("topics.replication: %d is more than the %d of broker.replicas", c.Topics.Replication, b.Replicas)
		}
	case b.Kind == RedpandaCloud, b.Kind == Given:
		if len(b.Addresses) == 0 {
			mistake("broker.addresses: is required for a %s broker: its bootstrap servers, host:port", b.Kind)
		}
		if !c.Secrets.BrokerUsername.IsSet() {
			mistake("brokerUsername: is required: pulumi config set --secret brokerUsername NAME (a user with SCRAM-SHA-512)")
		}
	}
	if !c.Secrets.BrokerPassword.IsSet() {
		mistake("brokerPassword: is required: pulumi config set --secret brokerPassword PASSWORD")
	} else if strings.ContainsAny(c.Secrets.BrokerPassword.value, ":\r\n") {
		mistake("brokerPassword: contains a colon or a line break, which brokers' lists of users cannot hold: choose another")
	}
	if *c.Topics.Managed && b.Kind == Given {
		mistake("topics.managed: true: topics of a given broker are made with go run ./infra/topics: set it to false")
	}
	if c.Environment != "local" && c.Topics.Replication < 2 {
		mistake("topics.replication: %d: one lost disk would lose events: set it to 2 or more, or environment to local", c.Topics.Replication)
	}
	if (b.Kind == Redpanda || b.Kind == RedpandaCloud) && c.Topics.Replication%2 == 0 {
		mistake("topics.replication: %d: Redpanda takes odd numbers only: set it to %d", c.Topics.Replication, c.Topics.Replication+1)
	}
	return mistakes
}

func secretMistakes(c *Config) []error {
	var mistakes []error
	mistake := func(format string, args ...any) { mistakes = append(mistakes, fmt.Errorf(format, args...)) }
	s := c.Secrets
	if !s.DatabaseURL.IsSet() {
		mistake("databaseURL: is required: pulumi config set --secret databaseURL postgres://USER:PASSWORD@HOST/DATABASE?sslmode=verify-full")
	} else if u, err := url.Parse(s.DatabaseURL.value); err != nil || u.Host == "" || (u.Scheme != "postgres" && u.Scheme != "postgresql") {
		// The value is left out, and so is the parser's error, which repeats it.
		mistake("databaseURL: is not a URL such as postgres://USER:PASSWORD@HOST/DATABASE?sslmode=verify-full")
	}
	if !s.AppToken.IsSet() {
		mistake(`appToken: is required: pulumi config set --secret appToken "$(openssl rand -hex 32)"`)
	} else if len(s.AppToken.value) < minToken {
		mistake(`appToken: has fewer than %d characters: pulumi config set --secret appToken "$(openssl rand -hex 32)"`, minToken)
	}
	pairs := []struct {
		a, b       string
		aSet, bSet bool
	}{
		{"app.emailFrom", "the secret smtpURL", c.App.EmailFrom != "", s.SMTPURL.IsSet()},
		{"app.vapidPublicKey", "the secret vapidPrivateKey", c.App.VAPIDPublicKey != "", s.VAPIDPrivateKey.IsSet()},
		{"the secret tlsCertificate", "the secret tlsKey", s.TLSCertificate.IsSet(), s.TLSKey.IsSet()},
	}
	for _, p := range pairs {
		if p.aSet != p.bSet {
			mistake("%s and %s go together, and one of them is not set", p.a, p.b)
		}
	}
	if s.TLSCertificate.IsSet() && (c.App.TLS.SecretName != "" || c.App.TLS.Issuer != "") {
		mistake("app.tls: there are a certificate of your own (tlsCertificate) and another source: remove one")
	}
	if c.Existing == nil && s.Kubeconfig.IsSet() {
		mistake("kubeconfig: has no effect, because cloud is %q: pulumi config rm kubeconfig", c.Cloud)
	}
	return mistakes
}
