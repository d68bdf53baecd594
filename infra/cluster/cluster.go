// Package cluster is what every cloud's package returns. What is built on a cluster knows this package and no cloud.
package cluster

import (
	"fmt"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Cluster is a Kubernetes cluster that can be used, and the component that all its parts are below.
type Cluster struct {
	pulumi.ResourceState
	Name pulumi.StringOutput
	// Kubeconfig is secret.
	Kubeconfig pulumi.StringOutput
	// Provider makes resources in the cluster.
	Provider *kubernetes.Provider
	// Balancer is the annotations that a Service of type LoadBalancer needs on this cloud.
	Balancer pulumi.StringMap
}

// Access is how a cluster is reached.
type Access struct {
	Name       pulumi.StringInput
	Kubeconfig pulumi.StringInput
	// Identifier tells clusters apart; while it stays, new credentials change nothing in the cluster.
	Identifier pulumi.StringPtrInput
	// Context is one of the kubeconfig's; nil means its current one.
	Context pulumi.StringPtrInput
}

// Connect makes the provider of the cluster, below it, and completes the component.
func (c *Cluster) Connect(ctx *pulumi.Context, name string, access Access, opts ...pulumi.ResourceOption) error {
	c.Name = access.Name.ToStringOutput()
	c.Kubeconfig = pulumi.ToSecret(access.Kubeconfig).(pulumi.StringOutput)
	provider, err := kubernetes.NewProvider(ctx, name, &kubernetes.ProviderArgs{
		Kubeconfig:            c.Kubeconfig,
		Context:               access.Context,
		ClusterIdentifier:     access.Identifier,
		EnableServerSideApply: pulumi.Bool(true),
		// A changed secret is changed in place; programs refer to it by name.
		EnableSecretMutable: pulumi.Bool(true),
	}, append([]pulumi.ResourceOption{pulumi.Parent(c)}, opts...)...)
	if err != nil {
		return fmt.Errorf("make the provider of cluster %s: %w", name, err)
	}
	c.Provider = provider
	return ctx.RegisterResourceOutputs(c, pulumi.Map{"name": c.Name, "kubeconfig": c.Kubeconfig})
}

// Tags name what a cloud's resources belong to, so that a bill can be read. Clouds differ in what they allow: these are
// lower case letters and hyphens.
func Tags(stack, environment string) map[string]string {
	return map[string]string{"project": "taskmaster", "stack": stack, "environment": environment, "managed-by": "pulumi"}
}
