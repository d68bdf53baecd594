//go:build !race

package oke

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-oci/sdk/go/oci/core"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	anywhere = "0.0.0.0/0"

	// These are IANA protocol numbers in OCI's format.
	icmp = "1"
	tcp  = "6"
	all  = "all"
)

// rule allows traffic between a security group and another group or a network.
type rule struct {
	name     string
	group    pulumi.StringOutput // the group that the rule belongs to
	ingress  bool
	peer     pulumi.StringInput // the ID of a group, or a network
	network  bool               // peer is a network
	protocol string
	from, to int // ports; 0 means any
}

// securityGroups creates security groups for the API server, the workers and the load balancers.
// The rules are Oracle's documented ones for a public API server, private workers and flannel:
// https://docs.oracle.com/iaas/Content/ContEng/Concepts/contengnetworkconfigexample.htm
func (b builder) securityGroups(net *network) error {
	for _, g := range []struct {
		what string
		id   *pulumi.StringOutput
	}{{"api", &net.controlPlaneGroup}, {"workers", &net.nodeGroup}, {"edge", &net.balancerGroup}} {
		group, err := core.NewNetworkSecurityGroup(b.ctx, b.child(g.what), &core.NetworkSecurityGroupArgs{
			CompartmentId: pulumi.String(b.args.Compartment), VcnId: net.vcn, DisplayName: pulumi.String(b.child(g.what)), FreeformTags: b.tags(),
		}, b.opts...)
		if err != nil {
			return fmt.Errorf("create security group %s: %w", g.what, err)
		}
		*g.id = group.ID().ToStringOutput()
	}
	for _, r := range b.rules(*net) {
		if err := b.securityRule(r); err != nil {
			return fmt.Errorf("create security rule %s: %w", r.name, err)
		}
	}
	return nil
}

func (b builder) rules(net network) []rule {
	api, nodes, edge, world := net.controlPlaneGroup, net.nodeGroup, net.balancerGroup, pulumi.String(anywhere)
	rules := []rule{
		{name: "api-from-workers", group: api, ingress: true, peer: nodes, protocol: tcp, from: 6443, to: 6443},
		{name: "api-from-workers-control", group: api, ingress: true, peer: nodes, protocol: tcp, from: 12250, to: 12250},
		{name: "api-to-workers", group: api, peer: nodes, protocol: all},
		{name: "api-to-services", group: api, peer: world, network: true, protocol: tcp, from: 443, to: 443},
		{name: "workers-from-workers", group: nodes, ingress: true, peer: nodes, protocol: all},
		{name: "workers-from-api", group: nodes, ingress: true, peer: api, protocol: all},
		{name: "workers-from-edge", group: nodes, ingress: true, peer: edge, protocol: tcp, from: 30000, to: 32767},
		// The network load balancer keeps the addresses of clients, so that requests come from
		// anywhere. The workers have no public addresses, so that nobody reaches them directly.
		{name: "workers-from-clients", group: nodes, ingress: true, peer: world, network: true, protocol: tcp, from: 30000, to: 32767},
		{name: "workers-from-edge-health", group: nodes, ingress: true, peer: edge, protocol: tcp, from: 10256, to: 10256},
		// Path MTU discovery needs these (RFC 1191). No other traffic from outside is allowed.
		{name: "workers-from-path", group: nodes, ingress: true, peer: world, network: true, protocol: icmp},
		{name: "api-from-path", group: api, ingress: true, peer: world, network: true, protocol: icmp},
		// Webhooks, push services and mail servers can have any address, and so can the broker and
		// the database.
		{name: "workers-to-world", group: nodes, peer: world, network: true, protocol: all},
		{name: "edge-http", group: edge, ingress: true, peer: world, network: true, protocol: tcp, from: 80, to: 80},
		{name: "edge-https", group: edge, ingress: true, peer: world, network: true, protocol: tcp, from: 443, to: 443},
		{name: "edge-to-workers", group: edge, peer: nodes, protocol: tcp, from: 30000, to: 32767},
		{name: "edge-to-workers-health", group: edge, peer: nodes, protocol: tcp, from: 10256, to: 10256},
	}
	for _, cidr := range b.args.APIAllowedCIDRs {
		name := "api-from-" + strings.NewReplacer(".", "-", "/", "-").Replace(cidr)
		rules = append(rules, rule{name: name, group: api, ingress: true, peer: pulumi.String(cidr), network: true, protocol: tcp, from: 6443, to: 6443})
	}
	return rules
}

func (b builder) securityRule(r rule) error {
	kind := pulumi.String("NETWORK_SECURITY_GROUP")
	if r.network {
		kind = "CIDR_BLOCK"
	}
	args := &core.NetworkSecurityGroupSecurityRuleArgs{
		NetworkSecurityGroupId: r.group, Protocol: pulumi.String(r.protocol), Description: pulumi.String(r.name),
	}
	if r.ingress {
		args.Direction, args.Source, args.SourceType = pulumi.String("INGRESS"), r.peer.ToStringOutput(), kind
	} else {
		args.Direction, args.Destination, args.DestinationType = pulumi.String("EGRESS"), r.peer.ToStringOutput(), kind
	}
	if r.from != 0 {
		args.TcpOptions = core.NetworkSecurityGroupSecurityRuleTcpOptionsArgs{
			DestinationPortRange: core.NetworkSecurityGroupSecurityRuleTcpOptionsDestinationPortRangeArgs{
				Min: pulumi.Int(r.from), Max: pulumi.Int(r.to),
			},
		}
	}
	if r.protocol == icmp {
		args.IcmpOptions = core.NetworkSecurityGroupSecurityRuleIcmpOptionsArgs{Type: pulumi.Int(3), Code: pulumi.Int(4)}
	}
	_, err := core.NewNetworkSecurityGroupSecurityRule(b.ctx, b.child(r.name), args, b.opts...)
	return err
}
