package gke

import (
	"fmt"

	"github.com/pulumi/pulumi-gcp/sdk/v9/go/gcp/compute"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// The names of the subnet's secondary ranges.
const (
	podRange     = "pods"
	serviceRange = "services"
)

// network is what the cluster is put into.
type network struct {
	network, subnet pulumi.StringOutput
	// ready is what private nodes cannot do without.
	ready []pulumi.Resource
}

// network makes a VPC with one subnet, and a NAT gateway through which its private nodes reach the internet.
func (m maker) network() (network, error) {
	vpc, err := compute.NewNetwork(m.ctx, m.child("network"), &compute.NetworkArgs{
		Name: pulumi.String(m.name), AutoCreateSubnetworks: pulumi.Bool(false), RoutingMode: pulumi.String("REGIONAL"),
	}, m.opts...)
	if err != nil {
		return network{}, fmt.Errorf("VPC: %w", err)
	}
	subnet, err := compute.NewSubnetwork(m.ctx, m.child("nodes"), &compute.SubnetworkArgs{
		Name: pulumi.String(m.child("nodes")), Network: vpc.ID(), Region: pulumi.String(m.args.Region),
		IpCidrRange: pulumi.String(m.args.Network.Nodes), PrivateIpGoogleAccess: pulumi.Bool(true),
		SecondaryIpRanges: compute.SubnetworkSecondaryIpRangeArray{
			compute.SubnetworkSecondaryIpRangeArgs{RangeName: pulumi.String(podRange), IpCidrRange: pulumi.String(m.args.Network.Pods)},
			compute.SubnetworkSecondaryIpRangeArgs{RangeName: pulumi.String(serviceRange), IpCidrRange: pulumi.String(m.args.Network.Services)},
		},
	}, m.opts...)
	if err != nil {
		return network{}, fmt.Errorf("subnet: %w", err)
	}
	router, err := compute.NewRouter(m.ctx, m.child("router"), &compute.RouterArgs{
		Name: pulumi.String(m.name), Network: vpc.ID(), Region: pulumi.String(m.args.Region),
	}, m.opts...)
	if err != nil {
		return network{}, fmt.Errorf("router: %w", err)
	}
	nat, err := compute.NewRouterNat(m.ctx, m.child("nat"), &compute.RouterNatArgs{
		Name: pulumi.String(m.name), Router: router.Name, Region: pulumi.String(m.args.Region),
		NatIpAllocateOption: pulumi.String("AUTO_ONLY"), SourceSubnetworkIpRangesToNat: pulumi.String("ALL_SUBNETWORKS_ALL_IP_RANGES"),
		LogConfig: compute.RouterNatLogConfigArgs{Enable: pulumi.Bool(true), Filter: pulumi.String("ERRORS_ONLY")},
	}, m.opts...)
	if err != nil {
		return network{}, fmt.Errorf("NAT gateway: %w", err)
	}
	return network{network: vpc.ID().ToStringOutput(), subnet: subnet.ID().ToStringOutput(), ready: []pulumi.Resource{nat}}, nil
}
