package oke

import (
	"fmt"

	"github.com/pulumi/pulumi-oci/sdk/go/oci/core"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// network is the ids of what the cluster is put into.
type network struct {
	vcn                                         pulumi.StringOutput
	controlPlane, nodes, balancers              pulumi.StringOutput // subnets
	controlPlaneGroup, nodeGroup, balancerGroup pulumi.StringOutput // network security groups
}

// network makes the VCN: workers in a private subnet that reach the internet through a NAT gateway and Oracle's services
// through a service gateway; the API server and load balancers in public ones. Every subnet's security list is empty, so
// that the security groups alone decide.
func (m maker) network(invoke []pulumi.InvokeOption) (network, error) {
	compartment := pulumi.String(m.args.Compartment)
	vcn, err := core.NewVcn(m.ctx, m.child("vcn"), &core.VcnArgs{
		CompartmentId: compartment, CidrBlocks: pulumi.StringArray{pulumi.String(m.args.Network.CIDR)},
		DisplayName: pulumi.String(m.name), DnsLabel: pulumi.String("taskmaster"), FreeformTags: m.tags(),
	}, m.opts...)
	if err != nil {
		return network{}, fmt.Errorf("VCN: %w", err)
	}
	net := network{vcn: vcn.ID().ToStringOutput()}
	public, private, err := m.routes(net.vcn, invoke)
	if err != nil {
		return network{}, err
	}
	closed, err := core.NewSecurityList(m.ctx, m.child("closed"), &core.SecurityListArgs{
		CompartmentId: compartment, VcnId: net.vcn, DisplayName: pulumi.String(m.child("closed")), FreeformTags: m.tags(),
	}, m.opts...)
	if err != nil {
		return network{}, fmt.Errorf("security list: %w", err)
	}
	subnets := []struct {
		what, label, cidr string
		routes            pulumi.StringOutput
		private           bool
		id                *pulumi.StringOutput
	}{
		{"control-plane", "api", m.args.Network.ControlPlane, public, false, &net.controlPlane},
		{"balancers", "balancers", m.args.Network.Balancers, public, false, &net.balancers},
		{"nodes", "nodes", m.args.Network.Nodes, private, true, &net.nodes},
	}
	for _, s := range subnets {
		subnet, err := core.NewSubnet(m.ctx, m.child(s.what), &core.SubnetArgs{
			CompartmentId: compartment, VcnId: net.vcn, CidrBlock: pulumi.String(s.cidr),
			DisplayName: pulumi.String(m.child(s.what)), DnsLabel: pulumi.String(s.label),
			RouteTableId: s.routes, SecurityListIds: pulumi.StringArray{closed.ID()},
			ProhibitPublicIpOnVnic: pulumi.Bool(s.private), ProhibitInternetIngress: pulumi.Bool(s.private), FreeformTags: m.tags(),
		}, m.opts...)
		if err != nil {
			return network{}, fmt.Errorf("subnet %s: %w", s.what, err)
		}
		*s.id = subnet.ID().ToStringOutput()
	}
	return net, m.securityGroups(&net)
}

// routes makes the gateways and returns the public and the private route table.
func (m maker) routes(vcn pulumi.StringOutput, invoke []pulumi.InvokeOption) (public, private pulumi.StringOutput, err error) {
	compartment, name := pulumi.String(m.args.Compartment), func(what string) pulumi.String { return pulumi.String(m.child(what)) }
	internet, err := core.NewInternetGateway(m.ctx, m.child("internet"), &core.InternetGatewayArgs{
		CompartmentId: compartment, VcnId: vcn, DisplayName: name("internet"), FreeformTags: m.tags(),
	}, m.opts...)
	if err != nil {
		return public, private, fmt.Errorf("internet gateway: %w", err)
	}
	nat, err := core.NewNatGateway(m.ctx, m.child("nat"), &core.NatGatewayArgs{
		CompartmentId: compartment, VcnId: vcn, DisplayName: name("nat"), FreeformTags: m.tags(),
	}, m.opts...)
	if err != nil {
		return public, private, fmt.Errorf("NAT gateway: %w", err)
	}
	all, err := oracleServices(m.ctx, invoke)
	if err != nil {
		return public, private, err
	}
	services, err := core.NewServiceGateway(m.ctx, m.child("services"), &core.ServiceGatewayArgs{
		CompartmentId: compartment, VcnId: vcn, DisplayName: name("services"), FreeformTags: m.tags(),
		Services: core.ServiceGatewayServiceArray{core.ServiceGatewayServiceArgs{ServiceId: pulumi.String(all.Id)}},
	}, m.opts...)
	if err != nil {
		return public, private, fmt.Errorf("service gateway: %w", err)
	}
	rule := func(destination, kind string, gateway pulumi.StringInput) core.RouteTableRouteRuleArgs {
		return core.RouteTableRouteRuleArgs{
			Destination: pulumi.String(destination), DestinationType: pulumi.String(kind), NetworkEntityId: gateway,
		}
	}
	publicTable, err := core.NewRouteTable(m.ctx, m.child("public"), &core.RouteTableArgs{
		CompartmentId: compartment, VcnId: vcn, DisplayName: name("public"), FreeformTags: m.tags(),
		RouteRules: core.RouteTableRouteRuleArray{rule(anywhere, "CIDR_BLOCK", internet.ID())},
	}, m.opts...)
	if err != nil {
		return public, private, fmt.Errorf("public route table: %w", err)
	}
	privateTable, err := core.NewRouteTable(m.ctx, m.child("private"), &core.RouteTableArgs{
		CompartmentId: compartment, VcnId: vcn, DisplayName: name("private"), FreeformTags: m.tags(),
		RouteRules: core.RouteTableRouteRuleArray{
			rule(anywhere, "CIDR_BLOCK", nat.ID()), rule(all.CidrBlock, "SERVICE_CIDR_BLOCK", services.ID()),
		},
	}, m.opts...)
	if err != nil {
		return public, private, fmt.Errorf("private route table: %w", err)
	}
	return publicTable.ID().ToStringOutput(), privateTable.ID().ToStringOutput(), nil
}

// oracleServices looks the region's services up: all that the Oracle Services Network has.
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
