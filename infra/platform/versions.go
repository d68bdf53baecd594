package platform

// The charts that are installed beside Dapr's, whose version a stack chooses. Each is pinned, so that an upgrade is a
// change that can be reviewed.
const (
	certManagerVersion      = "v1.21.1" // https://github.com/cert-manager/cert-manager/releases
	redpandaOperatorVersion = "26.1.15" // https://github.com/redpanda-data/redpanda-operator/releases
	strimziVersion          = "1.0.1"   // https://github.com/strimzi/strimzi-kafka-operator/releases
)
