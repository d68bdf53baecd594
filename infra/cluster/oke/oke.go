// Package oke makes a Kubernetes cluster on Oracle Cloud Infrastructure: a network with private workers, a managed
// control plane and a node pool.
//
// Names are a contract: a resource <name> is deleted and made anew when its name changes. All children are called
// <cluster's name>-<what it is>.
package oke

import (
	"fmt"

	"github.com/pulumi/pulumi-oci/sdk/go/oci"
	"github.com/pulumi/pulumi-oci/sdk/go/oci/containerengine"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"taskmaster/infra/cluster"
	"taskmaster/infra/config"
)

// Args is what the cluster is made from.
type Args struct {
	config.OKE
	// Tags name what the resources belong to.
	Tags map[string]string
	// Protect makes Pulumi refuse to delete the cluster.
	Protect bool
}

// Validate returns what is wrong with the arguments.
func (a Args) Validate() error { return a.OKE.Validate() }

// maker holds what all resources of one cluster share.
type maker struct {
	ctx  *pulumi.Context
	name string
	args Args
	opts []pulumi.ResourceOption
}

func (m maker) child(what string) string { return m.name + "-" + what }

func (m maker) tags() pulumi.Map {
	tags := pulumi.Map{}
	for name, value := range m.args.Tags {
		tags[name] = pulumi.String(value)
	}
	return tags
}

// New registers the cluster. Its own provider has the region and profile of the arguments; credentials are those of the
// OCI command line.
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
		return nil, fmt.Errorf("make the provider of %s: %w", args.Region, err)
	}
	m := maker{ctx: ctx, name: name, args: args, opts: []pulumi.ResourceOption{pulumi.Parent(c), pulumi.Provider(provider)}}
	invoke := []pulumi.InvokeOption{pulumi.Parent(c), pulumi.Provider(provider)}

	net, err := m.network(invoke)
	if err != nil {
		return nil, fmt.Errorf("network of cluster %s: %w", name, err)
	}
	control, err := m.controlPlane(net)
	if err != nil {
		return nil, fmt.Errorf("control plane of cluster %s: %w", name, err)
	}
	pool, err := m.nodePool(control, net, invoke)
	if err != nil {
		return nil, fmt.Errorf("node pool of cluster %s: %w", name, err)
	}
	c.Balancer = balancer(net)
	kubeconfig := containerengine.GetClusterKubeConfigOutput(ctx, containerengine.GetClusterKubeConfigOutputArgs{ClusterId: control.ID()}, invoke...)
	return c, c.Connect(ctx, name, cluster.Access{
		Name: control.Name, Kubeconfig: kubeconfig.Content(), Identifier: control.ID().ToStringOutput().ToStringPtrOutput(),
		// Without nodes nothing can be waited for.
	}, pulumi.DependsOn([]pulumi.Resource{pool}))
}

func (m maker) controlPlane(net network) (*containerengine.Cluster, error) {
	return containerengine.NewCluster(m.ctx, m.child("cluster"), &containerengine.ClusterArgs{
		CompartmentId:     pulumi.String(m.args.Compartment),
		Name:              pulumi.String(m.name),
		Type:              pulumi.String(m.args.Type),
		KubernetesVersion: pulumi.String(m.args.Kubernetes),
		VcnId:             net.vcn,
		ClusterPodNetworkOptions: containerengine.ClusterClusterPodNetworkOptionArray{
			containerengine.ClusterClusterPodNetworkOptionArgs{CniType: pulumi.String("FLANNEL_OVERLAY")},
		},
		// Public, so that Pulumi and kubectl reach it, and closed but for the allowed networks.
		EndpointConfig: containerengine.ClusterEndpointConfigArgs{
			IsPublicIpEnabled: pulumi.Bool(true), SubnetId: net.controlPlane, NsgIds: pulumi.StringArray{net.controlPlaneGroup},
		},
		Options: containerengine.ClusterOptionsArgs{
			KubernetesNetworkConfig: containerengine.ClusterOptionsKubernetesNetworkConfigArgs{
				PodsCidr: pulumi.String(m.args.Network.Pods), ServicesCidr: pulumi.String(m.args.Network.Services),
			},
			ServiceLbSubnetIds:     pulumi.StringArray{net.balancers},
			ServiceLbConfig:        containerengine.ClusterOptionsServiceLbConfigArgs{FreeformTags: m.tags()},
			PersistentVolumeConfig: containerengine.ClusterOptionsPersistentVolumeConfigArgs{FreeformTags: m.tags()},
		},
		FreeformTags: m.tags(),
	}, append(m.opts, pulumi.Protect(m.args.Protect))...)
}

// balancer is the annotations that give web's Service a load balancer of the always-free size, whose traffic our own
// rules admit instead of ones that the cluster writes into the subnet.
func balancer(net network) pulumi.StringMap {
	return pulumi.StringMap{
		"oci.oraclecloud.com/load-balancer-type":                                     pulumi.String("lb"),
		"oci.oraclecloud.com/oci-network-security-groups":                            net.balancerGroup,
		"service.beta.kubernetes.io/oci-load-balancer-shape":                         pulumi.String("flexible"),
		"service.beta.kubernetes.io/oci-load-balancer-shape-flex-min":                pulumi.String("10"),
		"service.beta.kubernetes.io/oci-load-balancer-shape-flex-max":                pulumi.String("10"),
		"service.beta.kubernetes.io/oci-load-balancer-security-list-management-mode": pulumi.String("None"),
	}
}
