//go:build !race

package oke

import (
	"fmt"

	"github.com/pulumi/pulumi-oci/sdk/go/oci/core"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// network holds the IDs of the cluster's network.
type network struct {
	vcn                                         pulumi.StringOutput
	controlPlane, nodes, balancers              pulumi.StringOutput // subnets
	controlPlaneGroup, nodeGroup, balancerGroup pulumi.StringOutput // network security groups
}

// network creates the VCN. Workers are in a private subnet. They reach the internet through a NAT
// gateway and Oracle's services through a service gateway. The API server and load balancers are in
// public subnets. Every subnet's security list is empty, so that only the security groups decide.
func (b builder) network(invoke []pulumi.InvokeOption) (network, error) {
	compartment := pulumi.String(b.args.Compartment)
	vcn, err := core.NewVcn(b.ctx, b.child("vcn"), &core.VcnArgs{
		CompartmentId: compartment, CidrBlocks: pulumi.StringArray{pulumi.String(b.args.Network.CIDR)},
		DisplayName: pulumi.String(b.name), DnsLabel: pulumi.String("taskmaster"), FreeformTags: b.tags(),
	}, b.opts...)
	if err != nil {
		return network{}, fmt.Errorf("VCN: %w", err)
	}
	net := network{vcn: vcn.ID().ToStringOutput()}
	public, private, err := b.routes(net.vcn, invoke)
	if err != nil {
		return network{}, err
	}
	closed, err := core.NewSecurityList(b.ctx, b.child("closed"), &core.SecurityListArgs{
		CompartmentId: compartment, VcnId: net.vcn, DisplayName: pulumi.String(b.child("closed")), FreeformTags: b.tags(),
	}, b.opts...)
	if err != nil {
		return network{}, fmt.Errorf("create the security list: %w", err)
	}
	subnets := []struct {
		what, label, cidr string
		routes            pulumi.StringOutput
		private           bool
		id                *pulumi.StringOutput
	}{
		{"control-plane", "api", b.args.Network.ControlPlane, public, false, &net.controlPlane},
		{"balancers", "balancers", b.args.Network.Balancers, public, false, &net.balancers},
		{"nodes", "nodes", b.args.Network.Nodes, private, true, &net.nodes},
	}
	for _, s := range subnets {
		subnet, err := core.NewSubnet(b.ctx, b.child(s.what), &core.SubnetArgs{
			CompartmentId: compartment, VcnId: net.vcn, CidrBlock: pulumi.String(s.cidr),
			DisplayName: pulumi.String(b.child(s.what)), DnsLabel: pulumi.String(s.label),
			RouteTableId: s.routes, SecurityListIds: pulumi.StringArray{closed.ID()},
			ProhibitPublicIpOnVnic: pulumi.Bool(s.private), ProhibitInternetIngress: pulumi.Bool(s.private), FreeformTags: b.tags(),
		}, b.opts...)
		if err != nil {
			return network{}, fmt.Errorf("subnet %s: %w", s.what, err)
		}
		*s.id = subnet.ID().ToStringOutput()
	}
	return net, b.securityGroups(&net)
}

// routes creates the gateways and returns the public and the private route table.
func (b builder) routes(vcn pulumi.StringOutput, invoke []pulumi.InvokeOption) (public, private pulumi.StringOutput, err error) {
	compartment, name := pulumi.String(b.args.Compartment), func(what string) pulumi.String { return pulumi.String(b.child(what)) }
	internet, err := core.NewInternetGateway(b.ctx, b.child("internet"), &core.InternetGatewayArgs{
		CompartmentId: compartment, VcnId: vcn, DisplayName: name("internet"), FreeformTags: b.tags(),
	}, b.opts...)
	if err != nil {
		return public, private, fmt.Errorf("create the internet gateway: %w", err)
	}
	nat, err := core.NewNatGateway(b.ctx, b.child("nat"), &core.NatGatewayArgs{
		CompartmentId: compartment, VcnId: vcn, DisplayName: name("nat"), FreeformTags: b.tags(),
	}, b.opts...)
	if err != nil {
		return public, private, fmt.Errorf("create the NAT gateway: %w", err)
	}
	all, err := oracleServices(b.ctx, invoke)
	if err != nil {
		return public, private, err
	}
	services, err := core.NewServiceGateway(b.ctx, b.child("services"), &core.ServiceGatewayArgs{
		CompartmentId: compartment, VcnId: vcn, DisplayName: name("services"), FreeformTags: b.tags(),
		Services: core.ServiceGatewayServiceArray{core.ServiceGatewayServiceArgs{ServiceId: pulumi.String(all.Id)}},
	}, b.opts...)
	if err != nil {
		return public, private, fmt.Errorf("create the service gateway: %w", err)
	}
	rule := func(destination, kind string, gateway pulumi.StringInput) core.RouteTableRouteRuleArgs {
		return core.RouteTableRouteRuleArgs{
			Destination: pulumi.String(destination), DestinationType: pulumi.String(kind), NetworkEntityId: gateway,
		}
	}
	publicTable, err := core.NewRouteTable(b.ctx, b.child("public"), &core.RouteTableArgs{
		CompartmentId: compartment, VcnId: vcn, DisplayName: name("public"), FreeformTags: b.tags(),
		RouteRules: core.RouteTableRouteRuleArray{rule(anywhere, "CIDR_BLOCK", internet.ID())},
	}, b.opts...)
	if err != nil {
		return public, private, fmt.Errorf("create the public route table: %w", err)
	}
	privateTable, err := core.NewRouteTable(b.ctx, b.child("private"), &core.RouteTableArgs{
		CompartmentId: compartment, VcnId: vcn, DisplayName: name("private"), FreeformTags: b.tags(),
		RouteRules: core.RouteTableRouteRuleArray{
			rule(anywhere, "CIDR_BLOCK", nat.ID()), rule(all.CidrBlock, "SERVICE_CIDR_BLOCK", services.ID()),
		},
	}, b.opts...)
	if err != nil {
		return public, private, fmt.Errorf("create the private route table: %w", err)
	}
	return publicTable.ID().ToStringOutput(), privateTable.ID().ToStringOutput(), nil
}

// oracleServices looks up the entry for all services of the region's Oracle Services Network.
func oracleServices(ctx *pulumi.Context, invoke []pulumi.InvokeOption) (core.GetServicesService, error) {
	regex := true
	found, err := core.GetServices(ctx, &core.GetServicesArgs{Filters: []core.GetServicesFilter{
		{Name: "name", Regex: &regex, Values: []string{"All .* Services In Oracle Services Network"}},
	}}, invoke...)
	if err != nil {
		return core.GetServicesService{}, fmt.Errorf("look up Oracle's services: %w", err)
	}
	if len(found.Services) == 0 {
		return core.GetServicesService{}, fmt.Errorf("look up Oracle's services: the region has no %q", "All Services In Oracle Services Network")
	}
	return found.Services[0], nil
}
