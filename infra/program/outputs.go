//go:build !race

package program

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"taskmaster/infra/app"
	"taskmaster/infra/cluster"
	"taskmaster/infra/config"
)

// These are the stack's outputs. Users of pulumi stack output NAME rely on the names.
const (
	outputAddress    = "address"    // the load balancer's address; the public name must point to it
	outputPublicURL  = "publicURL"  // the public address of the system
	outputCluster    = "cluster"    // the cluster's name
	outputKubeconfig = "kubeconfig" // secret
	outputImages     = "images"     // by service, with digests
	outputDashboards = "dashboards" // commands that show the state of the system
)

func export(ctx *pulumi.Context, cfg *config.Config, c *cluster.Cluster, a *app.App) {
	ctx.Export(outputAddress, a.Address)
	ctx.Export(outputPublicURL, pulumi.String(cfg.App.PublicURL))
	ctx.Export(outputCluster, c.Name)
	ctx.Export(outputKubeconfig, c.Kubeconfig)
	ctx.Export(outputImages, pulumi.ToStringMap(cfg.Images))
	ctx.Export(outputDashboards, pulumi.ToStringMap(dashboards()))
}

// dashboards returns commands that show the state of the system.
func dashboards() map[string]string {
	return map[string]string{
		"kubeconfig": "pulumi stack output kubeconfig --show-secrets > kubeconfig && export KUBECONFIG=$PWD/kubeconfig",
		"dapr":       "kubectl -n taskmaster get components,configurations,resiliencies,subscriptions",
		"logs":       "kubectl -n taskmaster logs -l app.kubernetes.io/part-of=taskmaster --all-containers --prefix -f",
		"releases":   "helm -n taskmaster history taskmaster",
	}
}
