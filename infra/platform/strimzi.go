//go:build !race

package platform

import (
	"fmt"
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"taskmaster/infra/helm"
)

const strimziAPI = "kafka.strimzi.io/v1"

// strimzi creates a cluster of Apache Kafka brokers in KRaft mode, the sidecars' user, and the
// topics.
func (b builder) strimzi() (broker, error) {
	namespace, err := b.namespace(BrokerNamespace, restricted, b.keep())
	if err != nil {
		return broker{}, err
	}
	home := nameOf(namespace)
	operator, err := b.install(helm.Args{
		Name: "strimzi", Namespace: home,
		Chart: "strimzi-kafka-operator", Repository: "https://strimzi.io/charts/", Version: strimziVersion,
		Values: pulumi.Map{
			"labels":    b.labels(nil),
			"resources": resources("100m", "384Mi", "512Mi"),
			// The operator's own pod fits a restricted namespace only with these. The images run as
			// user 1001.
			"podSecurityContext": pulumi.Map{
				"runAsNonRoot": pulumi.Bool(true), "seccompProfile": pulumi.StringMap{"type": pulumi.String("RuntimeDefault")},
			},
			"securityContext": pulumi.Map{
				"allowPrivilegeEscalation": pulumi.Bool(false),
				"capabilities":             pulumi.Map{"drop": pulumi.ToStringArray([]string{"ALL"})},
			},
			// The pods of the operator's clusters then fit it too.
			"extraEnvs": pulumi.Array{pulumi.StringMap{
				"name": pulumi.String("STRIMZI_POD_SECURITY_PROVIDER_CLASS"), "value": pulumi.String("restricted"),
			}},
		},
	})
	if err != nil {
		return broker{}, fmt.Errorf("install Strimzi: %w", err)
	}
	ofCluster := map[string]string{"strimzi.io/cluster": brokerName}
	nodes, err := b.object(object{
		apiVersion: strimziAPI, kind: "KafkaNodePool", name: "brokers", namespace: home, labels: ofCluster, spec: b.kafkaNodes(),
	}, b.keep(), pulumi.DependsOn([]pulumi.Resource{operator}))
	if err != nil {
		return broker{}, err
	}
	cluster, err := b.object(object{
		apiVersion: strimziAPI, kind: "Kafka", name: brokerName, namespace: home, spec: b.kafkaSpec(), wait: true,
	}, b.keep(), pulumi.DependsOn([]pulumi.Resource{nodes}))
	if err != nil {
		return broker{}, err
	}
	br := broker{
		addresses: []string{fmt.Sprintf("%s-kafka-bootstrap.%s.svc:%d", brokerName, BrokerNamespace, brokerPort)},
		username:  pulumi.String(brokerName),
	}
	if br.authority, err = b.authorityOf(cluster, BrokerNamespace, brokerName+"-cluster-ca-cert"); err != nil {
		return broker{}, err
	}
	user, err := b.kafkaUser(home, ofCluster, cluster)
	if err != nil {
		return broker{}, err
	}
	br.ready = append(br.ready, user)
	for _, topic := range topics() {
		t, err := b.object(object{
			apiVersion: strimziAPI, kind: "KafkaTopic", name: topic, namespace: home, labels: ofCluster, wait: true,
			spec: pulumi.Map{
				"partitions": pulumi.Int(b.args.Topics.Partitions), "replicas": pulumi.Int(b.args.Topics.Replication),
				"config": pulumi.ToStringMap(b.kafkaTopicSettings()),
			},
		}, b.keep(), pulumi.DependsOn([]pulumi.Resource{cluster}))
		if err != nil {
			return broker{}, err
		}
		br.ready = append(br.ready, t)
	}
	return br, nil
}

// kafkaTopicSettings adds the minimum number of copies of an acknowledged event. One broker may be
// down, and a second copy survives the loss of one of the others. Redpanda always requires a
// majority.
func (b builder) kafkaTopicSettings() map[string]string {
	settings := b.topicSettings()
	settings["min.insync.replicas"] = strconv.Itoa(max(1, b.args.Topics.Replication-1))
	return settings
}

func (b builder) kafkaNodes() pulumi.Map {
	br := b.args.Broker
	volume := pulumi.Map{
		"id": pulumi.Int(0), "type": pulumi.String("persistent-claim"), "size": pulumi.String(br.Storage.Size),
		"deleteClaim": pulumi.Bool(false), "kraftMetadata": pulumi.String("shared"),
	}
	if br.Storage.Class != "" {
		volume["class"] = pulumi.String(br.Storage.Class)
	}
	return pulumi.Map{
		"replicas":  pulumi.Int(br.Replicas),
		"roles":     pulumi.ToStringArray([]string{"controller", "broker"}),
		"storage":   pulumi.Map{"type": pulumi.String("jbod"), "volumes": pulumi.Array{volume}},
		"resources": resources("500m", br.Memory, br.Memory),
		"template":  pulumi.Map{"pod": b.apart()},
	}
}

// apart keeps the brokers on different nodes, so that one lost node takes one copy of an event. It
// spreads them over zones where there are any.
func (b builder) apart() pulumi.Map {
	brokers := pulumi.Map{"matchLabels": pulumi.StringMap{"strimzi.io/cluster": pulumi.String(brokerName), "strimzi.io/broker-role": pulumi.String("true")}}
	return pulumi.Map{
		"affinity": pulumi.Map{"podAntiAffinity": pulumi.Map{
			"requiredDuringSchedulingIgnoredDuringExecution": pulumi.Array{pulumi.Map{
				"topologyKey": pulumi.String("kubernetes.io/hostname"), "labelSelector": brokers,
			}},
		}},
		"topologySpreadConstraints": pulumi.Array{pulumi.Map{
			"topologyKey": pulumi.String("topology.kubernetes.io/zone"), "labelSelector": brokers,
			"maxSkew": pulumi.Int(1), "whenUnsatisfiable": pulumi.String("ScheduleAnyway"),
		}},
	}
}

// authority returns the settings of an authority that Strimzi creates and renews. The old
// certificate stays valid for the time between renewal and end. In that time pulumi up must run
// once, which gives the sidecars the new certificate and restarts them.
func authority() pulumi.Map {
	const validity, renewal = 5 * 365, 180 // days
	return pulumi.Map{"validityDays": pulumi.Int(validity), "renewalDays": pulumi.Int(renewal)}
}

func (b builder) kafkaSpec() pulumi.Map {
	copies := pulumi.Int(b.args.Topics.Replication)
	insync := pulumi.Int(max(1, b.args.Topics.Replication-1))
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
				// A group without members is deleted after the retention time of the events.
				"offsets.retention.minutes": pulumi.Int(b.args.Topics.RetentionHours * 60),
			},
		},
		"clusterCa": authority(),
		"clientsCa": authority(),
		"entityOperator": pulumi.Map{
			"topicOperator": pulumi.Map{"resources": resources("50m", "256Mi", "512Mi")},
			"userOperator":  pulumi.Map{"resources": resources("50m", "256Mi", "512Mi")},
		},
	}
}

// kafkaUser creates the user of the sidecars. It may join any group, because groups are named after
// apps and pods.
func (b builder) kafkaUser(namespace pulumi.StringInput, labels map[string]string, cluster pulumi.Resource) (pulumi.Resource, error) {
	login, err := b.secret("broker-login", namespace, "Opaque", pulumi.StringMap{"password": b.args.Secrets.BrokerPassword.Output()})
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
	return b.object(object{
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
