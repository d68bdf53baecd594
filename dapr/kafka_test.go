package dapr

import (
	"maps"
	"strings"
	"testing"
	"time"
)

// TestKafkaLosesNothing checks settings of the Kafka components. components/README.md explains
// their effect.
func TestKafkaLosesNothing(t *testing.T) {
	t.Parallel()
	r := read[resiliency](t, "resiliency/taskmaster.yaml")
	for _, folder := range []string{"components/kafka", "components/kafka-plaintext"} {
		for name, c := range readAll[component](t, folder+"/*.yaml") {
			where := folder + "/" + name
			duration := func(property string) time.Duration {
				d, err := time.ParseDuration(c.value(property))
				if err != nil {
					t.Errorf("%s: %s: %v", where, property, err)
				}
				return d
			}
			// Brokers reject a shorter timeout by default. Three heartbeats may be lost.
			session, heartbeat := duration("sessionTimeout"), duration("heartbeatInterval")
			if session < 6*time.Second || session > 10*time.Second || heartbeat > session/3 {
				t.Errorf("%s: a dead replica is dropped after %v, with heartbeats every %v", where, session, heartbeat)
			}
			if read := duration("readTimeout"); read <= session {
				t.Errorf("%s: read timeout %v, but a broker may take %v during a rebalance", where, read, session)
			}
			// The relay retries after its own timeout. Its earlier requests must not pile up behind
			// a dead address.
			if dial, publish := duration("dialTimeout"), r.Spec.Policies.Timeouts["publish"]; dial > 5*time.Second || publish == "" {
				t.Errorf("%s: the dial timeout is %v", where, dial)
			}
			if c.value("consumeRetryEnabled") != "true" {
				t.Errorf("%s: skips an event that was not handled", where)
			}
			for _, p := range c.Spec.Metadata {
				if strings.HasPrefix(p.Name, "backOff") {
					t.Errorf("%s: %s ends retries that must never end", where, p.Name)
				}
				if p.Name == "skipVerify" {
					t.Errorf("%s: accepts any certificate", where)
				}
			}
			group, offset := "{appID}", "oldest"
			if name == "kafka-pubsub-broadcast" {
				group, offset = "{podName}", "newest"
			} else if c.value("producerRequiredAcks") != "all" {
				t.Errorf("%s: acknowledges events after one broker has them", where)
			}
			if c.value("consumerGroup") != group || c.value("initialOffset") != offset {
				t.Errorf("%s: group %s starts with the %s event", where, c.value("consumerGroup"), c.value("initialOffset"))
			}
		}
	}
}

// TestKafkaWithoutTLSIsTheSame checks that the two folders differ only in TLS and passwords. Tests
// run on the listener without TLS, and their results hold for both.
func TestKafkaWithoutTLSIsTheSame(t *testing.T) {
	t.Parallel()
	access := map[string]bool{
		"authType": true, "saslMechanism": true, "saslUsername": true, "saslPassword": true, "caCert": true,
	}
	settings := func(c component) map[string]string {
		all := map[string]string{}
		for _, p := range c.Spec.Metadata {
			if !access[p.Name] {
				all[p.Name] = p.Value
			}
		}
		return all
	}
	plaintext := readAll[component](t, "components/kafka-plaintext/*.yaml")
	for name, c := range readAll[component](t, "components/kafka/*.yaml") {
		if got, want := settings(plaintext[name]), settings(c); !maps.Equal(got, want) {
			t.Errorf("%s: is %v without TLS, %v with it", name, got, want)
		}
		if c.value("authType") != "password" || c.value("saslMechanism") != "SHA-512" || c.value("disableTls") != "" {
			t.Errorf("%s: connects without TLS and SCRAM", name)
		}
		if got := plaintext[name].value("authType"); got != "none" {
			t.Errorf("%s: authType %q without TLS", name, got)
		}
	}
}
