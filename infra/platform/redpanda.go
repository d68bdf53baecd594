package platform

import (
	"fmt"
	"maps"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"taskmaster/infra/helm"
)

const redpandaAPI = "cluster.redpanda.com/v1alpha2"

// redpandaOperator installs the operator, which makes clusters and topics of what is declared.
func (m maker) redpandaOperator(namespace pulumi.StringInput, certManager []pulumi.Resource) (pulumi.Resource, error) {
	return m.install(helm.Args{
		Name: "redpanda-operator", Namespace: namespace,
		Chart: "operator", Repository: "https://charts.redpanda.com", Version: redpandaOperatorVersion,
		Values: pulumi.Map{
			"crds":         pulumi.Map{"enabled": pulumi.Bool(true)},
			"commonLabels": m.labels(nil),
			"resources":    resources("50m", "128Mi", "512Mi"),
		},
	}, pulumi.DependsOn(certManager))
}

// redpanda makes a cluster of Redpanda brokers, and topics on it.
func (m maker) redpanda(certManager []pulumi.Resource) (broker, error) {
	// Its pods set no seccomp profile, which restricted demands.
	namespace, err := m.namespace(BrokerNamespace, baseline, m.keep())
	if err != nil {
		return broker{}, err
	}
	operator, err := m.redpandaOperator(nameOf(namespace), certManager)
	if err != nil {
		return broker{}, fmt.Errorf("install Redpanda's operator: %w", err)
	}
	users, err := m.secret("broker-users", nameOf(namespace), "Opaque", pulumi.StringMap{
		"users.txt": pulumi.Sprintf("%s:%s:SCRAM-SHA-512", brokerName, m.args.Secrets.BrokerPassword.Output()),
	})
	if err != nil {
		return broker{}, err
	}
	cluster, err := m.object(object{
		apiVersion: redpandaAPI, kind: "Redpanda", name: brokerName, namespace: nameOf(namespace), wait: true,
		spec: pulumi.Map{"clusterSpec": m.redpandaSpec(users)},
	}, m.keep(), pulumi.DependsOn([]pulumi.Resource{operator}))
	if err != nil {
		return broker{}, err
	}
	b := broker{username: pulumi.String(brokerName)}
	for i := range m.args.Broker.Replicas {
		b.addresses = append(b.addresses, fmt.Sprintf("%s-%d.%s.%s.svc.cluster.local:%d", brokerName, i, brokerName, BrokerNamespace, brokerPort))
	}
	if b.authority, err = m.authorityOf(cluster, BrokerNamespace, brokerName+"-default-root-certificate"); err != nil {
		return broker{}, err
	}
	b.ready, err = m.redpandaTopics(nameOf(namespace), pulumi.Map{
		"cluster": pulumi.Map{"clusterRef": pulumi.StringMap{"name": pulumi.String(brokerName)}},
	}, cluster)
	return b, err
}

func (m maker) redpandaSpec(users pulumi.StringInput) pulumi.Map {
	b := m.args.Broker
	volume := pulumi.Map{"enabled": pulumi.Bool(true), "size": pulumi.String(b.Storage.Size)}
	if b.Storage.Class != "" {
		volume["storageClass"] = pulumi.String(b.Storage.Class)
	}
	return pulumi.Map{
		"commonLabels": m.labels(nil),
		"statefulset":  pulumi.Map{"replicas": pulumi.Int(b.Replicas)},
		"resources": pulumi.Map{
			"cpu":    pulumi.Map{"cores": pulumi.String("1")},
			"memory": pulumi.Map{"container": pulumi.Map{"max": pulumi.String(b.Memory)}},
		},
		"storage": pulumi.Map{"persistentVolume": volume},
		"auth": pulumi.Map{"sasl": pulumi.Map{
			"enabled": pulumi.Bool(true), "mechanism": pulumi.String("SCRAM-SHA-512"), "secretRef": users, "users": pulumi.Array{},
		}},
		"tls":      pulumi.Map{"enabled": pulumi.Bool(true)},
		"external": pulumi.Map{"enabled": pulumi.Bool(false)},
		"console":  pulumi.Map{"enabled": pulumi.Bool(false)},
		// Tuning the nodes' kernels takes a privileged container.
		"tuning":  pulumi.Map{"tune_aio_events": pulumi.Bool(false)},
		"logging": pulumi.Map{"usageStats": pulumi.Map{"enabled": pulumi.Bool(false)}},
		"config":  pulumi.Map{"cluster": pulumi.Map{"auto_create_topics_enabled": pulumi.Bool(false)}},
	}
}

// redpandaCloudTopics makes topics on a hosted cluster, with an operator that has the application's credentials.
func (m maker) redpandaCloudTopics(b broker, certManager []pulumi.Resource) ([]pulumi.Resource, error) {
	namespace, err := m.namespace(BrokerNamespace, baseline, m.keep())
	if err != nil {
		return nil, err
	}
	operator, err := m.redpandaOperator(nameOf(namespace), certManager)
	if err != nil {
		return nil, fmt.Errorf("install Redpanda's operator: %w", err)
	}
	password, err := m.secret("broker-login", nameOf(namespace), "Opaque", pulumi.StringMap{"password": m.args.Secrets.BrokerPassword.Output()})
	if err != nil {
		return nil, err
	}
	return m.redpandaTopics(nameOf(namespace), pulumi.Map{
		"kafkaApiSpec": pulumi.Map{
			"brokers": pulumi.ToStringArray(b.addresses),
			"tls":     pulumi.Map{"insecureSkipTlsVerify": pulumi.Bool(false)},
			"sasl": pulumi.Map{
				"mechanism": pulumi.String("SCRAM-SHA-512"), "username": b.username,
				"passwordSecretRef": pulumi.Map{"name": password, "key": pulumi.String("password")},
			},
		},
	}, operator)
}

// redpandaTopics makes the topics on the cluster that where describes.
func (m maker) redpandaTopics(namespace pulumi.StringInput, where pulumi.Map, after pulumi.Resource) ([]pulumi.Resource, error) {
	var made []pulumi.Resource
	for _, topic := range topics() {
		spec := pulumi.Map{
			"partitions":        pulumi.Int(m.args.Topics.Partitions),
			"replicationFactor": pulumi.Int(m.args.Topics.Replication),
			"additionalConfig":  pulumi.ToStringMap(m.topicSettings()),
			// How often the operator looks whether it is still so.
			"interval": pulumi.String("5m"),
		}
		maps.Copy(spec, where)
		t, err := m.object(object{apiVersion: redpandaAPI, kind: "Topic", name: topic, namespace: namespace, spec: spec, wait: true},
			m.keep(), pulumi.DependsOn([]pulumi.Resource{after}))
		if err != nil {
			return nil, err
		}
		made = append(made, t)
	}
	return made, nil
}
