//go:build !race

// Package aks creates a Kubernetes cluster on Azure: a resource group, a network, an identity, a
// managed control plane, a node pool for system pods and one for the application.
//
// Names are a contract: Pulumi deletes and recreates a resource whose name changes. All children
// are named <cluster's name>-<role>.
package aks

import (
	"fmt"
	"net/netip"

	"github.com/pulumi/pulumi-azure/sdk/v6/go/azure"
	"github.com/pulumi/pulumi-azure/sdk/v6/go/azure/authorization"
	"github.com/pulumi/pulumi-azure/sdk/v6/go/azure/containerservice"
	"github.com/pulumi/pulumi-azure/sdk/v6/go/azure/core"
	"github.com/pulumi/pulumi-azure/sdk/v6/go/azure/network"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"taskmaster/infra/cluster"
	"taskmaster/infra/config"
)

// Args are the inputs of the cluster.
type Args struct {
	config.AKS
	// Tags label the resources.
	Tags map[string]string
	// Protect makes Pulumi refuse to delete the cluster.
	Protect bool
}

// Validate returns the problems of the arguments.
func (a Args) Validate() error { return a.AKS.Validate() }

// builder holds the shared inputs of a cluster's resources.
type builder struct {
	ctx   *pulumi.Context
	name  string
	args  Args
	group *core.ResourceGroup
	opts  []pulumi.ResourceOption
}

func (b builder) child(what string) string { return b.name + "-" + what }

func (b builder) tags() pulumi.StringMap { return pulumi.ToStringMap(b.args.Tags) }

// New registers the cluster. Its own provider has the subscription of the arguments. The
// credentials come from the Azure command line.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*cluster.Cluster, error) {
	if err := args.Validate(); err != nil {
		return nil, err
	}
	c := &cluster.Cluster{Balancer: pulumi.StringMap{}}
	if err := ctx.RegisterComponentResource("taskmaster:cluster:AKS", name, c, opts...); err != nil {
		return nil, fmt.Errorf("register cluster %s: %w", name, err)
	}
	provider, err := azure.NewProvider(ctx, name+"-azure", &azure.ProviderArgs{SubscriptionId: pulumi.String(args.Subscription)}, pulumi.Parent(c))
	if err != nil {
		return nil, fmt.Errorf("create the provider of subscription %s: %w", args.Subscription, err)
	}
	b := builder{ctx: ctx, name: name, args: args, opts: []pulumi.ResourceOption{pulumi.Parent(c), pulumi.Provider(provider)}}
	b.group, err = core.NewResourceGroup(ctx, b.child("group"), &core.ResourceGroupArgs{
		Name: pulumi.String(name), Location: pulumi.String(args.Location), Tags: b.tags(),
	}, b.opts...)
	if err != nil {
		return nil, fmt.Errorf("create the resource group of cluster %s: %w", name, err)
	}
	subnet, err := b.network()
	if err != nil {
		return nil, fmt.Errorf("create the network of cluster %s: %w", name, err)
	}
	control, err := b.controlPlane(subnet)
	if err != nil {
		return nil, fmt.Errorf("create the control plane of cluster %s: %w", name, err)
	}
	if err := b.pullImages(control); err != nil {
		return nil, fmt.Errorf("let the nodes of cluster %s pull images: %w", name, err)
	}
	pool, err := b.userPool(control, subnet)
	if err != nil {
		return nil, fmt.Errorf("create the node pool of cluster %s: %w", name, err)
	}
	return c, c.Connect(ctx, name, cluster.Access{
		Name: control.Name, Kubeconfig: control.KubeConfigRaw, Identifier: control.ID().ToStringOutput().ToStringPtrOutput(),
	}, pulumi.DependsOn([]pulumi.Resource{pool}))
}

// network creates the network and returns the nodes' subnet. Pods have addresses of an overlay
// network outside it.
func (b builder) network() (*network.Subnet, error) {
	net, err := network.NewVirtualNetwork(b.ctx, b.child("network"), &network.VirtualNetworkArgs{
		Name: pulumi.String(b.name), ResourceGroupName: b.group.Name, Location: b.group.Location,
		AddressSpaces: pulumi.StringArray{pulumi.String(b.args.Network.CIDR)}, Tags: b.tags(),
	}, b.opts...)
	if err != nil {
		return nil, fmt.Errorf("create the virtual network: %w", err)
	}
	subnet, err := network.NewSubnet(b.ctx, b.child("nodes"), &network.SubnetArgs{
		Name: pulumi.String("nodes"), ResourceGroupName: b.group.Name, VirtualNetworkName: net.Name,
		AddressPrefixes: pulumi.StringArray{pulumi.String(b.args.Network.Nodes)},
		// Outgoing traffic uses the cluster's load balancer instead of addresses that Azure assigns
		// to machines.
		DefaultOutboundAccessEnabled: pulumi.Bool(false),
	}, b.opts...)
	if err != nil {
		return nil, fmt.Errorf("subnet: %w", err)
	}
	return subnet, nil
}

// controlPlane creates the cluster with its system pool.
func (b builder) controlPlane(subnet *network.Subnet) (*containerservice.KubernetesCluster, error) {
	identity, err := authorization.NewUserAssignedIdentity(b.ctx, b.child("identity"), &authorization.UserAssignedIdentityArgs{
		Name: pulumi.String(b.name), ResourceGroupName: b.group.Name, Location: b.group.Location, Tags: b.tags(),
	}, b.opts...)
	if err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	// The cluster may attach nodes and load balancers to the subnet, and has no other role.
	assignment, err := authorization.NewAssignment(b.ctx, b.child("uses-subnet"), &authorization.AssignmentArgs{
		Scope: subnet.ID(), RoleDefinitionName: pulumi.String("Network Contributor"), PrincipalId: identity.PrincipalId,
		PrincipalType: pulumi.String("ServicePrincipal"),
	}, b.opts...)
	if err != nil {
		return nil, fmt.Errorf("assign the role of the identity: %w", err)
	}
	dns, err := dnsAddress(b.args.Network.Services)
	if err != nil {
		return nil, err
	}
	return containerservice.NewKubernetesCluster(b.ctx, b.child("cluster"), &containerservice.KubernetesClusterArgs{
		Name: pulumi.String(b.name), ResourceGroupName: b.group.Name, Location: b.group.Location, DnsPrefix: pulumi.String(b.name),
		KubernetesVersion: pulumi.String(b.args.Kubernetes), SkuTier: pulumi.String(b.args.Tier), Tags: b.tags(),
		Identity: containerservice.KubernetesClusterIdentityArgs{
			Type: pulumi.String("UserAssigned"), IdentityIds: pulumi.StringArray{identity.ID()},
		},
		RoleBasedAccessControlEnabled: pulumi.Bool(true),
		OidcIssuerEnabled:             pulumi.Bool(true),
		WorkloadIdentityEnabled:       pulumi.Bool(true),
		RunCommandEnabled:             pulumi.Bool(false),
		// Azure installs patches automatically. The stack file sets the minor version.
		AutomaticUpgradeChannel: pulumi.String("patch"),
		NodeOsUpgradeChannel:    pulumi.String("NodeImage"),
		ApiServerAccessProfile: containerservice.KubernetesClusterApiServerAccessProfileArgs{
			AuthorizedIpRanges: pulumi.ToStringArray(b.args.APIAllowedCIDRs),
		},
		NetworkProfile: containerservice.KubernetesClusterNetworkProfileArgs{
			NetworkPlugin: pulumi.String("azure"), NetworkPluginMode: pulumi.String("overlay"),
			NetworkDataPlane: pulumi.String("cilium"), NetworkPolicy: pulumi.String("cilium"),
			PodCidr: pulumi.String(b.args.Network.Pods), ServiceCidr: pulumi.String(b.args.Network.Services), DnsServiceIp: pulumi.String(dns),
			LoadBalancerSku: pulumi.String("standard"), OutboundType: pulumi.String("loadBalancer"),
		},
		DefaultNodePool: containerservice.KubernetesClusterDefaultNodePoolArgs{
			Name: pulumi.String("system"), OnlyCriticalAddonsEnabled: pulumi.Bool(true),
			VmSize: pulumi.String(b.args.System.Size), OsDiskSizeGb: pulumi.Int(b.args.System.DiskGB),
			AutoScalingEnabled: pulumi.Bool(true), MinCount: pulumi.Int(b.args.System.Min), MaxCount: pulumi.Int(b.args.System.Max),
			VnetSubnetId: subnet.ID(), NodePublicIpEnabled: pulumi.Bool(false), HostEncryptionEnabled: pulumi.Bool(b.args.HostEncryption),
			Zones: pulumi.ToStringArray(b.args.Zones), OrchestratorVersion: pulumi.String(b.args.Kubernetes),
			TemporaryNameForRotation: pulumi.String("systemtmp"), Tags: b.tags(),
			UpgradeSettings: containerservice.KubernetesClusterDefaultNodePoolUpgradeSettingsArgs{MaxSurge: pulumi.String("33%")},
		},
	}, append(b.opts, pulumi.DependsOn([]pulumi.Resource{assignment}), pulumi.Protect(b.args.Protect))...)
}

// pullImages lets the nodes pull from the registry of the arguments, if there is one.
func (b builder) pullImages(control *containerservice.KubernetesCluster) error {
	if b.args.Registry == "" {
		return nil
	}
	_, err := authorization.NewAssignment(b.ctx, b.child("pulls-images"), &authorization.AssignmentArgs{
		Scope: pulumi.String(b.args.Registry), RoleDefinitionName: pulumi.String("AcrPull"),
		PrincipalId:   control.KubeletIdentity.ObjectId().Elem(),
		PrincipalType: pulumi.String("ServicePrincipal"),
	}, b.opts...)
	return err
}

// userPool creates the nodes of the application's pods.
func (b builder) userPool(control *containerservice.KubernetesCluster, subnet *network.Subnet) (*containerservice.KubernetesClusterNodePool, error) {
	return containerservice.NewKubernetesClusterNodePool(b.ctx, b.child("user"), &containerservice.KubernetesClusterNodePoolArgs{
		KubernetesClusterId: control.ID(), Name: pulumi.String("user"), Mode: pulumi.String("User"),
		VmSize: pulumi.String(b.args.User.Size), OsDiskSizeGb: pulumi.Int(b.args.User.DiskGB),
		AutoScalingEnabled: pulumi.Bool(true), MinCount: pulumi.Int(b.args.User.Min), MaxCount: pulumi.Int(b.args.User.Max),
		VnetSubnetId: subnet.ID(), NodePublicIpEnabled: pulumi.Bool(false), HostEncryptionEnabled: pulumi.Bool(b.args.HostEncryption),
		Zones: pulumi.ToStringArray(b.args.Zones), OrchestratorVersion: pulumi.String(b.args.Kubernetes),
		TemporaryNameForRotation: pulumi.String("usertmp"), Tags: b.tags(),
		UpgradeSettings: containerservice.KubernetesClusterNodePoolUpgradeSettingsArgs{MaxSurge: pulumi.String("33%")},
	}, b.opts...)
}

// dnsAddress returns the tenth address of the services' range. Azure expects DNS there.
func dnsAddress(services string) (string, error) {
	prefix, err := netip.ParsePrefix(services)
	if err != nil {
		return "", fmt.Errorf("services' network: %w", err)
	}
	address := prefix.Masked().Addr()
	for range 10 {
		address = address.Next()
	}
	return address.String(), nil
}
