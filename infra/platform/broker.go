package platform

import (
	"encoding/base64"
	"fmt"
	"strconv"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"taskmaster/infra/config"
	"taskmaster/internal/event"
)

// Whatever the broker is, services reach it the same way: by addresses, over TLS, with SCRAM-SHA-512.
type broker struct {
	addresses []string
	username  pulumi.StringInput
	// authority signed the broker's certificates; empty means one of the well-known.
	authority pulumi.StringInput
	// ready is what has to be there before somebody publishes.
	ready []pulumi.Resource
}

const (
	// brokerName is what a broker in the cluster is called, and its user.
	brokerName = "taskmaster"
	brokerPort = 9093
)

func topics() []string {
	return []string{event.TopicTasks, event.TopicReminders, event.TopicUpdates, event.TopicDeadLetters}
}

// broker makes the broker that was chosen, or topics on it, or nothing but its description.
func (m maker) broker(certManager []pulumi.Resource) (broker, error) {
	switch m.args.Broker.Kind {
	case config.Redpanda:
		return m.redpanda(certManager)
	case config.Strimzi:
		return m.strimzi()
	case config.RedpandaCloud:
		b := m.outside()
		if !*m.args.Topics.Managed {
			return b, nil
		}
		made, err := m.redpandaCloudTopics(b, certManager)
		b.ready = made
		return b, err
	default:
		return m.outside(), nil
	}
}

// outside describes a broker that somebody else runs.
func (m maker) outside() broker {
	b := broker{addresses: m.args.Broker.Addresses, username: m.args.Secrets.BrokerUsername.Output(), authority: pulumi.String("")}
	if m.args.Secrets.BrokerCA.IsSet() {
		b.authority = m.args.Secrets.BrokerCA.Output()
	}
	return b
}

// topicSettings keep every event for a time and none for longer: compaction would keep one event per user, and a limit of
// bytes would shorten the time. infra/topics sets the same.
func (m maker) topicSettings() map[string]string {
	return map[string]string{
		"cleanup.policy":  "delete",
		"retention.ms":    strconv.Itoa(m.args.Topics.RetentionHours * 60 * 60 * 1000),
		"retention.bytes": "-1",
	}
}

// authorityOf reads the certificate of an operator's own authority, once what it made is ready. While that is not there,
// as in a first preview, it is unknown.
func (m maker) authorityOf(ready pulumi.CustomResource, namespace, secret string) (pulumi.StringOutput, error) {
	id := ready.ID().ApplyT(func(pulumi.ID) pulumi.ID { return pulumi.ID(namespace + "/" + secret) }).(pulumi.IDOutput)
	found, err := corev1.GetSecret(m.ctx, m.child("broker-authority"), id, nil, m.opts...)
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("read secret %s/%s: %w", namespace, secret, err)
	}
	return found.Data.MapIndex(pulumi.String("ca.crt")).ApplyT(func(encoded string) (string, error) {
		pem, err := base64.StdEncoding.DecodeString(encoded)
		return string(pem), err
	}).(pulumi.StringOutput), nil
}
