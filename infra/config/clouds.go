package config

// Network holds the address ranges of a cluster in CIDR notation (IPv4). CIDR contains the subnets.
// Other ranges must not overlap.
type Network struct {
	CIDR  string `json:"cidr" validate:"cidrv4"`
	Nodes string `json:"nodes" validate:"cidrv4"`
	// ControlPlane is the range of the API server: a subnet on OKE, a peered /28 range on GKE, and
	// empty on AKS.
	ControlPlane string `json:"controlPlane" validate:"omitempty,cidrv4"`
	// Balancers is the load balancers' subnet on OKE.
	Balancers string `json:"balancers" validate:"omitempty,cidrv4"`
	Pods      string `json:"pods" validate:"cidrv4"`
	Services  string `json:"services" validate:"cidrv4"`
}

// OKE describes a cluster on Oracle Cloud Infrastructure.
type OKE struct {
	Region string `json:"region" validate:"required"`
	// Compartment is the OCID of the compartment of all resources.
	Compartment string `json:"compartment" validate:"required,startswith=ocid1."`
	// Profile is a section of ~/.oci/config. Empty means DEFAULT.
	Profile string `json:"profile"`
	// Kubernetes is a version such as v1.35.2. oci ce cluster-options get --cluster-option-id all
	// lists the versions.
	Kubernetes string `json:"kubernetes" validate:"required,startswith=v,version"`
	// Type is BASIC_CLUSTER, whose control plane is free, or ENHANCED_CLUSTER.
	Type string `json:"type" validate:"oneof=BASIC_CLUSTER ENHANCED_CLUSTER"`
	// APIAllowedCIDRs are the networks that may reach the API server.
	APIAllowedCIDRs []string `json:"apiAllowedCIDRs" validate:"required,min=1,dive,cidrv4"`
	Network         Network  `json:"network"`
	Nodes           OKENodes `json:"nodes"`
}

// OKENodes describes the node pool on OKE. The defaults are within the always-free limits.
type OKENodes struct {
	// Shape is a flexible shape:
	// https://docs.oracle.com/iaas/Content/Compute/References/computeshapes.htm
	Shape    string  `json:"shape" validate:"required,endswith=.Flex"`
	OCPUs    float64 `json:"ocpus" validate:"gt=0"`
	MemoryGB float64 `json:"memoryGB" validate:"gt=0"`
	Count    int     `json:"count" validate:"min=1,max=100"`
	DiskGB   int     `json:"diskGB" validate:"min=50"`
	// Image is the OCID of a node image. Empty means the newest for the shape and the Kubernetes
	// version.
	Image string `json:"image" validate:"omitempty,startswith=ocid1.image."`
	// KMSKey is the OCID of a Vault key for the disks. Empty means Oracle's own key. Disks are
	// encrypted either way.
	KMSKey string `json:"kmsKey" validate:"omitempty,startswith=ocid1.key."`
	// EncryptInTransit also encrypts the connection to the disks. A few shapes do not support it.
	EncryptInTransit bool `json:"encryptInTransit"`
}

// AKS describes a cluster on Azure.
type AKS struct {
	Subscription string `json:"subscription" validate:"required,uuid"`
	Location     string `json:"location" validate:"required"`
	// Kubernetes is a version such as 1.35. az aks get-versions --location LOCATION lists the
	// versions.
	Kubernetes string `json:"kubernetes" validate:"required,version"`
	// Tier is Free or Standard. Standard has an SLA and a price.
	Tier string `json:"tier" validate:"oneof=Free Standard"`
	// APIAllowedCIDRs are the networks that may reach the API server.
	APIAllowedCIDRs []string `json:"apiAllowedCIDRs" validate:"required,min=1,dive,cidrv4"`
	Network         Network  `json:"network"`
	// System is the pool of the system pods, User the pool of the application.
	System AKSNodes `json:"system"`
	User   AKSNodes `json:"user"`
	// HostEncryption also encrypts temporary disks and caches. It must be registered for the
	// subscription.
	HostEncryption bool `json:"hostEncryption"`
	// Registry is the resource ID of an Azure Container Registry, from which the nodes may pull. Empty
	// means none: az acr show --name NAME --query id
	Registry string `json:"registry" validate:"omitempty,startswith=/subscriptions/"`
	// Zones are availability zones, if the location has them.
	Zones []string `json:"zones" validate:"dive,oneof=1 2 3"`
}

// AKSNodes describes a node pool that scales from Min to Max.
type AKSNodes struct {
	// Size is a virtual machine size: az vm list-skus --location LOCATION --resource-type
	// virtualMachines
	Size   string `json:"size" validate:"required,startswith=Standard_"`
	Min    int    `json:"min" validate:"min=1,max=100"`
	Max    int    `json:"max" validate:"gtefield=Min,max=100"`
	DiskGB int    `json:"diskGB" validate:"min=30"`
}

// GKE describes a cluster on Google Cloud.
type GKE struct {
	Project string `json:"project" validate:"required"`
	Region  string `json:"region" validate:"required"`
	// Zone makes the cluster zonal. The free tier covers its control plane. Empty means regional.
	Zone string `json:"zone" validate:"omitempty,startswith_field=Region"`
	// Channel is the release channel, which upgrades Kubernetes: RAPID, REGULAR, STABLE or
	// EXTENDED.
	Channel string `json:"channel" validate:"oneof=RAPID REGULAR STABLE EXTENDED"`
	// Kubernetes is the minimum version, such as 1.35. Empty means the channel's default.
	Kubernetes string `json:"kubernetes" validate:"omitempty,version"`
	// Autopilot leaves the nodes to Google. Nodes is then unused.
	Autopilot bool `json:"autopilot" validate:"excluded_with=Zone"`
	// APIAllowedCIDRs are the networks that may reach the API server.
	APIAllowedCIDRs []string `json:"apiAllowedCIDRs" validate:"required,min=1,dive,cidrv4"`
	Network         Network  `json:"network"`
	Nodes           GKENodes `json:"nodes"`
}

// GKENodes describes the node pool on GKE, which scales from Min to Max in each zone.
type GKENodes struct {
	// Machine is a machine type: gcloud compute machine-types list --zones ZONE
	Machine string `json:"machine" validate:"required"`
	Min     int    `json:"min" validate:"min=1,max=100"`
	Max     int    `json:"max" validate:"gtefield=Min,max=100"`
	DiskGB  int    `json:"diskGB" validate:"min=30"`
}
