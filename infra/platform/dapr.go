package platform

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"taskmaster/infra/helm"
)

// dapr installs the control plane. Its volumes hold the jobs, so its namespace is protected with it.
func (m maker) dapr() (*helm.Release, error) {
	namespace, err := m.namespace(DaprNamespace, restricted, m.keep())
	if err != nil {
		return nil, err
	}
	return m.install(helm.Args{
		Name: "dapr", Namespace: nameOf(namespace),
		Chart: "dapr", Repository: "https://dapr.github.io/helm-charts/", Version: m.args.Dapr.Version, Values: m.daprValues(),
	}, m.keep())
}

func (m maker) daprValues() pulumi.Map {
	d := m.args.Dapr
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
			// Nobody uses actors. Jobs are the scheduler's and need no placement service.
			"actors": pulumi.Map{"enabled": pulumi.Bool(false)},
			"labels": m.labels(nil),
		},
		"dapr_operator": pulumi.Map{"logLevel": level, "resources": resources("50m", "100Mi", "256Mi")},
		"dapr_sentry":   pulumi.Map{"logLevel": level, "resources": resources("50m", "64Mi", "256Mi")},
		"dapr_scheduler": pulumi.Map{
			"logLevel": level, "resources": resources("100m", "128Mi", "1Gi"), "cluster": storage,
		},
		"dapr_sidecar_injector": pulumi.Map{
			"logLevel": level, "resources": resources("50m", "64Mi", "256Mi"),
			"sidecarRunAsNonRoot":           pulumi.Bool(true),
			"sidecarReadOnlyRootFilesystem": pulumi.Bool(true),
			"sidecarDropALLCapabilities":    pulumi.Bool(true),
			// A sidecar of this kind starts before its service and stops after it.
			"nativeSidecar": pulumi.Bool(true),
			// A service without its sidecar would run and lose nothing, but do nothing: rather none until the injector is back.
			// Other namespaces are left out, so that this holds up nobody else's pods.
			"webhookFailurePolicy": pulumi.String("Fail"),
			"namespaceSelector": pulumi.Map{
				"matchLabels": pulumi.StringMap{"kubernetes.io/metadata.name": pulumi.String(Namespace)},
			},
		},
	}
}
