package platform

import (
	"fmt"
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"taskmaster/infra/helm"
)

const strimziAPI = "kafka.strimzi.io/v1"

// strimzi makes a cluster of Apache Kafka brokers in KRaft mode, a user who may do what the sidecars do, and the topics.
func (m maker) strimzi() (broker, error) {
	namespace, err := m.namespace(BrokerNamespace, restricted, m.keep())
	if err != nil {
		return broker{}, err
	}
	home := nameOf(namespace)
	operator, err := m.install(helm.Args{
		Name: "strimzi", Namespace: home,
		Chart: "strimzi-kafka-operator", Repository: "https://strimzi.io/charts/", Version: strimziVersion,
		Values: pulumi.Map{
			"labels":    m.labels(nil),
			"resources": resources("100m", "384Mi", "512Mi"),
			// The operator's pods and those that it makes fit a restricted namespace.
			"extraEnvs": pulumi.Array{pulumi.StringMap{
				"name": pulumi.String("STRIMZI_POD_SECURITY_PROVIDER_CLASS"), "value": pulumi.String("restricted"),
			}},
		},
	})
	if err != nil {
		return broker{}, fmt.Errorf("install Strimzi: %w", err)
	}
	ofCluster := map[string]string{"strimzi.io/cluster": brokerName}
	nodes, err := m.object(object{
		apiVersion: strimziAPI, kind: "KafkaNodePool", name: "brokers", namespace: home, labels: ofCluster, spec: m.kafkaNodes(),
	}, m.keep(), pulumi.DependsOn([]pulumi.Resource{operator}))
	if err != nil {
		return broker{}, err
	}
	cluster, err := m.object(object{
		apiVersion: strimziAPI, kind: "Kafka", name: brokerName, namespace: home, spec: m.kafkaSpec(), wait: true,
	}, m.keep(), pulumi.DependsOn([]pulumi.Resource{nodes}))
	if err != nil {
		return broker{}, err
	}
	b := broker{
		addresses: []string{fmt.Sprintf("%s-kafka-bootstrap.%s.svc:%d", brokerName, BrokerNamespace, brokerPort)},
		username:  pulumi.String(brokerName),
	}
	if b.authority, err = m.authorityOf(cluster, BrokerNamespace, brokerName+"-cluster-ca-cert"); err != nil {
		return broker{}, err
	}
	user, err := m.kafkaUser(home, ofCluster, cluster)
	if err != nil {
		return broker{}, err
	}
	b.ready = append(b.ready, user)
	for _, topic := range topics() {
		t, err := m.object(object{
			apiVersion: strimziAPI, kind: "KafkaTopic", name: topic, namespace: home, labels: ofCluster, wait: true,
			spec: pulumi.Map{
				"partitions": pulumi.Int(m.args.Topics.Partitions), "replicas": pulumi.Int(m.args.Topics.Replication),
				"config": pulumi.ToStringMap(m.kafkaTopicSettings()),
			},
		}, m.keep(), pulumi.DependsOn([]pulumi.Resource{cluster}))
		if err != nil {
			return broker{}, err
		}
		b.ready = append(b.ready, t)
	}
	return b, nil
}

// kafkaTopicSettings adds how many copies an acknowledged event has at least: one broker may be away, and none of those
// that have it may be lost alone. Redpanda always wants a majority.
func (m maker) kafkaTopicSettings() map[string]string {
	settings := m.topicSettings()
	settings["min.insync.replicas"] = strconv.Itoa(max(1, m.args.Topics.Replication-1))
	return settings
}

func (m maker) kafkaNodes() pulumi.Map {
	b := m.args.Broker
	volume := pulumi.Map{
		"id": pulumi.Int(0), "type": pulumi.String("persistent-claim"), "size": pulumi.String(b.Storage.Size),
		"deleteClaim": pulumi.Bool(false), "kraftMetadata": pulumi.String("shared"),
	}
	if b.Storage.Class != "" {
		volume["class"] = pulumi.String(b.Storage.Class)
	}
	return pulumi.Map{
		"replicas":  pulumi.Int(b.Replicas),
		"roles":     pulumi.ToStringArray([]string{"controller", "broker"}),
		"storage":   pulumi.Map{"type": pulumi.String("jbod"), "volumes": pulumi.Array{volume}},
		"resources": resources("500m", b.Memory, b.Memory),
	}
}

func (m maker) kafkaSpec() pulumi.Map {
	copies := pulumi.Int(m.args.Topics.Replication)
	insync := pulumi.Int(max(1, m.args.Topics.Replication-1))
	return pulumi.Map{
		"kafka": pulumi.Map{
			"listeners": pulumi.Array{pulumi.Map{
				"name": pulumi.String("tls"), "port": pulumi.Int(brokerPort), "type": pulumi.String("internal"), "tls": pulumi.Bool(true),
				"authentication": pulumi.Map{"type": pulumi.String("scram-sha-512")},
			}},
			"authorization": pulumi.Map{"type": pulumi.String("simple")},
			"config": pulumi.Map{
				"auto.create.topics.enable":                pulumi.Bool(false),
				"default.replication.factor":               copies,
				"min.insync.replicas":                      insync,
				"offsets.topic.replication.factor":         copies,
				"transaction.state.log.replication.factor": copies,
				"transaction.state.log.min.isr":            insync,
				// A group that nobody was in for as long as events are kept is forgotten.
				"offsets.retention.minutes": pulumi.Int(m.args.Topics.RetentionHours * 60),
			},
		},
		"entityOperator": pulumi.Map{
			"topicOperator": pulumi.Map{"resources": resources("50m", "256Mi", "512Mi")},
			"userOperator":  pulumi.Map{"resources": resources("50m", "256Mi", "512Mi")},
		},
	}
}

// kafkaUser makes the user of the sidecars. Groups are named like apps and pods, so any may be joined.
func (m maker) kafkaUser(namespace pulumi.StringInput, labels map[string]string, cluster pulumi.Resource) (pulumi.Resource, error) {
	login, err := m.secret("broker-login", namespace, "Opaque", pulumi.StringMap{"password": m.args.Secrets.BrokerPassword.Output()})
	if err != nil {
		return nil, err
	}
	allow := func(kind, name string, operations ...string) pulumi.Map {
		return pulumi.Map{
			"resource":   pulumi.StringMap{"type": pulumi.String(kind), "name": pulumi.String(name), "patternType": pulumi.String("literal")},
			"operations": pulumi.ToStringArray(operations),
		}
	}
	acls := pulumi.Array{allow("group", "*", "Read", "Describe")}
	for _, topic := range topics() {
		acls = append(acls, allow("topic", topic, "Read", "Write", "Describe", "DescribeConfigs"))
	}
	return m.object(object{
		apiVersion: strimziAPI, kind: "KafkaUser", name: brokerName, namespace: namespace, labels: labels, wait: true,
		spec: pulumi.Map{
			"authentication": pulumi.Map{
				"type": pulumi.String("scram-sha-512"),
				"password": pulumi.Map{"valueFrom": pulumi.Map{"secretKeyRef": pulumi.Map{
					"name": login, "key": pulumi.String("password"),
				}}},
			},
			"authorization": pulumi.Map{"type": pulumi.String("simple"), "acls": acls},
		},
	}, pulumi.DependsOn([]pulumi.Resource{cluster}))
}
