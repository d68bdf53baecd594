//go:build !race

// Package existing uses an existing cluster: kind, minikube, or any other.
package existing

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"taskmaster/infra/cluster"
	"taskmaster/infra/config"
)

// Args are the inputs of the cluster.
type Args struct {
	// Kubeconfig is the content of the file.
	Kubeconfig config.Secret
	// Context is a context of the kubeconfig. Empty means the current one.
	Context string
}

// Validate returns the problems of the arguments.
func (a Args) Validate() error {
	if !a.Kubeconfig.IsSet() {
		return errors.New("existing: the kubeconfig is empty: set existing.kubeconfigFile, KUBECONFIG or the secret kubeconfig")
	}
	return nil
}

// New registers the cluster with the provider <name> as its child.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*cluster.Cluster, error) {
	if err := args.Validate(); err != nil {
		return nil, err
	}
	c := &cluster.Cluster{Balancer: pulumi.StringMap{}}
	if err := ctx.RegisterComponentResource("taskmaster:cluster:Existing", name, c, opts...); err != nil {
		return nil, fmt.Errorf("register cluster %s: %w", name, err)
	}
	access := cluster.Access{Name: pulumi.String(name), Kubeconfig: args.Kubeconfig.Output(), Identifier: pulumi.String(name)}
	if args.Context != "" {
		access.Name, access.Context = pulumi.String(args.Context), pulumi.String(args.Context)
	}
	return c, c.Connect(ctx, name, access)
}
