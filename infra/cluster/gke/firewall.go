//go:build !race

package gke

import (
	"fmt"

	"github.com/pulumi/pulumi-gcp/sdk/v9/go/gcp/compute"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// webhookPorts are the ports of Dapr's webhooks on its pods: the injector of sidecars and the
// conversion of resources. cert-manager's webhook uses 10250, which Google's own rule allows.
var webhookPorts = []string{"4000", "19443"}

// webhooks lets the control plane reach the webhooks of the pods. By default it reaches only ports
// 443 and 10250 of private nodes, and no pod with a sidecar could start:
// https://cloud.google.com/kubernetes-engine/docs/how-to/latest/network-isolation
func (b builder) webhooks(net network, account nodeAccount) (pulumi.Resource, error) {
	rule, err := compute.NewFirewall(b.ctx, b.child("webhooks"), &compute.FirewallArgs{
		Name: pulumi.String(b.child("webhooks")), Description: pulumi.String("Control plane to the webhooks of Dapr"),
		Network: net.network, Direction: pulumi.String("INGRESS"),
		SourceRanges:          pulumi.ToStringArray([]string{b.args.Network.ControlPlane}),
		TargetServiceAccounts: pulumi.StringArray{account.email},
		Allows: compute.FirewallAllowArray{compute.FirewallAllowArgs{
			Protocol: pulumi.String("tcp"), Ports: pulumi.ToStringArray(webhookPorts),
		}},
	}, b.opts...)
	if err != nil {
		return nil, fmt.Errorf("firewall rule: %w", err)
	}
	return rule, nil
}
