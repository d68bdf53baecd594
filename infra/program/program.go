// Package program makes everything that a stack's configuration describes: a cluster, the platform, TaskMaster. Whoever runs it
// sees the folder above as its own, as Pulumi.yaml says.
package program

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"taskmaster/infra/app"
	"taskmaster/infra/cluster"
	"taskmaster/infra/cluster/aks"
	"taskmaster/infra/cluster/existing"
	"taskmaster/infra/cluster/gke"
	"taskmaster/infra/cluster/oke"
	"taskmaster/infra/config"
	"taskmaster/infra/platform"
)

// chart is the folder of TaskMaster's Helm chart, seen from the one that Pulumi runs the program in.
const chart = "./chart"

// New returns the program. It registers nothing before all of the configuration was checked; its error names every mistake.
func New(machine config.Machine) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		cfg, err := config.Load(ctx, ctx.Project(), machine)
		if err != nil {
			return err
		}
		tags := cluster.Tags(ctx.Stack(), cfg.Environment)
		c, err := newCluster(ctx, "taskmaster-"+ctx.Stack(), cfg, tags)
		if err != nil {
			return fmt.Errorf("cluster: %w", err)
		}
		p, err := platform.New(ctx, "platform", platform.Args{Config: cfg, Labels: platform.Labels(tags)}, pulumi.Provider(c.Provider))
		if err != nil {
			return fmt.Errorf("platform: %w", err)
		}
		a, err := app.New(ctx, "app", app.Args{Chart: chart, Config: cfg, Platform: p, Balancer: c.Balancer}, pulumi.Provider(c.Provider))
		if err != nil {
			return fmt.Errorf("app: %w", err)
		}
		export(ctx, cfg, c, a)
		return nil
	}
}

// newCluster makes the cluster on the cloud that was chosen. Everything after it is the same on all of them.
func newCluster(ctx *pulumi.Context, name string, cfg *config.Config, tags map[string]string) (*cluster.Cluster, error) {
	switch {
	case cfg.OKE != nil:
		return oke.New(ctx, name, oke.Args{OKE: *cfg.OKE, Tags: tags, Protect: cfg.Protect})
	case cfg.AKS != nil:
		return aks.New(ctx, name, aks.Args{AKS: *cfg.AKS, Tags: tags, Protect: cfg.Protect})
	case cfg.GKE != nil:
		return gke.New(ctx, name, gke.Args{GKE: *cfg.GKE, Tags: tags, Protect: cfg.Protect})
	default:
		return existing.New(ctx, name, existing.Args{Kubeconfig: cfg.Secrets.Kubeconfig, Context: cfg.Existing.Context})
	}
}
