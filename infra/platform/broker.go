//go:build !race

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

// broker describes how services reach the broker.
type broker struct {
	addresses []string
	username  pulumi.StringInput
	// authority is the CA of the broker's certificates. Empty means a well-known one.
	authority pulumi.StringInput
	// ready are the resources that must exist before the first event is published.
	ready []pulumi.Resource
}

const (
	// brokerName is the name of a broker in the cluster and of its user.
	brokerName = "taskmaster"
	brokerPort = 9093
)

func topics() []string {
	return []string{event.TopicTasks, event.TopicReminders, event.TopicUpdates, event.TopicDeadLetters}
}

// broker creates the chosen broker, or only its topics, or only its description.
func (b builder) broker(certManager []pulumi.Resource) (broker, error) {
	switch b.args.Broker.Kind {
	case config.Redpanda:
		return b.redpanda(certManager)
	case config.Strimzi:
		return b.strimzi()
	case config.RedpandaCloud:
		br := b.outside()
		if !*b.args.Topics.Managed {
			return br, nil
		}
		made, err := b.redpandaCloudTopics(br, certManager)
		br.ready = made
		return br, err
	default:
		return b.outside(), nil
	}
}

// outside returns the description of a broker outside the cluster.
func (b builder) outside() broker {
	br := broker{addresses: b.args.Broker.Addresses, username: b.args.Secrets.BrokerUsername.Output(), authority: pulumi.String("")}
	if b.args.Secrets.BrokerCA.IsSet() {
		br.authority = b.args.Secrets.BrokerCA.Output()
	}
	return br
}

// topicSettings returns settings that keep every event for the retention time. Compaction would
// keep one event per user, and a size limit would shorten the time. infra/topics uses the same
// settings.
func (b builder) topicSettings() map[string]string {
	return map[string]string{
		"cleanup.policy":  "delete",
		"retention.ms":    strconv.Itoa(b.args.Topics.RetentionHours * 60 * 60 * 1000),
		"retention.bytes": "-1",
	}
}

// authorityOf reads the CA certificate of an operator after its resource is ready. It is unknown
// until then, as in a first preview.
func (b builder) authorityOf(ready pulumi.CustomResource, namespace, secret string) (pulumi.StringOutput, error) {
	id := ready.ID().ApplyT(func(pulumi.ID) pulumi.ID { return pulumi.ID(namespace + "/" + secret) }).(pulumi.IDOutput)
	found, err := corev1.GetSecret(b.ctx, b.child("broker-authority"), id, nil, b.opts...)
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("read secret %s/%s: %w", namespace, secret, err)
	}
	return found.Data.MapIndex(pulumi.String("ca.crt")).ApplyT(func(encoded string) (string, error) {
		pem, err := base64.StdEncoding.DecodeString(encoded)
		return string(pem), err
	}).(pulumi.StringOutput), nil
}
