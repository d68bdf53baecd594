//go:build !race

package platform

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"taskmaster/infra/helm"
)

// dapr installs the control plane. Its volumes hold the jobs, so its namespace is protected too.
func (b builder) dapr() (*helm.Release, error) {
	namespace, err := b.namespace(DaprNamespace, restricted, b.keep())
	if err != nil {
		return nil, err
	}
	return b.install(helm.Args{
		Name: "dapr", Namespace: nameOf(namespace),
		Chart: "dapr", Repository: "https://dapr.github.io/helm-charts/", Version: b.args.Dapr.Version, Values: b.daprValues(),
	}, b.keep())
}

func (b builder) daprValues() pulumi.Map {
	d := b.args.Dapr
	level := pulumi.String(d.LogLevel)
	storage := pulumi.Map{"inMemoryStorage": pulumi.Bool(false), "storageSize": pulumi.String(d.SchedulerStorage.Size)}
	if d.SchedulerStorage.Class != "" {
		storage["storageClassName"] = pulumi.String(d.SchedulerStorage.Class)
	}
	return pulumi.Map{
		"global": pulumi.Map{
			"tag":            pulumi.String(d.Version),
			"ha":             pulumi.Map{"enabled": pulumi.Bool(d.HA)},
			"mtls":           pulumi.Map{"enabled": pulumi.Bool(true)},
			"logAsJson":      pulumi.Bool(true),
			"seccompProfile": pulumi.String("RuntimeDefault"),
			// The services use no actors. The scheduler runs the jobs without the placement
			// service.
			"actors": pulumi.Map{"enabled": pulumi.Bool(false)},
			"labels": b.labels(nil),
		},
		"dapr_operator": pulumi.Map{"logLevel": level, "resources": resources("20m", "100Mi", "256Mi")},
		"dapr_sentry":   pulumi.Map{"logLevel": level, "resources": resources("20m", "64Mi", "256Mi")},
		"dapr_scheduler": pulumi.Map{
			"logLevel": level, "resources": resources("50m", "128Mi", "1Gi"), "cluster": storage,
		},
		"dapr_sidecar_injector": pulumi.Map{
			"logLevel": level, "resources": resources("20m", "64Mi", "256Mi"),
			"sidecarRunAsNonRoot":           pulumi.Bool(true),
			"sidecarReadOnlyRootFilesystem": pulumi.Bool(true),
			"sidecarDropALLCapabilities":    pulumi.Bool(true),
			// A native sidecar starts before its service and stops after it.
			"nativeSidecar": pulumi.Bool(true),
			// A service without a sidecar would run without doing any work. With Fail, no pod
			// starts while the injector is down. The rule covers only this namespace, so that it
			// blocks no other pods.
			"webhookFailurePolicy": pulumi.String("Fail"),
			"namespaceSelector": pulumi.Map{
				"matchLabels": pulumi.StringMap{"kubernetes.io/metadata.name": pulumi.String(Namespace)},
			},
		},
	}
}
