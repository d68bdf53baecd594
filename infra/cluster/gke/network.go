//go:build !race

package gke

import (
	"fmt"

	"github.com/pulumi/pulumi-gcp/sdk/v9/go/gcp/compute"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// These are the names of the subnet's secondary ranges.
const (
	podRange     = "pods"
	serviceRange = "services"
)

// network holds the network of the cluster.
type network struct {
	network, subnet pulumi.StringOutput
	// ready are the resources that private nodes require.
	ready []pulumi.Resource
}

// network creates a VPC with one subnet. Private nodes reach the internet through its NAT gateway.
func (b builder) network() (network, error) {
	vpc, err := compute.NewNetwork(b.ctx, b.child("network"), &compute.NetworkArgs{
		Name: pulumi.String(b.name), AutoCreateSubnetworks: pulumi.Bool(false), RoutingMode: pulumi.String("REGIONAL"),
	}, b.opts...)
	if err != nil {
		return network{}, fmt.Errorf("VPC: %w", err)
	}
	subnet, err := compute.NewSubnetwork(b.ctx, b.child("nodes"), &compute.SubnetworkArgs{
		Name: pulumi.String(b.child("nodes")), Network: vpc.ID(), Region: pulumi.String(b.args.Region),
		IpCidrRange: pulumi.String(b.args.Network.Nodes), PrivateIpGoogleAccess: pulumi.Bool(true),
		SecondaryIpRanges: compute.SubnetworkSecondaryIpRangeArray{
			compute.SubnetworkSecondaryIpRangeArgs{RangeName: pulumi.String(podRange), IpCidrRange: pulumi.String(b.args.Network.Pods)},
			compute.SubnetworkSecondaryIpRangeArgs{RangeName: pulumi.String(serviceRange), IpCidrRange: pulumi.String(b.args.Network.Services)},
		},
	}, b.opts...)
	if err != nil {
		return network{}, fmt.Errorf("subnet: %w", err)
	}
	router, err := compute.NewRouter(b.ctx, b.child("router"), &compute.RouterArgs{
		Name: pulumi.String(b.name), Network: vpc.ID(), Region: pulumi.String(b.args.Region),
	}, b.opts...)
	if err != nil {
		return network{}, fmt.Errorf("router: %w", err)
	}
	nat, err := compute.NewRouterNat(b.ctx, b.child("nat"), &compute.RouterNatArgs{
		Name: pulumi.String(b.name), Router: router.Name, Region: pulumi.String(b.args.Region),
		NatIpAllocateOption: pulumi.String("AUTO_ONLY"), SourceSubnetworkIpRangesToNat: pulumi.String("ALL_SUBNETWORKS_ALL_IP_RANGES"),
		LogConfig: compute.RouterNatLogConfigArgs{Enable: pulumi.Bool(true), Filter: pulumi.String("ERRORS_ONLY")},
	}, b.opts...)
	if err != nil {
		return network{}, fmt.Errorf("create the NAT gateway: %w", err)
	}
	return network{network: vpc.ID().ToStringOutput(), subnet: subnet.ID().ToStringOutput(), ready: []pulumi.Resource{nat}}, nil
}
