//go:build !race

// Package oke creates a Kubernetes cluster on Oracle Cloud Infrastructure: a network with private
// workers, a managed control plane and a node pool.
//
// Names are a contract: Pulumi deletes and recreates a resource whose name changes. All children
// are named <cluster's name>-<role>.
package oke

import (
	"fmt"

	"github.com/pulumi/pulumi-oci/sdk/go/oci"
	"github.com/pulumi/pulumi-oci/sdk/go/oci/containerengine"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"taskmaster/infra/cluster"
	"taskmaster/infra/config"
)

// Args are the inputs of the cluster.
type Args struct {
	config.OKE
	// Tags label the resources.
	Tags map[string]string
	// Protect makes Pulumi refuse to delete the cluster.
	Protect bool
}

// Validate returns the problems of the arguments.
func (a Args) Validate() error { return a.OKE.Validate() }

// builder holds the shared inputs of a cluster's resources.
type builder struct {
	ctx  *pulumi.Context
	name string
	args Args
	opts []pulumi.ResourceOption
}

func (b builder) child(what string) string { return b.name + "-" + what }

func (b builder) tags() pulumi.Map {
	tags := pulumi.Map{}
	for name, value := range b.args.Tags {
		tags[name] = pulumi.String(value)
	}
	return tags
}

// New registers the cluster. Its own provider has the region and profile of the arguments. The
// credentials come from the OCI command line.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*cluster.Cluster, error) {
	if err := args.Validate(); err != nil {
		return nil, err
	}
	c := &cluster.Cluster{}
	if err := ctx.RegisterComponentResource("taskmaster:cluster:OKE", name, c, opts...); err != nil {
		return nil, fmt.Errorf("register cluster %s: %w", name, err)
	}
	providerArgs := &oci.ProviderArgs{Region: pulumi.String(args.Region)}
	if args.Profile != "" {
		providerArgs.ConfigFileProfile = pulumi.String(args.Profile)
	}
	provider, err := oci.NewProvider(ctx, name+"-oci", providerArgs, pulumi.Parent(c))
	if err != nil {
		return nil, fmt.Errorf("create the provider of %s: %w", args.Region, err)
	}
	b := builder{ctx: ctx, name: name, args: args, opts: []pulumi.ResourceOption{pulumi.Parent(c), pulumi.Provider(provider)}}
	invoke := []pulumi.InvokeOption{pulumi.Parent(c), pulumi.Provider(provider)}

	net, err := b.network(invoke)
	if err != nil {
		return nil, fmt.Errorf("create the network of cluster %s: %w", name, err)
	}
	control, err := b.controlPlane(net)
	if err != nil {
		return nil, fmt.Errorf("create the control plane of cluster %s: %w", name, err)
	}
	pool, err := b.nodePool(control, net, invoke)
	if err != nil {
		return nil, fmt.Errorf("create the node pool of cluster %s: %w", name, err)
	}
	c.Balancer = balancer(net)
	made := containerengine.GetClusterKubeConfigOutput(ctx, containerengine.GetClusterKubeConfigOutputArgs{ClusterId: control.ID()}, invoke...)
	kubeconfig := made.Content().ApplyT(func(content string) (string, error) { return withProfile(content, args.Profile) }).(pulumi.StringOutput)
	return c, c.Connect(ctx, name, cluster.Access{
		Name: control.Name, Kubeconfig: kubeconfig, Identifier: control.ID().ToStringOutput().ToStringPtrOutput(),
		// Resources in the cluster can become ready only when it has nodes.
	}, pulumi.DependsOn([]pulumi.Resource{pool}))
}

func (b builder) controlPlane(net network) (*containerengine.Cluster, error) {
	return containerengine.NewCluster(b.ctx, b.child("cluster"), &containerengine.ClusterArgs{
		CompartmentId:     pulumi.String(b.args.Compartment),
		Name:              pulumi.String(b.name),
		Type:              pulumi.String(b.args.Type),
		KubernetesVersion: pulumi.String(b.args.Kubernetes),
		VcnId:             net.vcn,
		ClusterPodNetworkOptions: containerengine.ClusterClusterPodNetworkOptionArray{
			containerengine.ClusterClusterPodNetworkOptionArgs{CniType: pulumi.String("FLANNEL_OVERLAY")},
		},
		// The endpoint is public, so that Pulumi and kubectl can reach it. Only the allowed
		// networks have access.
		EndpointConfig: containerengine.ClusterEndpointConfigArgs{
			IsPublicIpEnabled: pulumi.Bool(true), SubnetId: net.controlPlane, NsgIds: pulumi.StringArray{net.controlPlaneGroup},
		},
		Options: containerengine.ClusterOptionsArgs{
			KubernetesNetworkConfig: containerengine.ClusterOptionsKubernetesNetworkConfigArgs{
				PodsCidr: pulumi.String(b.args.Network.Pods), ServicesCidr: pulumi.String(b.args.Network.Services),
			},
			ServiceLbSubnetIds:     pulumi.StringArray{net.balancers},
			ServiceLbConfig:        containerengine.ClusterOptionsServiceLbConfigArgs{FreeformTags: b.tags()},
			PersistentVolumeConfig: containerengine.ClusterOptionsPersistentVolumeConfigArgs{FreeformTags: b.tags()},
		},
		FreeformTags: b.tags(),
	}, append(b.opts, pulumi.Protect(b.args.Protect))...)
}

// balancer returns the annotations of web's Service. A network load balancer, of which one is always
// free, keeps the client's address. Behind the other kind all clients would share one address, and
// ten wrong passwords would lock everybody out. Its traffic is admitted by this program's rules
// instead of rules that the cluster writes into the subnet.
func balancer(net network) pulumi.StringMap {
	const ofNetwork = "oci-network-load-balancer.oraclecloud.com/"
	return pulumi.StringMap{
		"oci.oraclecloud.com/load-balancer-type":    pulumi.String("nlb"),
		ofNetwork + "is-preserve-source":            pulumi.String("true"),
		ofNetwork + "oci-network-security-groups":   net.balancerGroup,
		ofNetwork + "security-list-management-mode": pulumi.String("None"),
	}
}
