package config

// Network is a cluster's addresses, in CIDR notation (IPv4). No two of them overlap, but CIDR contains the subnets.
type Network struct {
	CIDR  string `json:"cidr" validate:"cidrv4"`
	Nodes string `json:"nodes" validate:"cidrv4"`
	// ControlPlane is the API server's: a subnet on OKE, a peered range (a /28) on GKE; AKS has none.
	ControlPlane string `json:"controlPlane" validate:"omitempty,cidrv4"`
	// Balancers is the load balancers' subnet on OKE.
	Balancers string `json:"balancers" validate:"omitempty,cidrv4"`
	Pods      string `json:"pods" validate:"cidrv4"`
	Services  string `json:"services" validate:"cidrv4"`
}

// OKE is a cluster on Oracle Cloud Infrastructure.
type OKE struct {
	Region string `json:"region" validate:"required"`
	// Compartment is the OCID of the compartment that everything is put into.
	Compartment string `json:"compartment" validate:"required,startswith=ocid1."`
	// Profile is a section of ~/.oci/config; empty means DEFAULT.
	Profile string `json:"profile"`
	// Kubernetes is a version such as v1.35.2; oci ce cluster-options get --cluster-option-id all lists them.
	Kubernetes string `json:"kubernetes" validate:"required,startswith=v,version"`
	// Type is BASIC_CLUSTER, whose control plane is free, or ENHANCED_CLUSTER.
	Type string `json:"type" validate:"oneof=BASIC_CLUSTER ENHANCED_CLUSTER"`
	// APIAllowedCIDRs are the networks from which the API server can be reached.
	APIAllowedCIDRs []string `json:"apiAllowedCIDRs" validate:"required,min=1,dive,cidrv4"`
	Network         Network  `json:"network"`
	Nodes           OKENodes `json:"nodes"`
}

// OKENodes is OKE's node pool. The defaults fit what is always free.
type OKENodes struct {
	// Shape is a flexible one: https://docs.oracle.com/iaas/Content/Compute/References/computeshapes.htm
	Shape    string  `json:"shape" validate:"required,endswith=.Flex"`
	OCPUs    float64 `json:"ocpus" validate:"gt=0"`
	MemoryGB float64 `json:"memoryGB" validate:"gt=0"`
	Count    int     `json:"count" validate:"min=1,max=100"`
	DiskGB   int     `json:"diskGB" validate:"min=50"`
	// Image is the OCID of a node image; empty means the newest for the shape and the Kubernetes version.
	Image string `json:"image" validate:"omitempty,startswith=ocid1.image."`
	// KMSKey is the OCID of a Vault key for the disks; empty means Oracle's own. They are encrypted either way.
	KMSKey string `json:"kmsKey" validate:"omitempty,startswith=ocid1.key."`
	// EncryptInTransit encrypts the way to the disks as well, which a few shapes cannot.
	EncryptInTransit bool `json:"encryptInTransit"`
}

// AKS is a cluster on Azure.
type AKS struct {
	Subscription string `json:"subscription" validate:"required,uuid"`
	Location     string `json:"location" validate:"required"`
	// Kubernetes is a version such as 1.35; az aks get-versions --location LOCATION lists them.
	Kubernetes string `json:"kubernetes" validate:"required,version"`
	// Tier is Free or Standard, which has an SLA and a price.
	Tier string `json:"tier" validate:"oneof=Free Standard"`
	// APIAllowedCIDRs are the networks from which the API server can be reached.
	APIAllowedCIDRs []string `json:"apiAllowedCIDRs" validate:"required,min=1,dive,cidrv4"`
	Network         Network  `json:"network"`
	// System runs the cluster's own pods, User ours.
	System AKSNodes `json:"system"`
	User   AKSNodes `json:"user"`
	// HostEncryption encrypts temporary disks and caches as well; it has to be registered for the subscription.
	HostEncryption bool `json:"hostEncryption"`
	// Zones are availability zones, where the location has them.
	Zones []string `json:"zones" validate:"dive,oneof=1 2 3"`
}

// AKSNodes is a node pool, which grows from Min to Max.
type AKSNodes struct {
	// Size is a virtual machine's: az vm list-skus --location LOCATION --resource-type virtualMachines
	Size   string `json:"size" validate:"required,startswith=Standard_"`
	Min    int    `json:"min" validate:"min=1,max=100"`
	Max    int    `json:"max" validate:"gtefield=Min,max=100"`
	DiskGB int    `json:"diskGB" validate:"min=30"`
}

// GKE is a cluster on Google Cloud.
type GKE struct {
	Project string `json:"project" validate:"required"`
	Region  string `json:"region" validate:"required"`
	// Zone makes the cluster zonal, whose control plane is covered by the free tier; empty means regional.
	Zone string `json:"zone" validate:"omitempty,startswith_field=Region"`
	// Channel is the release channel, which upgrades Kubernetes: RAPID, REGULAR, STABLE or EXTENDED.
	Channel string `json:"channel" validate:"oneof=RAPID REGULAR STABLE EXTENDED"`
	// Kubernetes is the least version, such as 1.35; empty means the channel's default.
	Kubernetes string `json:"kubernetes" validate:"omitempty,version"`
	// Autopilot leaves the nodes to Google, and Nodes unused.
	Autopilot bool `json:"autopilot" validate:"excluded_with=Zone"`
	// APIAllowedCIDRs are the networks from which the API server can be reached.
	APIAllowedCIDRs []string `json:"apiAllowedCIDRs" validate:"required,min=1,dive,cidrv4"`
	Network         Network  `json:"network"`
	Nodes           GKENodes `json:"nodes"`
}

// GKENodes is GKE's node pool, which grows from Min to Max in each zone.
type GKENodes struct {
	// Machine is a machine type: gcloud compute machine-types list --zones ZONE
	Machine string `json:"machine" validate:"required"`
	Min     int    `json:"min" validate:"min=1,max=100"`
	Max     int    `json:"max" validate:"gtefield=Min,max=100"`
	DiskGB  int    `json:"diskGB" validate:"min=30"`
}
