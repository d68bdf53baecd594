//go:build !race

package platform

import (
	"fmt"
	"maps"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"taskmaster/infra/helm"
)

const redpandaAPI = "cluster.redpanda.com/v1alpha2"

// redpandaOperator installs the operator, which creates the declared clusters and topics.
func (b builder) redpandaOperator(namespace pulumi.StringInput, certManager []pulumi.Resource) (pulumi.Resource, error) {
	return b.install(helm.Args{
		Name: "redpanda-operator", Namespace: namespace,
		Chart: "operator", Repository: "https://charts.redpanda.com", Version: redpandaOperatorVersion,
		Values: pulumi.Map{
			"crds":         pulumi.Map{"enabled": pulumi.Bool(true)},
			"commonLabels": b.labels(nil),
			"resources":    resources("50m", "128Mi", "512Mi"),
		},
	}, pulumi.DependsOn(certManager))
}

// redpanda creates a cluster of Redpanda brokers with the topics.
func (b builder) redpanda(certManager []pulumi.Resource) (broker, error) {
	// The pods set no seccomp profile, which the level restricted requires.
	namespace, err := b.namespace(BrokerNamespace, baseline, b.keep())
	if err != nil {
		return broker{}, err
	}
	operator, err := b.redpandaOperator(nameOf(namespace), certManager)
	if err != nil {
		return broker{}, fmt.Errorf("install Redpanda's operator: %w", err)
	}
	users, err := b.secret("broker-users", nameOf(namespace), "Opaque", pulumi.StringMap{
		"users.txt": pulumi.Sprintf("%s:%s:SCRAM-SHA-512", brokerName, b.args.Secrets.BrokerPassword.Output()),
	})
	if err != nil {
		return broker{}, err
	}
	cluster, err := b.object(object{
		apiVersion: redpandaAPI, kind: "Redpanda", name: brokerName, namespace: nameOf(namespace), wait: true,
		spec: pulumi.Map{"clusterSpec": b.redpandaSpec(users)},
	}, b.keep(), pulumi.DependsOn([]pulumi.Resource{operator}))
	if err != nil {
		return broker{}, err
	}
	br := broker{username: pulumi.String(brokerName)}
	for i := range b.args.Broker.Replicas {
		br.addresses = append(br.addresses, fmt.Sprintf("%s-%d.%s.%s.svc.cluster.local:%d", brokerName, i, brokerName, BrokerNamespace, brokerPort))
	}
	if br.authority, err = b.authorityOf(cluster, BrokerNamespace, brokerName+"-default-root-certificate"); err != nil {
		return broker{}, err
	}
	br.ready, err = b.redpandaTopics(nameOf(namespace), pulumi.Map{
		"cluster": pulumi.Map{"clusterRef": pulumi.StringMap{"name": pulumi.String(brokerName)}},
	}, cluster)
	return br, err
}

func (b builder) redpandaSpec(users pulumi.StringInput) pulumi.Map {
	br := b.args.Broker
	volume := pulumi.Map{"enabled": pulumi.Bool(true), "size": pulumi.String(br.Storage.Size)}
	if br.Storage.Class != "" {
		volume["storageClass"] = pulumi.String(br.Storage.Class)
	}
	return pulumi.Map{
		"commonLabels": b.labels(nil),
		"statefulset":  pulumi.Map{"replicas": pulumi.Int(br.Replicas)},
		"resources": pulumi.Map{
			"cpu":    pulumi.Map{"cores": pulumi.String("1")},
			"memory": pulumi.Map{"container": pulumi.Map{"max": pulumi.String(br.Memory)}},
		},
		"storage": pulumi.Map{"persistentVolume": volume},
		"auth": pulumi.Map{"sasl": pulumi.Map{
			"enabled": pulumi.Bool(true), "mechanism": pulumi.String("SCRAM-SHA-512"), "secretRef": users, "users": pulumi.Array{},
		}},
		"tls":      pulumi.Map{"enabled": pulumi.Bool(true)},
		"external": pulumi.Map{"enabled": pulumi.Bool(false)},
		"console":  pulumi.Map{"enabled": pulumi.Bool(false)},
		// Tuning the nodes' kernels requires a privileged container.
		"tuning":  pulumi.Map{"tune_aio_events": pulumi.Bool(false)},
		"logging": pulumi.Map{"usageStats": pulumi.Map{"enabled": pulumi.Bool(false)}},
		"config":  pulumi.Map{"cluster": pulumi.Map{"auto_create_topics_enabled": pulumi.Bool(false)}},
	}
}

// redpandaCloudTopics creates topics on a hosted cluster. Its operator has the application's
// credentials.
func (b builder) redpandaCloudTopics(br broker, certManager []pulumi.Resource) ([]pulumi.Resource, error) {
	namespace, err := b.namespace(BrokerNamespace, baseline, b.keep())
	if err != nil {
		return nil, err
	}
	operator, err := b.redpandaOperator(nameOf(namespace), certManager)
	if err != nil {
		return nil, fmt.Errorf("install Redpanda's operator: %w", err)
	}
	password, err := b.secret("broker-login", nameOf(namespace), "Opaque", pulumi.StringMap{"password": b.args.Secrets.BrokerPassword.Output()})
	if err != nil {
		return nil, err
	}
	return b.redpandaTopics(nameOf(namespace), pulumi.Map{
		"kafkaApiSpec": pulumi.Map{
			"brokers": pulumi.ToStringArray(br.addresses),
			// Without enabled, the operator connects in the clear: no other field asks for TLS.
			"tls": pulumi.Map{"enabled": pulumi.Bool(true), "insecureSkipTlsVerify": pulumi.Bool(false)},
			"sasl": pulumi.Map{
				"mechanism": pulumi.String("SCRAM-SHA-512"), "username": br.username,
				"passwordSecretRef": pulumi.Map{"name": password, "key": pulumi.String("password")},
			},
		},
	}, operator)
}

// redpandaTopics creates the topics on the cluster that where describes.
func (b builder) redpandaTopics(namespace pulumi.StringInput, where pulumi.Map, after pulumi.Resource) ([]pulumi.Resource, error) {
	var made []pulumi.Resource
	for _, topic := range topics() {
		spec := pulumi.Map{
			"partitions":        pulumi.Int(b.args.Topics.Partitions),
			"replicationFactor": pulumi.Int(b.args.Topics.Replication),
			"additionalConfig":  pulumi.ToStringMap(b.topicSettings()),
			// The operator checks and repairs the topic at this interval.
			"interval": pulumi.String("5m"),
		}
		maps.Copy(spec, where)
		t, err := b.object(object{apiVersion: redpandaAPI, kind: "Topic", name: topic, namespace: namespace, spec: spec, wait: true},
			b.keep(), pulumi.DependsOn([]pulumi.Resource{after}))
		if err != nil {
			return nil, err
		}
		made = append(made, t)
	}
	return made, nil
}
