//go:build !race

package app

import (
	"maps"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"taskmaster/infra/config"
	"taskmaster/infra/platform"
)

// values returns the values of the chart. They are the interface to infra/chart.
func values(args Args) pulumi.Map {
	app, p := args.App, args.Platform
	annotations := maps.Clone(args.Balancer)
	if annotations == nil {
		annotations = pulumi.StringMap{}
	}
	for name, value := range app.Annotations {
		annotations[name] = pulumi.String(value)
	}
	all := pulumi.Map{
		"images":    pulumi.ToStringMap(args.Images),
		"untested":  pulumi.String(args.Release.Untested),
		"publicURL": pulumi.String(app.PublicURL),
		"database":  database(args),
		"broker": at(p.Broker, pulumi.Map{
			"kind": pulumi.String(args.Broker.Components()), "tls": pulumi.Bool(*args.Broker.TLS),
			"addresses": pulumi.ToStringArray(p.Addresses), "secretName": p.BrokerSecret,
		}),
		"tokens":           pulumi.Map{"secretName": p.TokensSecret},
		"imagePullSecrets": pulumi.ToStringArray(p.PullSecrets),
		"replicas":         pulumi.ToIntMap(app.Replicas),
		"autoscaling":      autoscaling(app),
		"resources":        resources(app.Resources),
		"metrics":          metrics(app),
		"assistant":        pulumi.Map{"enabled": pulumi.Bool(*app.Assistant)},
		"web": pulumi.Map{
			"service":        pulumi.Map{"annotations": annotations},
			"tls":            pulumi.Map{"secretName": p.TLSSecret},
			"trustedProxies": pulumi.ToStringArray(app.TrustedProxies),
		},
		"notifier": pulumi.Map{
			"mailFrom": pulumi.String(app.EmailFrom), "vapidSubject": pulumi.String(app.VAPIDSubject),
			"allowNetworks": pulumi.ToStringArray(app.AllowNetworks),
		},
		"env":  pulumi.ToStringMapMap(app.Env),
		"dapr": pulumi.Map{"namespace": pulumi.String(platform.DaprNamespace)},
		// Programs read their secrets at the start. A changed checksum restarts them.
		"secretsChecksum": p.Checksum,
	}
	if app.Traces.Endpoint != "" {
		all["traces"] = at(app.Traces.Place, pulumi.Map{
			"endpoint": pulumi.String(app.Traces.Endpoint), "sampling": pulumi.Float64(app.Traces.Sampling),
			"headersSecretName": pulumi.String(p.TracesSecret),
		})
	}
	return all
}

// metrics returns the values of Prometheus. The chart has the defaults of the others.
func metrics(app config.App) pulumi.Map {
	values := pulumi.Map{"namespace": pulumi.String(app.MetricsNamespace)}
	if app.Metrics.PodMonitor {
		values["podMonitor"] = pulumi.Map{"enabled": pulumi.Bool(true), "labels": pulumi.ToStringMap(app.Metrics.Labels)}
	}
	if app.Metrics.Dashboards {
		values["dashboards"] = pulumi.Map{"enabled": pulumi.Bool(true)}
	}
	if app.Metrics.Rules {
		values["rules"] = pulumi.Map{"enabled": pulumi.Bool(true), "labels": pulumi.ToStringMap(app.Metrics.Labels)}
	}
	return values
}

func database(args Args) pulumi.Map {
	pools := args.Database.Connections
	return at(args.Database.Place, pulumi.Map{
		"secretName": args.Platform.DatabaseSecret, "port": pulumi.Int(args.DatabasePort()),
		"sleeps": pulumi.Bool(args.Database.Sleeps),
		"connections": pulumi.ToIntMap(map[string]int{
			"api": pools.API, "relay": pools.Relay, "notifier": pools.Notifier, "queue": pools.Queue, "live": pools.Live,
		}),
	})
}

// at adds the place of a database or broker. Without one, the chart's networks apply.
func at(place config.Place, values pulumi.Map) pulumi.Map {
	if place.Namespace != "" {
		values["namespace"] = pulumi.String(place.Namespace)
	}
	if len(place.Networks) > 0 {
		values["networks"] = pulumi.ToStringArray(place.Networks)
	}
	return values
}

func autoscaling(app config.App) pulumi.Map {
	values := pulumi.Map{"enabled": pulumi.Bool(app.Autoscaling)}
	if app.Autoscaling {
		values["maxReplicas"] = pulumi.ToIntMap(app.MaxReplicas)
	}
	return values
}

// resources returns only the given values. Helm takes the others from the chart.
func resources(set map[string]config.Resources) pulumi.Map {
	quantities := func(q config.Quantities) pulumi.StringMap {
		values := pulumi.StringMap{}
		if q.CPU != "" {
			values["cpu"] = pulumi.String(q.CPU)
		}
		if q.Memory != "" {
			values["memory"] = pulumi.String(q.Memory)
		}
		return values
	}
	all := pulumi.Map{}
	for name, r := range set {
		all[name] = pulumi.Map{"requests": quantities(r.Requests), "limits": quantities(r.Limits)}
	}
	return all
}
