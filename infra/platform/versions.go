//go:build !race

package platform

// These are the versions of the charts, except Dapr's, which a stack sets. Each is pinned, so that
// an upgrade is a reviewable change.
const (
	certManagerVersion      = "v1.21.1" // https://github.com/cert-manager/cert-manager/releases
	redpandaOperatorVersion = "26.1.15" // https://github.com/redpanda-data/redpanda-operator/releases
	strimziVersion          = "1.0.1"   // https://github.com/strimzi/strimzi-kafka-operator/releases
)
