//go:build !race

// Package program creates all resources of a stack: a cluster, the platform and TaskMaster. Callers
// must run it in the folder infra, as Pulumi.yaml does.
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

// chart is the folder of TaskMaster's Helm chart, relative to the folder in which Pulumi runs the
// program.
const chart = "./chart"

// New returns the program. It checks the whole configuration before it registers resources. Its
// error names all problems.
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

// newCluster creates the cluster on the chosen cloud. All later steps are the same on every cloud.
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
