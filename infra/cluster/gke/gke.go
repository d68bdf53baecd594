//go:build !race

// Package gke creates a Kubernetes cluster on Google Cloud: a VPC-native network with private
// nodes, a managed control plane on a release channel, and a node pool. Autopilot clusters have no
// node pool.
//
// Names are a contract: Pulumi deletes and recreates a resource whose name changes. All children
// are named <cluster's name>-<role>.
package gke

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-gcp/sdk/v9/go/gcp"
	"github.com/pulumi/pulumi-gcp/sdk/v9/go/gcp/container"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"taskmaster/infra/cluster"
	"taskmaster/infra/config"
)

// Args are the inputs of the cluster.
type Args struct {
	config.GKE
	// Tags label the resources.
	Tags map[string]string
	// Protect makes Pulumi and Google refuse to delete the cluster.
	Protect bool
}

// Validate returns the problems of the arguments.
func (a Args) Validate() error { return a.GKE.Validate() }

// builder holds the shared inputs of a cluster's resources.
type builder struct {
	ctx  *pulumi.Context
	name string
	args Args
	opts []pulumi.ResourceOption
}

func (b builder) child(what string) string { return b.name + "-" + what }

func (b builder) labels() pulumi.StringMap { return pulumi.ToStringMap(b.args.Tags) }

// location returns the zone of a zonal cluster, otherwise the region.
func (b builder) location() pulumi.String {
	if b.args.Zone != "" {
		return pulumi.String(b.args.Zone)
	}
	return pulumi.String(b.args.Region)
}

// New registers the cluster. Its own provider has the project and region of the arguments. The
// credentials come from the gcloud command line.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*cluster.Cluster, error) {
	if err := args.Validate(); err != nil {
		return nil, err
	}
	c := &cluster.Cluster{Balancer: pulumi.StringMap{}}
	if err := ctx.RegisterComponentResource("taskmaster:cluster:GKE", name, c, opts...); err != nil {
		return nil, fmt.Errorf("register cluster %s: %w", name, err)
	}
	provider, err := gcp.NewProvider(ctx, name+"-gcp", &gcp.ProviderArgs{
		Project: pulumi.String(args.Project), Region: pulumi.String(args.Region),
	}, pulumi.Parent(c))
	if err != nil {
		return nil, fmt.Errorf("create the provider of project %s: %w", args.Project, err)
	}
	b := builder{ctx: ctx, name: name, args: args, opts: []pulumi.ResourceOption{pulumi.Parent(c), pulumi.Provider(provider)}}
	net, err := b.network()
	if err != nil {
		return nil, fmt.Errorf("create the network of cluster %s: %w", name, err)
	}
	account, err := b.nodeAccount()
	if err != nil {
		return nil, fmt.Errorf("create the service account of cluster %s: %w", name, err)
	}
	webhooks, err := b.webhooks(net, account)
	if err != nil {
		return nil, fmt.Errorf("let the control plane of cluster %s reach webhooks: %w", name, err)
	}
	control, err := b.controlPlane(net, account)
	if err != nil {
		return nil, fmt.Errorf("create the control plane of cluster %s: %w", name, err)
	}
	ready := []pulumi.Resource{control, webhooks}
	if !args.Autopilot {
		pool, err := b.nodePool(control, account)
		if err != nil {
			return nil, fmt.Errorf("create the node pool of cluster %s: %w", name, err)
		}
		ready = append(ready, pool)
	}
	return c, c.Connect(ctx, name, cluster.Access{
		Name: control.Name, Kubeconfig: kubeconfig(control), Identifier: control.ID().ToStringOutput().ToStringPtrOutput(),
	}, pulumi.DependsOn(ready))
}

func (b builder) controlPlane(net network, account nodeAccount) (*container.Cluster, error) {
	var networks container.ClusterMasterAuthorizedNetworksConfigCidrBlockArray
	for _, cidr := range b.args.APIAllowedCIDRs {
		networks = append(networks, container.ClusterMasterAuthorizedNetworksConfigCidrBlockArgs{CidrBlock: pulumi.String(cidr)})
	}
	args := &container.ClusterArgs{
		Name: pulumi.String(b.name), Location: b.location(), ResourceLabels: b.labels(), DeletionProtection: pulumi.Bool(b.args.Protect),
		Network: net.network, Subnetwork: net.subnet, NetworkingMode: pulumi.String("VPC_NATIVE"),
		IpAllocationPolicy: container.ClusterIpAllocationPolicyArgs{
			ClusterSecondaryRangeName: pulumi.String(podRange), ServicesSecondaryRangeName: pulumi.String(serviceRange),
		},
		PrivateClusterConfig: container.ClusterPrivateClusterConfigArgs{
			EnablePrivateNodes: pulumi.Bool(true), EnablePrivateEndpoint: pulumi.Bool(false),
			MasterIpv4CidrBlock: pulumi.String(b.args.Network.ControlPlane),
		},
		MasterAuthorizedNetworksConfig: container.ClusterMasterAuthorizedNetworksConfigArgs{CidrBlocks: networks},
		MasterAuth: container.ClusterMasterAuthArgs{
			ClientCertificateConfig: container.ClusterMasterAuthClientCertificateConfigArgs{IssueClientCertificate: pulumi.Bool(false)},
		},
		ReleaseChannel:         container.ClusterReleaseChannelArgs{Channel: pulumi.String(b.args.Channel)},
		WorkloadIdentityConfig: container.ClusterWorkloadIdentityConfigArgs{WorkloadPool: pulumi.String(b.args.Project + ".svc.id.goog")},
	}
	if b.args.Kubernetes != "" {
		args.MinMasterVersion = pulumi.String(b.args.Kubernetes)
	}
	if b.args.Autopilot {
		args.EnableAutopilot = pulumi.Bool(true)
		args.ClusterAutoscaling = container.ClusterClusterAutoscalingArgs{
			AutoProvisioningDefaults: container.ClusterClusterAutoscalingAutoProvisioningDefaultsArgs{ServiceAccount: account.email},
		}
	} else {
		// This data plane enforces network policies. Autopilot always uses it.
		args.DatapathProvider = pulumi.String("ADVANCED_DATAPATH")
		args.EnableShieldedNodes = pulumi.Bool(true)
		// The default pool cannot be changed without replacing the cluster. Therefore the nodes are
		// in a pool of their own.
		args.RemoveDefaultNodePool = pulumi.Bool(true)
		args.InitialNodeCount = pulumi.Int(1)
		args.NodeConfig = container.ClusterNodeConfigArgs{ServiceAccount: account.email}
	}
	ready := slices.Concat(account.roles, net.ready)
	return container.NewCluster(b.ctx, b.child("cluster"), args, append(b.opts, pulumi.DependsOn(ready), pulumi.Protect(b.args.Protect),
		// The field describes the removed pool. Google returns the values of another pool.
		pulumi.IgnoreChanges([]string{"nodeConfig"}))...)
}

// kubeconfig returns a kubeconfig that gets its token from a command. It contains no token.
func kubeconfig(control *container.Cluster) pulumi.StringOutput {
	authority := control.MasterAuth.ClusterCaCertificate().Elem()
	return pulumi.Sprintf(`apiVersion: v1
kind: Config
current-context: %[1]s
clusters:
  - name: %[1]s
    cluster:
      server: https://%[2]s
      certificate-authority-data: %[3]s
contexts:
  - name: %[1]s
    context: {cluster: %[1]s, user: %[1]s}
users:
  - name: %[1]s
    user:
      exec:
        apiVersion: client.authentication.k8s.io/v1
        command: gke-gcloud-auth-plugin
        interactiveMode: Never
        provideClusterInfo: true
`, control.Name, control.Endpoint, authority)
}
