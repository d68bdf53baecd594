//go:build clouds

package program

import "github.com/pulumi/pulumi/sdk/v3/go/common/resource"

// kind describes a type of resource: its required inputs (the SDK checks only the top level), and
// outputs that are not inputs.
type kind struct {
	required []string
	outputs  resource.PropertyMap
}

func needs(required ...string) kind { return kind{required: required} }

func gives(outputs map[string]any, required ...string) kind {
	return kind{required: required, outputs: resource.NewPropertyMapFromMap(outputs)}
}

var kinds = map[string]kind{
	"pulumi:providers:kubernetes": needs("kubeconfig", "clusterIdentifier"),
	"pulumi:providers:oci":        needs("region"),
	"pulumi:providers:azure":      needs("subscriptionId"),
	"pulumi:providers:gcp":        needs("project", "region"),

	"oci:Core/vcn:Vcn":                                                           needs("compartmentId", "cidrBlocks.*", "displayName"),
	"oci:Core/internetGateway:InternetGateway":                                   needs("compartmentId", "vcnId"),
	"oci:Core/natGateway:NatGateway":                                             needs("compartmentId", "vcnId"),
	"oci:Core/serviceGateway:ServiceGateway":                                     needs("compartmentId", "vcnId", "services.*.serviceId"),
	"oci:Core/routeTable:RouteTable":                                             needs("compartmentId", "vcnId", "routeRules.*.networkEntityId", "routeRules.*.destination", "routeRules.*.destinationType"),
	"oci:Core/securityList:SecurityList":                                         needs("compartmentId", "vcnId"),
	"oci:Core/subnet:Subnet":                                                     needs("compartmentId", "vcnId", "cidrBlock", "routeTableId", "securityListIds.*"),
	"oci:Core/networkSecurityGroup:NetworkSecurityGroup":                         needs("compartmentId", "vcnId"),
	"oci:Core/networkSecurityGroupSecurityRule:NetworkSecurityGroupSecurityRule": needs("networkSecurityGroupId", "direction", "protocol"),
	"oci:ContainerEngine/cluster:Cluster": needs("compartmentId", "kubernetesVersion", "vcnId", "endpointConfig.subnetId",
		"endpointConfig.nsgIds.*", "clusterPodNetworkOptions.*.cniType", "options.serviceLbSubnetIds.*"),
	"oci:ContainerEngine/nodePool:NodePool": needs("clusterId", "compartmentId", "nodeShape", "kubernetesVersion",
		"nodeConfigDetails.size", "nodeConfigDetails.nsgIds.*", "nodeConfigDetails.placementConfigs.*.subnetId",
		"nodeConfigDetails.placementConfigs.*.availabilityDomain", "nodeSourceDetails.imageId", "nodeSourceDetails.sourceType",
		"nodeShapeConfig.ocpus", "nodeShapeConfig.memoryInGbs"),

	"azure:core/resourceGroup:ResourceGroup":                        needs("name", "location"),
	"azure:network/virtualNetwork:VirtualNetwork":                   needs("name", "resourceGroupName", "location", "addressSpaces.*"),
	"azure:network/subnet:Subnet":                                   needs("name", "resourceGroupName", "virtualNetworkName", "addressPrefixes.*"),
	"azure:authorization/userAssignedIdentity:UserAssignedIdentity": gives(map[string]any{"principalId": "principal"}, "name", "resourceGroupName", "location"),
	"azure:authorization/assignment:Assignment":                     needs("scope", "roleDefinitionName", "principalId"),
	"azure:containerservice/kubernetesCluster:KubernetesCluster": gives(map[string]any{
		"kubeConfigRaw": kubeconfigOfTests, "kubeletIdentity": map[string]any{"objectId": "kubelet", "clientId": "", "userAssignedIdentityId": ""},
	},
		"name", "resourceGroupName", "location", "dnsPrefix", "defaultNodePool.name", "defaultNodePool.vmSize", "defaultNodePool.vnetSubnetId",
		"identity.type", "identity.identityIds.*", "networkProfile.networkPlugin", "networkProfile.dnsServiceIp"),
	"azure:containerservice/kubernetesClusterNodePool:KubernetesClusterNodePool": needs("kubernetesClusterId", "name", "vmSize", "vnetSubnetId",
		"minCount", "maxCount"),

	"gcp:compute/network:Network":        needs("name"),
	"gcp:compute/subnetwork:Subnetwork":  needs("name", "network", "region", "ipCidrRange", "secondaryIpRanges.*.rangeName", "secondaryIpRanges.*.ipCidrRange"),
	"gcp:compute/firewall:Firewall":      needs("name", "network", "direction", "sourceRanges.*", "targetServiceAccounts.*", "allows.*.protocol", "allows.*.ports.*"),
	"gcp:compute/router:Router":          needs("name", "network", "region"),
	"gcp:compute/routerNat:RouterNat":    needs("name", "router", "region", "natIpAllocateOption", "sourceSubnetworkIpRangesToNat"),
	"gcp:serviceaccount/account:Account": gives(map[string]any{"email": "nodes@example.iam.gserviceaccount.com"}, "accountId"),
	"gcp:projects/iAMMember:IAMMember":   needs("project", "role", "member"),
	"gcp:container/cluster:Cluster": gives(map[string]any{"endpoint": "192.0.2.1", "masterAuth": map[string]any{
		"clusterCaCertificate": "Y2VydGlmaWNhdGU=", "clientCertificate": "", "clientKey": "",
		"clientCertificateConfig": map[string]any{"issueClientCertificate": false},
	}}, "name", "location", "network", "subnetwork", "ipAllocationPolicy.clusterSecondaryRangeName", "ipAllocationPolicy.servicesSecondaryRangeName",
		"masterAuthorizedNetworksConfig.cidrBlocks.*.cidrBlock"),
	"gcp:container/nodePool:NodePool": needs("cluster", "location", "nodeConfig.machineType", "nodeConfig.serviceAccount"),

	"kubernetes:core/v1:Namespace":                needs("metadata.name", "metadata.labels"),
	"kubernetes:core/v1:Secret":                   needs("metadata.name", "metadata.namespace", "stringData", "type"),
	"kubernetes:helm.sh/v3:Release":               needs("name", "namespace", "chart", "values", "timeout"),
	"kubernetes:cert-manager.io/v1:ClusterIssuer": needs("metadata.name", "spec"),
	"kubernetes:cert-manager.io/v1:Certificate":   needs("metadata.name", "metadata.namespace", "spec.secretName", "spec.dnsNames.*", "spec.issuerRef.name"),

	"kubernetes:cluster.redpanda.com/v1alpha2:Redpanda": needs("metadata.name", "metadata.namespace", "spec.clusterSpec.statefulset.replicas"),
	"kubernetes:cluster.redpanda.com/v1alpha2:Topic":    needs("metadata.name", "metadata.namespace", "spec.partitions", "spec.replicationFactor"),

	"kubernetes:kafka.strimzi.io/v1:KafkaNodePool": needs("metadata.name", "metadata.namespace", "metadata.labels.strimzi|io/cluster",
		"spec.replicas", "spec.roles.*", "spec.storage.type"),
	"kubernetes:kafka.strimzi.io/v1:Kafka":      needs("metadata.name", "metadata.namespace", "spec.kafka.listeners.*.name"),
	"kubernetes:kafka.strimzi.io/v1:KafkaTopic": needs("metadata.name", "metadata.namespace", "metadata.labels.strimzi|io/cluster", "spec.partitions", "spec.replicas"),
	"kubernetes:kafka.strimzi.io/v1:KafkaUser":  needs("metadata.name", "metadata.namespace", "metadata.labels.strimzi|io/cluster", "spec.authentication.type"),
}
