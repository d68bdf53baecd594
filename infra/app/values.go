//go:build !race

package app

import (
	"maps"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"taskmaster/infra/platform"
)

// values returns the values of the chart. They are the interface to infra/chart.
func values(args Args) pulumi.Map {
	app, p := args.App, args.Platform
	replicas := pulumi.Map{}
	for service, n := range app.Replicas {
		replicas[service] = pulumi.Int(n)
	}
	annotations := maps.Clone(args.Balancer)
	if annotations == nil {
		annotations = pulumi.StringMap{}
	}
	for name, value := range app.Annotations {
		annotations[name] = pulumi.String(value)
	}
	return pulumi.Map{
		"images":    pulumi.ToStringMap(args.Images),
		"publicURL": pulumi.String(app.PublicURL),
		"database":  pulumi.Map{"secretName": p.DatabaseSecret, "port": pulumi.Int(args.DatabasePort())},
		"broker": pulumi.Map{
			"kind": pulumi.String("kafka"), "addresses": pulumi.ToStringArray(p.Addresses), "secretName": p.BrokerSecret,
		},
		"tokens":      pulumi.Map{"secretName": p.TokensSecret},
		"replicas":    replicas,
		"autoscaling": pulumi.Map{"enabled": pulumi.Bool(app.Autoscaling)},
		"web": pulumi.Map{
			"service": pulumi.Map{"annotations": annotations},
			"tls":     pulumi.Map{"secretName": p.TLSSecret},
		},
		"notifier": pulumi.Map{
			"mailFrom": pulumi.String(app.EmailFrom), "vapidSubject": pulumi.String(app.VAPIDSubject),
			"allowNetworks": pulumi.ToStringArray(app.AllowNetworks),
		},
		"env":  pulumi.ToStringMapMap(app.Env),
		"dapr": pulumi.Map{"namespace": pulumi.String(platform.DaprNamespace)},
		// Programs read their secrets at the start. A changed checksum restarts them.
		"secretsChecksum": pulumi.String(args.Checksum()),
	}
}
