// Package gke makes a Kubernetes cluster on Google Cloud: a VPC-native network with private nodes, a managed control plane
// on a release channel, and a node pool, unless Autopilot brings its own nodes.
//
// Names are a contract: a resource <name> is deleted and made anew when its name changes. All children are called
// <cluster's name>-<what it is>.
package gke

import (
	"fmt"

	"github.com/pulumi/pulumi-gcp/sdk/v9/go/gcp"
	"github.com/pulumi/pulumi-gcp/sdk/v9/go/gcp/container"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"taskmaster/infra/cluster"
	"taskmaster/infra/config"
)

// Args is what the cluster is made from.
type Args struct {
	config.GKE
	// Tags name what the resources belong to.
	Tags map[string]string
	// Protect makes Pulumi, and Google, refuse to delete the cluster.
	Protect bool
}

// Validate returns what is wrong with the arguments.
func (a Args) Validate() error { return a.GKE.Validate() }

// maker holds what all resources of one cluster share.
type maker struct {
	ctx  *pulumi.Context
	name string
	args Args
	opts []pulumi.ResourceOption
}

func (m maker) child(what string) string { return m.name + "-" + what }

func (m maker) labels() pulumi.StringMap { return pulumi.ToStringMap(m.args.Tags) }

// location is the zone of a zonal cluster, else the region.
func (m maker) location() pulumi.String {
	if m.args.Zone != "" {
		return pulumi.String(m.args.Zone)
	}
	return pulumi.String(m.args.Region)
}

// New registers the cluster. Its own provider has the project and region of the arguments; credentials are those of the
// gcloud command line.
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
		return nil, fmt.Errorf("make the provider of project %s: %w", args.Project, err)
	}
	m := maker{ctx: ctx, name: name, args: args, opts: []pulumi.ResourceOption{pulumi.Parent(c), pulumi.Provider(provider)}}
	net, err := m.network()
	if err != nil {
		return nil, fmt.Errorf("network of cluster %s: %w", name, err)
	}
	account, err := m.nodeAccount()
	if err != nil {
		return nil, fmt.Errorf("service account of cluster %s: %w", name, err)
	}
	control, err := m.controlPlane(net, account)
	if err != nil {
		return nil, fmt.Errorf("control plane of cluster %s: %w", name, err)
	}
	ready := []pulumi.Resource{control}
	if !args.Autopilot {
		pool, err := m.nodePool(control, account)
		if err != nil {
			return nil, fmt.Errorf("node pool of cluster %s: %w", name, err)
		}
		ready = append(ready, pool)
	}
	return c, c.Connect(ctx, name, cluster.Access{
		Name: control.Name, Kubeconfig: kubeconfig(control), Identifier: control.ID().ToStringOutput().ToStringPtrOutput(),
	}, pulumi.DependsOn(ready))
}

func (m maker) controlPlane(net network, account nodeAccount) (*container.Cluster, error) {
	var networks container.ClusterMasterAuthorizedNetworksConfigCidrBlockArray
	for _, cidr := range m.args.APIAllowedCIDRs {
		networks = append(networks, container.ClusterMasterAuthorizedNetworksConfigCidrBlockArgs{CidrBlock: pulumi.String(cidr)})
	}
	args := &container.ClusterArgs{
		Name: pulumi.String(m.name), Location: m.location(), ResourceLabels: m.labels(), DeletionProtection: pulumi.Bool(m.args.Protect),
		Network: net.network, Subnetwork: net.subnet, NetworkingMode: pulumi.String("VPC_NATIVE"),
		IpAllocationPolicy: container.ClusterIpAllocationPolicyArgs{
			ClusterSecondaryRangeName: pulumi.String(podRange), ServicesSecondaryRangeName: pulumi.String(serviceRange),
		},
		PrivateClusterConfig: container.ClusterPrivateClusterConfigArgs{
			EnablePrivateNodes: pulumi.Bool(true), EnablePrivateEndpoint: pulumi.Bool(false),
			MasterIpv4CidrBlock: pulumi.String(m.args.Network.ControlPlane),
		},
		MasterAuthorizedNetworksConfig: container.ClusterMasterAuthorizedNetworksConfigArgs{CidrBlocks: networks},
		MasterAuth: container.ClusterMasterAuthArgs{
			ClientCertificateConfig: container.ClusterMasterAuthClientCertificateConfigArgs{IssueClientCertificate: pulumi.Bool(false)},
		},
		ReleaseChannel:         container.ClusterReleaseChannelArgs{Channel: pulumi.String(m.args.Channel)},
		WorkloadIdentityConfig: container.ClusterWorkloadIdentityConfigArgs{WorkloadPool: pulumi.String(m.args.Project + ".svc.id.goog")},
	}
	if m.args.Kubernetes != "" {
		args.MinMasterVersion = pulumi.String(m.args.Kubernetes)
	}
	if m.args.Autopilot {
		args.EnableAutopilot = pulumi.Bool(true)
		args.ClusterAutoscaling = container.ClusterClusterAutoscalingArgs{
			AutoProvisioningDefaults: container.ClusterClusterAutoscalingAutoProvisioningDefaultsArgs{ServiceAccount: account.email},
		}
	} else {
		// Network policies are enforced by this data plane, which Autopilot always has.
		args.DatapathProvider = pulumi.String("ADVANCED_DATAPATH")
		args.EnableShieldedNodes = pulumi.Bool(true)
		// The first pool cannot be changed without the cluster, so the nodes are in one of their own.
		args.RemoveDefaultNodePool = pulumi.Bool(true)
		args.InitialNodeCount = pulumi.Int(1)
		args.NodeConfig = container.ClusterNodeConfigArgs{ServiceAccount: account.email}
	}
	ready := append([]pulumi.Resource{account.role}, net.ready...)
	return container.NewCluster(m.ctx, m.child("cluster"), args, append(m.opts, pulumi.DependsOn(ready), pulumi.Protect(m.args.Protect),
		// It describes the pool that was removed, and Google answers with another's.
		pulumi.IgnoreChanges([]string{"nodeConfig"}))...)
}

// kubeconfig names the cluster and how to get a token; it holds none.
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
