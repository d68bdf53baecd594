// Package config is everything that a stack's file and its secrets say. It is read once, and checked as a whole before any
// resource is registered.
package config

// Config is a stack's configuration. Of the clouds' sections the one that Cloud names is set, the others are nil.
type Config struct {
	// Environment decides what is demanded: local may do without redundancy, prod may not.
	Environment string `json:"environment" validate:"required,oneof=local staging prod"`
	Cloud       string `json:"cloud" validate:"required,oneof=existing oke aks gke"`
	// Protect makes Pulumi refuse to delete the cluster, the broker, its topics and what keeps the jobs.
	Protect bool `json:"protect"`

	Existing *Existing `json:"existing"`
	OKE      *OKE      `json:"oke"`
	AKS      *AKS      `json:"aks"`
	GKE      *GKE      `json:"gke"`

	Dapr   Dapr   `json:"dapr"`
	Broker Broker `json:"broker"`
	// CertManager says whether the platform installs cert-manager; left out, it does when something needs it. False is for
	// a cluster that has one.
	CertManager *bool  `json:"certManager"`
	Topics      Topics `json:"topics"`
	App         App    `json:"app"`
	// Charts is a folder with the charts of Dapr and the operators, each in a folder of its name as helm pull --untar makes it,
	// seen from infra/. Empty means their repositories.
	Charts string `json:"charts"`
	// Images are the services' images, repository@sha256:digest.
	Images map[string]string `json:"images"`
	// Release is written beside the images by the pipeline, and is read from the stack's history.
	Release Release `json:"release"`

	Secrets Secrets `json:"-"`
}

// Release is what the pipeline calls a set of images.
type Release struct {
	Number int `json:"number"`
	// Revision is the commit that the images were made from; empty if that is not known.
	Revision string `json:"revision"`
}

// Services are the programs that the chart runs; each has an image and a number of replicas.
func Services() []string { return []string{"api", "recurring", "notifier", "live", "web"} }

// Dapr is the control plane.
type Dapr struct {
	// Version is the Helm chart's: https://github.com/dapr/dapr/releases
	Version string `json:"version" validate:"required,semver"`
	// HA runs three of each part of the control plane. The scheduler always has three.
	HA       bool   `json:"ha"`
	LogLevel string `json:"logLevel" validate:"oneof=debug info warn error"`
	// SchedulerStorage is the volume of each scheduler, which keeps the jobs.
	SchedulerStorage Volume `json:"schedulerStorage"`
}

// Volume is a persistent volume.
type Volume struct {
	Size string `json:"size" validate:"required,quantity"`
	// Class is a StorageClass; empty means the cluster's default.
	Class string `json:"class"`
}

// The kinds of broker.
const (
	RedpandaCloud = "redpanda-cloud" // hosted; topics are made by Redpanda's operator
	Redpanda      = "redpanda"       // in the cluster, by Redpanda's operator
	Strimzi       = "strimzi"        // Apache Kafka in the cluster, by Strimzi
	Given         = "given"          // any Kafka, by address
)

// Broker is where events are kept.
type Broker struct {
	Kind string `json:"kind" validate:"required,oneof=redpanda-cloud redpanda strimzi given"`
	// Addresses are host:port of a broker outside the cluster, which speaks TLS and SCRAM-SHA-512.
	Addresses []string `json:"addresses" validate:"dive,hostname_port"`
	// Replicas, Memory and Storage are of a broker in the cluster.
	Replicas int    `json:"replicas" validate:"min=1,max=9"`
	Memory   string `json:"memory" validate:"required,quantity"`
	Storage  Volume `json:"storage"`
}

// InCluster says whether the platform runs the broker itself.
func (b Broker) InCluster() bool { return b.Kind == Redpanda || b.Kind == Strimzi }

// Topics is how the topics are made.
type Topics struct {
	// Managed topics are made and kept by an operator. Those of a given broker are made with infra/topics.
	Managed    *bool `json:"managed"`
	Partitions int   `json:"partitions" validate:"min=1,max=1000"`
	// Replication is the number of copies of each event; 0 means three, or one per broker if there are fewer.
	Replication    int `json:"replication" validate:"min=0,max=9"`
	RetentionHours int `json:"retentionHours" validate:"min=168"`
}

// App is what the Helm chart is told.
type App struct {
	// PublicURL is where people reach the system.
	PublicURL   string         `json:"publicURL" validate:"required,http_url"`
	Replicas    map[string]int `json:"replicas" validate:"dive,keys,service,endkeys,min=1,max=100"`
	Autoscaling bool           `json:"autoscaling"`
	// Env is further environment variables by service, which the repository's README lists.
	Env map[string]map[string]string `json:"env" validate:"dive,keys,service,endkeys"`
	// AllowNetworks are networks that webhooks and mail servers may be in although they are not public.
	AllowNetworks []string          `json:"allowNetworks" validate:"dive,cidr"`
	Annotations   map[string]string `json:"annotations"`
	TLS           TLS               `json:"tls"`
	// EmailFrom is the sender of reminders; with it the secret smtpURL is needed.
	EmailFrom string `json:"emailFrom"`
	// VAPIDPublicKey and VAPIDSubject turn web push on; with them the secret vapidPrivateKey is needed.
	VAPIDPublicKey string `json:"vapidPublicKey"`
	VAPIDSubject   string `json:"vapidSubject" validate:"required_with=VAPIDPublicKey"`
	// TimeoutSeconds is how long an upgrade may take before it is rolled back.
	TimeoutSeconds int `json:"timeoutSeconds" validate:"min=60,max=3600"`
}

// TLS is where web's certificate comes from: a Secret that exists, an issuer of cert-manager's, or the secrets
// tlsCertificate and tlsKey. With none, web speaks plain HTTP.
type TLS struct {
	SecretName string `json:"secretName" validate:"omitempty,dns_rfc1035_label"`
	Issuer     string `json:"issuer" validate:"omitempty,excluded_with=SecretName"`
	// IssuerKind is ClusterIssuer or Issuer.
	IssuerKind string `json:"issuerKind" validate:"oneof=ClusterIssuer Issuer"`
}

// Existing is a cluster that somebody else made.
type Existing struct {
	// KubeconfigFile is read when the secret kubeconfig is not set; empty means $KUBECONFIG or ~/.kube/config.
	KubeconfigFile string `json:"kubeconfigFile"`
	// Context is one of the file's; empty means its current one.
	Context string `json:"context"`
}
