package config

// defaults returns the configuration with all default values.
func defaults() *Config {
	return &Config{
		Protect: true,
		Dapr:    Dapr{Version: "1.18.2", LogLevel: "info", SchedulerStorage: Volume{Size: "16Gi"}},
		Broker:  Broker{Replicas: 3, Memory: "2Gi", Storage: Volume{Size: "20Gi"}},
		Database: Database{
			MaxConnections: 90, Connections: Connections{API: 6, Relay: 3, Notifier: 2, Queue: 3, Live: 3},
		},
		Topics: Topics{Partitions: 12, RetentionHours: 7 * 24},
		App:    App{TLS: TLS{IssuerKind: "ClusterIssuer"}, Traces: Traces{Sampling: 0.1}, TimeoutSeconds: 600},
	}
}

func defaultOKE() *OKE {
	return &OKE{
		Type: "BASIC_CLUSTER",
		Network: Network{
			CIDR: "10.0.0.0/16", ControlPlane: "10.0.0.0/28", Balancers: "10.0.20.0/24", Nodes: "10.0.32.0/20",
			Pods: "10.244.0.0/16", Services: "10.96.0.0/16",
		},
		Nodes: OKENodes{Shape: "VM.Standard.A1.Flex", OCPUs: 2, MemoryGB: 12, Count: 1, DiskGB: 50, EncryptInTransit: true},
	}
}

func defaultAKS() *AKS {
	return &AKS{
		Tier:           "Free",
		Network:        Network{CIDR: "10.0.0.0/16", Nodes: "10.0.0.0/20", Pods: "10.244.0.0/16", Services: "10.96.0.0/16"},
		System:         AKSNodes{Size: "Standard_D2s_v5", Min: 1, Max: 2, DiskGB: 64},
		User:           AKSNodes{Size: "Standard_D2s_v5", Min: 2, Max: 4, DiskGB: 64},
		HostEncryption: true,
	}
}

func defaultGKE() *GKE {
	return &GKE{
		Channel: "REGULAR",
		Network: Network{
			CIDR: "10.0.0.0/16", Nodes: "10.0.0.0/20", ControlPlane: "172.16.0.0/28",
			Pods: "10.244.0.0/16", Services: "10.96.0.0/16",
		},
		Nodes: GKENodes{Machine: "e2-standard-2", Min: 1, Max: 2, DiskGB: 50},
	}
}
