// Package aks makes a Kubernetes cluster on Azure: a resource group, a network, an identity of its own, a managed control
// plane, a pool for the cluster's own pods and one for ours.
//
// Names are a contract: a resource <name> is deleted and made anew when its name changes. All children are called
// <cluster's name>-<what it is>.
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

// Args is what the cluster is made from.
type Args struct {
	config.AKS
	// Tags name what the resources belong to.
	Tags map[string]string
	// Protect makes Pulumi refuse to delete the cluster.
	Protect bool
}

// Validate returns what is wrong with the arguments.
func (a Args) Validate() error { return a.AKS.Validate() }

// maker holds what all resources of one cluster share.
type maker struct {
	ctx   *pulumi.Context
	name  string
	args  Args
	group *core.ResourceGroup
	opts  []pulumi.ResourceOption
}

func (m maker) child(what string) string { return m.name + "-" + what }

func (m maker) tags() pulumi.StringMap { return pulumi.ToStringMap(m.args.Tags) }

// New registers the cluster. Its own provider has the subscription of the arguments; credentials are those of the Azure
// command line.
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
		return nil, fmt.Errorf("make the provider of subscription %s: %w", args.Subscription, err)
	}
	m := maker{ctx: ctx, name: name, args: args, opts: []pulumi.ResourceOption{pulumi.Parent(c), pulumi.Provider(provider)}}
	m.group, err = core.NewResourceGroup(ctx, m.child("group"), &core.ResourceGroupArgs{
		Name: pulumi.String(name), Location: pulumi.String(args.Location), Tags: m.tags(),
	}, m.opts...)
	if err != nil {
		return nil, fmt.Errorf("resource group of cluster %s: %w", name, err)
	}
	subnet, err := m.network()
	if err != nil {
		return nil, fmt.Errorf("network of cluster %s: %w", name, err)
	}
	control, err := m.controlPlane(subnet)
	if err != nil {
		return nil, fmt.Errorf("control plane of cluster %s: %w", name, err)
	}
	pool, err := m.userPool(control, subnet)
	if err != nil {
		return nil, fmt.Errorf("node pool of cluster %s: %w", name, err)
	}
	return c, c.Connect(ctx, name, cluster.Access{
		Name: control.Name, Kubeconfig: control.KubeConfigRaw, Identifier: control.ID().ToStringOutput().ToStringPtrOutput(),
	}, pulumi.DependsOn([]pulumi.Resource{pool}))
}

// network makes the network and returns the nodes' subnet. Pods have addresses of an overlay, outside of it.
func (m maker) network() (*network.Subnet, error) {
	net, err := network.NewVirtualNetwork(m.ctx, m.child("network"), &network.VirtualNetworkArgs{
		Name: pulumi.String(m.name), ResourceGroupName: m.group.Name, Location: m.group.Location,
		AddressSpaces: pulumi.StringArray{pulumi.String(m.args.Network.CIDR)}, Tags: m.tags(),
	}, m.opts...)
	if err != nil {
		return nil, fmt.Errorf("virtual network: %w", err)
	}
	subnet, err := network.NewSubnet(m.ctx, m.child("nodes"), &network.SubnetArgs{
		Name: pulumi.String("nodes"), ResourceGroupName: m.group.Name, VirtualNetworkName: net.Name,
		AddressPrefixes: pulumi.StringArray{pulumi.String(m.args.Network.Nodes)},
		// What goes out goes through the cluster's load balancer and not through addresses that Azure lends to machines.
		DefaultOutboundAccessEnabled: pulumi.Bool(false),
	}, m.opts...)
	if err != nil {
		return nil, fmt.Errorf("subnet: %w", err)
	}
	return subnet, nil
}

// controlPlane makes the cluster with its system pool.
func (m maker) controlPlane(subnet *network.Subnet) (*containerservice.KubernetesCluster, error) {
	identity, err := authorization.NewUserAssignedIdentity(m.ctx, m.child("identity"), &authorization.UserAssignedIdentityArgs{
		Name: pulumi.String(m.name), ResourceGroupName: m.group.Name, Location: m.group.Location, Tags: m.tags(),
	}, m.opts...)
	if err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	// The cluster attaches its nodes and load balancers to the subnet, and may change nothing else.
	assignment, err := authorization.NewAssignment(m.ctx, m.child("uses-subnet"), &authorization.AssignmentArgs{
		Scope: subnet.ID(), RoleDefinitionName: pulumi.String("Network Contributor"), PrincipalId: identity.PrincipalId,
		PrincipalType: pulumi.String("ServicePrincipal"),
	}, m.opts...)
	if err != nil {
		return nil, fmt.Errorf("role of the identity: %w", err)
	}
	dns, err := dnsAddress(m.args.Network.Services)
	if err != nil {
		return nil, err
	}
	return containerservice.NewKubernetesCluster(m.ctx, m.child("cluster"), &containerservice.KubernetesClusterArgs{
		Name: pulumi.String(m.name), ResourceGroupName: m.group.Name, Location: m.group.Location, DnsPrefix: pulumi.String(m.name),
		KubernetesVersion: pulumi.String(m.args.Kubernetes), SkuTier: pulumi.String(m.args.Tier), Tags: m.tags(),
		Identity: containerservice.KubernetesClusterIdentityArgs{
			Type: pulumi.String("UserAssigned"), IdentityIds: pulumi.StringArray{identity.ID()},
		},
		RoleBasedAccessControlEnabled: pulumi.Bool(true),
		OidcIssuerEnabled:             pulumi.Bool(true),
		WorkloadIdentityEnabled:       pulumi.Bool(true),
		RunCommandEnabled:             pulumi.Bool(false),
		// Patches come by themselves; another minor version is the stack file's decision.
		AutomaticUpgradeChannel: pulumi.String("patch"),
		NodeOsUpgradeChannel:    pulumi.String("NodeImage"),
		ApiServerAccessProfile: containerservice.KubernetesClusterApiServerAccessProfileArgs{
			AuthorizedIpRanges: pulumi.ToStringArray(m.args.APIAllowedCIDRs),
		},
		NetworkProfile: containerservice.KubernetesClusterNetworkProfileArgs{
			NetworkPlugin: pulumi.String("azure"), NetworkPluginMode: pulumi.String("overlay"),
			NetworkDataPlane: pulumi.String("cilium"), NetworkPolicy: pulumi.String("cilium"),
			PodCidr: pulumi.String(m.args.Network.Pods), ServiceCidr: pulumi.String(m.args.Network.Services), DnsServiceIp: pulumi.String(dns),
			LoadBalancerSku: pulumi.String("standard"), OutboundType: pulumi.String("loadBalancer"),
		},
		DefaultNodePool: containerservice.KubernetesClusterDefaultNodePoolArgs{
			Name: pulumi.String("system"), OnlyCriticalAddonsEnabled: pulumi.Bool(true),
			VmSize: pulumi.String(m.args.System.Size), OsDiskSizeGb: pulumi.Int(m.args.System.DiskGB),
			AutoScalingEnabled: pulumi.Bool(true), MinCount: pulumi.Int(m.args.System.Min), MaxCount: pulumi.Int(m.args.System.Max),
			VnetSubnetId: subnet.ID(), NodePublicIpEnabled: pulumi.Bool(false), HostEncryptionEnabled: pulumi.Bool(m.args.HostEncryption),
			Zones: pulumi.ToStringArray(m.args.Zones), OrchestratorVersion: pulumi.String(m.args.Kubernetes),
			TemporaryNameForRotation: pulumi.String("systemtmp"), Tags: m.tags(),
			UpgradeSettings: containerservice.KubernetesClusterDefaultNodePoolUpgradeSettingsArgs{MaxSurge: pulumi.String("33%")},
		},
	}, append(m.opts, pulumi.DependsOn([]pulumi.Resource{assignment}), pulumi.Protect(m.args.Protect))...)
}

// userPool makes the nodes that our pods run on.
func (m maker) userPool(control *containerservice.KubernetesCluster, subnet *network.Subnet) (*containerservice.KubernetesClusterNodePool, error) {
	return containerservice.NewKubernetesClusterNodePool(m.ctx, m.child("user"), &containerservice.KubernetesClusterNodePoolArgs{
		KubernetesClusterId: control.ID(), Name: pulumi.String("user"), Mode: pulumi.String("User"),
		VmSize: pulumi.String(m.args.User.Size), OsDiskSizeGb: pulumi.Int(m.args.User.DiskGB),
		AutoScalingEnabled: pulumi.Bool(true), MinCount: pulumi.Int(m.args.User.Min), MaxCount: pulumi.Int(m.args.User.Max),
		VnetSubnetId: subnet.ID(), NodePublicIpEnabled: pulumi.Bool(false), HostEncryptionEnabled: pulumi.Bool(m.args.HostEncryption),
		Zones: pulumi.ToStringArray(m.args.Zones), OrchestratorVersion: pulumi.String(m.args.Kubernetes),
		TemporaryNameForRotation: pulumi.String("usertmp"), Tags: m.tags(),
		UpgradeSettings: containerservice.KubernetesClusterNodePoolUpgradeSettingsArgs{MaxSurge: pulumi.String("33%")},
	}, m.opts...)
}

// dnsAddress is the tenth of the services' addresses, which is where Azure expects DNS.
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
