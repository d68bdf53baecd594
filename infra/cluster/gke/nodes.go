//go:build !race

package gke

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi-gcp/sdk/v9/go/gcp/container"
	"github.com/pulumi/pulumi-gcp/sdk/v9/go/gcp/projects"
	"github.com/pulumi/pulumi-gcp/sdk/v9/go/gcp/serviceaccount"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// maxAccount is Google's limit for the length of a service account's name.
const maxAccount = 30

// nodeAccount is the service account of the nodes. Google's default account may do nearly
// everything in the project.
type nodeAccount struct {
	email pulumi.StringOutput
	roles []pulumi.Resource
}

// nodeRoles lets nodes write logs and metrics, and pull images from the project's registries.
var nodeRoles = map[string]string{
	"node-role":     "roles/container.defaultNodeServiceAccount",
	"node-registry": "roles/artifactregistry.reader",
}

func (b builder) nodeAccount() (nodeAccount, error) {
	id := b.child("nodes")
	if len(id) > maxAccount {
		return nodeAccount{}, fmt.Errorf("%q is longer than the %d characters that Google allows: choose a shorter stack name", id, maxAccount)
	}
	account, err := serviceaccount.NewAccount(b.ctx, b.child("node-account"), &serviceaccount.AccountArgs{
		AccountId: pulumi.String(id), DisplayName: pulumi.String("Nodes of " + b.name),
	}, b.opts...)
	if err != nil {
		return nodeAccount{}, err
	}
	made := nodeAccount{email: account.Email}
	for _, name := range slices.Sorted(maps.Keys(nodeRoles)) {
		role, err := projects.NewIAMMember(b.ctx, b.child(name), &projects.IAMMemberArgs{
			Project: pulumi.String(b.args.Project), Role: pulumi.String(nodeRoles[name]),
			Member: pulumi.Sprintf("serviceAccount:%s", account.Email),
		}, b.opts...)
		if err != nil {
			return nodeAccount{}, fmt.Errorf("role: %w", err)
		}
		made.roles = append(made.roles, role)
	}
	return made, nil
}

// nodePool creates the nodes without public addresses. Google encrypts their disks.
func (b builder) nodePool(control *container.Cluster, account nodeAccount) (*container.NodePool, error) {
	nodes := b.args.Nodes
	return container.NewNodePool(b.ctx, b.child("nodepool"), &container.NodePoolArgs{
		Name: pulumi.String(b.name), Cluster: control.ID(), Location: b.location(), InitialNodeCount: pulumi.Int(nodes.Min),
		Autoscaling:   container.NodePoolAutoscalingArgs{MinNodeCount: pulumi.Int(nodes.Min), MaxNodeCount: pulumi.Int(nodes.Max)},
		NetworkConfig: container.NodePoolNetworkConfigArgs{EnablePrivateNodes: pulumi.Bool(true)},
		Management:    container.NodePoolManagementArgs{AutoRepair: pulumi.Bool(true), AutoUpgrade: pulumi.Bool(true)},
		// An upgrade adds a node before it removes one.
		UpgradeSettings: container.NodePoolUpgradeSettingsArgs{MaxSurge: pulumi.Int(1), MaxUnavailable: pulumi.Int(0)},
		NodeConfig: container.NodePoolNodeConfigArgs{
			MachineType: pulumi.String(nodes.Machine), DiskSizeGb: pulumi.Int(nodes.DiskGB), DiskType: pulumi.String("pd-balanced"),
			ServiceAccount: account.email, OauthScopes: pulumi.StringArray{pulumi.String("https://www.googleapis.com/auth/cloud-platform")},
			ResourceLabels: b.labels(), Labels: b.labels(),
			ShieldedInstanceConfig: container.NodePoolNodeConfigShieldedInstanceConfigArgs{
				EnableSecureBoot: pulumi.Bool(true), EnableIntegrityMonitoring: pulumi.Bool(true),
			},
			WorkloadMetadataConfig: container.NodePoolNodeConfigWorkloadMetadataConfigArgs{Mode: pulumi.String("GKE_METADATA")},
		},
	}, append(b.opts, pulumi.IgnoreChanges([]string{"initialNodeCount"}))...)
}
