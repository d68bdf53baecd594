// Package config reads a stack's file and its secrets. It reads them once and checks them as a
// whole before any resource is registered.
package config

// Config is a stack's configuration. Only the section of the cloud in Cloud is set. The other
// sections are nil.
type Config struct {
	// Environment sets the requirements: local allows a system without redundancy, prod does not.
	Environment string `json:"environment" validate:"required,oneof=local staging prod"`
	Cloud       string `json:"cloud" validate:"required,oneof=existing oke aks gke"`
	// AllowUntested lets the pipeline deploy untested images to prod, for a reason that everybody is
	// told. Other environments need no setting.
	AllowUntested bool `json:"allowUntested"`
	// Protect makes Pulumi refuse to delete the cluster, the broker, its topics and the storage of
	// the jobs.
	Protect bool `json:"protect"`

	Existing *Existing `json:"existing"`
	OKE      *OKE      `json:"oke"`
	AKS      *AKS      `json:"aks"`
	GKE      *GKE      `json:"gke"`

	Dapr     Dapr     `json:"dapr"`
	Broker   Broker   `json:"broker"`
	Database Database `json:"database"`
	// CertManager decides whether the platform installs cert-manager. If it is nil, the platform
	// installs it when another part needs it. False is for a cluster that has it already.
	CertManager *bool  `json:"certManager"`
	Topics      Topics `json:"topics"`
	App         App    `json:"app"`
	// Charts is a folder with the charts of Dapr and the operators, relative to infra/. Each is in
	// a folder of its name, as helm pull --untar creates it. Empty means the charts' repositories.
	Charts string `json:"charts"`
	// Images are the services' images, repository@sha256:digest.
	Images map[string]string `json:"images"`
	// Release is written by the pipeline together with the images. The pipeline reads it from the
	// stack's history.
	Release Release `json:"release"`

	Secrets Secrets `json:"-"`
}

// Release is the pipeline's identification of a set of images.
type Release struct {
	Number int `json:"number"`
	// Revision is the commit that the images were built from. It is empty if it is unknown.
	Revision string `json:"revision"`
	// Untested is the reason why images run without proof that their tests passed. It is empty if
	// there is proof.
	Untested string `json:"untested"`
}

// Services returns the names of the programs in the chart. Each has an image and a number of
// replicas.
func Services() []string { return []string{"api", "recurring", "notifier", "live", "assistant", "web"} }

// Dapr describes the control plane.
type Dapr struct {
	// Version is the version of the Helm chart: https://github.com/dapr/dapr/releases The default is
	// the version that the tests run, and dapr.Oldest the oldest that is accepted.
	Version string `json:"version" validate:"required,semver"`
	// HA runs three replicas of each part of the control plane. The scheduler always has three.
	HA       bool   `json:"ha"`
	LogLevel string `json:"logLevel" validate:"oneof=debug info warn error"`
	// SchedulerStorage is the volume of each scheduler, which stores the jobs.
	SchedulerStorage Volume `json:"schedulerStorage"`
}

// Volume describes a persistent volume.
type Volume struct {
	Size string `json:"size" validate:"required,quantity"`
	// Class is a StorageClass. Empty means the cluster's default.
	Class string `json:"class"`
}

// These are the kinds of broker. The first four speak Kafka's protocol with TLS and SCRAM-SHA-512.
const (
	RedpandaCloud  = "redpanda-cloud"  // hosted; Redpanda's operator creates the topics
	Redpanda       = "redpanda"        // in the cluster, run by Redpanda's operator
	Strimzi        = "strimzi"         // Apache Kafka in the cluster, run by Strimzi
	Kafka          = "kafka"           // any Kafka, by address
	KafkaPlaintext = "kafka-plaintext" // any Kafka, by address, without TLS and password
	NATS           = "nats"            // by address, with JetStream
	Redis          = "redis"           // by address
	RabbitMQ       = "rabbitmq"        // by address
)

// Broker describes the broker of the events.
type Broker struct {
	Kind string `json:"kind" validate:"required,oneof=redpanda-cloud redpanda strimzi kafka kafka-plaintext nats redis rabbitmq"`
	// Addresses are host:port of a broker that the platform does not run. Redis and RabbitMQ have
	// one.
	Addresses []string `json:"addresses" validate:"dive,hostname_port"`
	// TLS is set for nats, redis and rabbitmq only. The default is true.
	TLS *bool `json:"tls"`
	// VirtualHost is set for rabbitmq only. The default is /.
	VirtualHost string `json:"virtualHost"`
	Place
	// Replicas, Memory and Storage describe a broker in the cluster.
	Replicas int    `json:"replicas" validate:"min=1,max=9"`
	Memory   string `json:"memory" validate:"required,quantity"`
	Storage  Volume `json:"storage"`
}

// InCluster reports whether the platform runs the broker itself.
func (b Broker) InCluster() bool { return b.Kind == Redpanda || b.Kind == Strimzi }

// Components returns the folder of dapr/components, which is the kind of broker in the chart.
func (b Broker) Components() string {
	switch b.Kind {
	case KafkaPlaintext, NATS, Redis, RabbitMQ:
		return b.Kind
	}
	return Kafka
}

// speaksKafka reports whether the broker has topics with partitions, and one way to use TLS.
func (b Broker) speaksKafka() bool { return b.Kind != NATS && b.Kind != Redis && b.Kind != RabbitMQ }

// Place tells the network policies where a database or broker is.
type Place struct {
	// Networks are its networks outside the cluster. Empty means any.
	Networks []string `json:"networks" validate:"dive,cidr"`
	// Namespace is its namespace in the cluster. Cilium (AKS, GKE) matches pods only by it.
	Namespace string `json:"namespace" validate:"omitempty,dns_rfc1035_label,excluded_with=Networks"`
}

// Database describes the PostgreSQL of the secret databaseURL.
type Database struct {
	Place
	// MaxConnections is the number of connections that the server allows this stack. Stock
	// PostgreSQL allows 100 in all, and keeps three of them for its administrator.
	MaxConnections int         `json:"maxConnections" validate:"min=1"`
	Connections    Connections `json:"connections"`
	// Sleeps is for a database that suspends itself while nothing happens, such as Neon's. Nothing
	// asks it then.
	Sleeps bool `json:"sleeps"`
}

// Connections are the sizes of the pools in one pod. The chart explains them.
type Connections struct {
	API      int `json:"api" validate:"min=1,max=500"`
	Relay    int `json:"relay" validate:"min=2,max=100"`
	Notifier int `json:"notifier" validate:"min=1,max=500"`
	Queue    int `json:"queue" validate:"min=3,max=100"`
	Live     int `json:"live" validate:"min=3,max=500"`
}

// Topics describes the topics.
type Topics struct {
	// Managed topics are created and maintained by the operator of Redpanda or Strimzi. infra/topics
	// creates the topics of other brokers.
	Managed    *bool `json:"managed"`
	Partitions int   `json:"partitions" validate:"min=1,max=1000"`
	// Replication is the number of copies of each event. 0 means three, or one per broker if there
	// are fewer.
	Replication    int `json:"replication" validate:"min=0,max=9"`
	RetentionHours int `json:"retentionHours" validate:"min=168"`
}

// App holds values of the Helm chart.
type App struct {
	// PublicURL is the public address of the system.
	PublicURL   string         `json:"publicURL" validate:"required,http_url"`
	Replicas    map[string]int `json:"replicas" validate:"dive,keys,service,endkeys,min=1,max=100"`
	Autoscaling bool           `json:"autoscaling"`
	// MaxReplicas are the maxima of autoscaling. It never starts with more than Replicas.
	MaxReplicas map[string]int `json:"maxReplicas" validate:"excluded_without=Autoscaling,dive,keys,service,endkeys,min=1,max=100"`
	// Resources are requests and limits of the containers: the services, sidecar, migrate and
	// backup. Missing values are those of the chart.
	Resources map[string]Resources `json:"resources" validate:"dive,keys,container,endkeys"`
	// TrustedProxies are networks of proxies in front of the load balancer. Their X-Forwarded-For
	// is trusted.
	TrustedProxies []string `json:"trustedProxies" validate:"dive,cidr"`
	// MetricsNamespace is the namespace of Prometheus, which may read metrics. Empty means none.
	MetricsNamespace string `json:"metricsNamespace" validate:"omitempty,dns_rfc1035_label"`
	// Metrics are objects for the operator of Prometheus, which must be installed.
	Metrics Metrics `json:"metrics"`
	// Traces is the receiver of spans.
	Traces Traces `json:"traces"`
	// Env holds additional environment variables by service. docs/configuration.md lists them.
	Env map[string]map[string]string `json:"env" validate:"dive,keys,service,endkeys"`
	// AllowNetworks are private networks in which webhooks and mail servers are allowed.
	AllowNetworks []string          `json:"allowNetworks" validate:"dive,cidr"`
	Annotations   map[string]string `json:"annotations"`
	TLS           TLS               `json:"tls"`
	// Assistant runs the assistant, which answers sentences. By default it runs if there is an image of it.
	Assistant *bool `json:"assistant"`
	// EmailFrom is the sender of reminders. It requires the secret smtpURL.
	EmailFrom string `json:"emailFrom"`
	// VAPIDPublicKey and VAPIDSubject enable web push. They require the secret vapidPrivateKey.
	VAPIDPublicKey string `json:"vapidPublicKey"`
	VAPIDSubject   string `json:"vapidSubject" validate:"required_with=VAPIDPublicKey"`
	// TimeoutSeconds is the time limit of an upgrade. After it the upgrade is rolled back.
	TimeoutSeconds int `json:"timeoutSeconds" validate:"min=60,max=3600"`
}

// Metrics are objects for the operator of Prometheus.
type Metrics struct {
	// PodMonitor makes Prometheus scrape the services. It requires metricsNamespace.
	PodMonitor bool `json:"podMonitor"`
	// Rules creates the alerts.
	Rules bool `json:"rules"`
	// Dashboards creates the dashboards for the sidecar of Grafana's chart.
	Dashboards bool `json:"dashboards"`
	// Labels are those by which Prometheus selects its objects.
	Labels map[string]string `json:"labels"`
}

// Traces is an OpenTelemetry receiver for OTLP over HTTP. The secret tracesHeaders holds its token.
type Traces struct {
	// Endpoint has a scheme, a host and a port. Empty means no spans.
	Endpoint string `json:"endpoint" validate:"omitempty,endpoint"`
	// Sampling is the share of traces that are sent.
	Sampling float64 `json:"sampling" validate:"min=0,max=1"`
	Place
}

// Resources are the requests and limits of a container.
type Resources struct {
	Requests Quantities `json:"requests"`
	Limits   Quantities `json:"limits"`
}

// Quantities are amounts such as 50m and 64Mi.
type Quantities struct {
	CPU    string `json:"cpu,omitempty" validate:"omitempty,cpu"`
	Memory string `json:"memory,omitempty" validate:"omitempty,quantity"`
}

// TLS is the source of web's certificate: an existing Secret, an issuer of cert-manager, or the
// secrets tlsCertificate and tlsKey. Without a source, web serves plain HTTP.
type TLS struct {
	SecretName string `json:"secretName" validate:"omitempty,dns_rfc1035_label"`
	Issuer     string `json:"issuer" validate:"omitempty,excluded_with=SecretName"`
	// IssuerKind is ClusterIssuer or Issuer.
	IssuerKind string `json:"issuerKind" validate:"oneof=ClusterIssuer Issuer"`
	// IssuerSpec is cert-manager's specification of the issuer, which the platform then creates.
	// Without it, Issuer exists already: https://cert-manager.io/docs/configuration/
	IssuerSpec map[string]any `json:"issuerSpec" validate:"excluded_without=Issuer"`
	// Terminated means that a proxy in front of the load balancer serves HTTPS.
	Terminated bool `json:"terminated" validate:"excluded_with=Issuer SecretName"`
}

// Existing describes an existing cluster.
type Existing struct {
	// KubeconfigFile is used if the secret kubeconfig is not set. Empty means $KUBECONFIG or
	// ~/.kube/config.
	KubeconfigFile string `json:"kubeconfigFile"`
	// Context is a context of the file. Empty means the current one.
	Context string `json:"context"`
}
