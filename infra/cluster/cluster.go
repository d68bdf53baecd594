//go:build !race

// Package cluster defines the result of every cloud's package. Code that uses a cluster depends on
// this package and on no cloud.
package cluster

import (
	"fmt"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Cluster is a usable Kubernetes cluster. It is the parent component of all its parts.
type Cluster struct {
	pulumi.ResourceState
	Name pulumi.StringOutput
	// Kubeconfig is secret.
	Kubeconfig pulumi.StringOutput
	// Provider creates resources in the cluster.
	Provider *kubernetes.Provider
	// Balancer holds the annotations that this cloud requires on a Service of type LoadBalancer.
	Balancer pulumi.StringMap
}

// Access holds the data to connect to a cluster.
type Access struct {
	Name       pulumi.StringInput
	Kubeconfig pulumi.StringInput
	// Identifier identifies the cluster. While it stays the same, new credentials change no
	// resource in the cluster.
	Identifier pulumi.StringPtrInput
	// Context is a context of the kubeconfig. nil means the current one.
	Context pulumi.StringPtrInput
}

// Connect creates the cluster's provider as a child and completes the component.
func (c *Cluster) Connect(ctx *pulumi.Context, name string, access Access, opts ...pulumi.ResourceOption) error {
	c.Name = access.Name.ToStringOutput()
	c.Kubeconfig = pulumi.ToSecret(access.Kubeconfig).(pulumi.StringOutput)
	provider, err := kubernetes.NewProvider(ctx, name, &kubernetes.ProviderArgs{
		Kubeconfig:            c.Kubeconfig,
		Context:               access.Context,
		ClusterIdentifier:     access.Identifier,
		EnableServerSideApply: pulumi.Bool(true),
		// A changed secret is updated in place, because programs refer to it by name.
		EnableSecretMutable: pulumi.Bool(true),
	}, append([]pulumi.ResourceOption{pulumi.Parent(c)}, opts...)...)
	if err != nil {
		return fmt.Errorf("create the provider of cluster %s: %w", name, err)
	}
	c.Provider = provider
	return ctx.RegisterResourceOutputs(c, pulumi.Map{"name": c.Name, "kubeconfig": c.Kubeconfig})
}

// Tags returns the tags of a cloud's resources, which group a bill by project and stack. Clouds
// allow different characters. Lower-case letters and hyphens work on all of them.
func Tags(stack, environment string) map[string]string {
	return map[string]string{"project": "taskmaster", "stack": stack, "environment": environment, "managed-by": "pulumi"}
}
