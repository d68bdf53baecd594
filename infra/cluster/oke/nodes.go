package oke

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi-oci/sdk/go/oci/containerengine"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// nodePool makes the workers, spread over the region's availability domains and without public addresses.
func (m maker) nodePool(control *containerengine.Cluster, net network, invoke []pulumi.InvokeOption) (*containerengine.NodePool, error) {
	domains, err := availabilityDomains(m.ctx, m.args.Compartment, invoke)
	if err != nil {
		return nil, err
	}
	image := m.args.Nodes.Image
	if image == "" {
		if image, err = m.newestImage(invoke); err != nil {
			return nil, err
		}
	}
	var placements containerengine.NodePoolNodeConfigDetailsPlacementConfigArray
	for _, domain := range domains {
		placements = append(placements, containerengine.NodePoolNodeConfigDetailsPlacementConfigArgs{
			AvailabilityDomain: pulumi.String(domain), SubnetId: net.nodes,
		})
	}
	nodes := m.args.Nodes
	details := containerengine.NodePoolNodeConfigDetailsArgs{
		Size: pulumi.Int(nodes.Count), PlacementConfigs: placements, NsgIds: pulumi.StringArray{net.nodeGroup}, FreeformTags: m.tags(),
		// Disks are encrypted at rest in any case; this is the way to them.
		IsPvEncryptionInTransitEnabled: pulumi.Bool(nodes.EncryptInTransit),
	}
	if nodes.KMSKey != "" {
		details.KmsKeyId = pulumi.String(nodes.KMSKey)
	}
	return containerengine.NewNodePool(m.ctx, m.child("nodepool"), &containerengine.NodePoolArgs{
		ClusterId: control.ID(), CompartmentId: pulumi.String(m.args.Compartment), Name: pulumi.String(m.child("nodepool")),
		KubernetesVersion: pulumi.String(m.args.Kubernetes),
		NodeShape:         pulumi.String(nodes.Shape),
		NodeShapeConfig: containerengine.NodePoolNodeShapeConfigArgs{
			Ocpus: pulumi.Float64(nodes.OCPUs), MemoryInGbs: pulumi.Float64(nodes.MemoryGB),
		},
		NodeSourceDetails: containerengine.NodePoolNodeSourceDetailsArgs{
			SourceType: pulumi.String("IMAGE"), ImageId: pulumi.String(image), BootVolumeSizeInGbs: pulumi.String(strconv.Itoa(nodes.DiskGB)),
		},
		NodeConfigDetails: details,
		// A node that goes has its pods moved first.
		NodeEvictionNodePoolSettings: containerengine.NodePoolNodeEvictionNodePoolSettingsArgs{
			EvictionGraceDuration: pulumi.String("PT10M"), IsForceDeleteAfterGraceDuration: pulumi.Bool(true),
		},
		FreeformTags: m.tags(),
	}, m.opts...)
}

// availabilityDomains returns the names of the region's. The SDK's package for this one call would take longer to compile
// than all others together.
func availabilityDomains(ctx *pulumi.Context, compartment string, invoke []pulumi.InvokeOption) ([]string, error) {
	var found struct {
		AvailabilityDomains []struct {
			Name string `pulumi:"name"`
		} `pulumi:"availabilityDomains"`
	}
	args := struct {
		CompartmentId string `pulumi:"compartmentId"`
	}{compartment}
	if err := ctx.Invoke("oci:Identity/getAvailabilityDomains:getAvailabilityDomains", args, &found, invoke...); err != nil {
		return nil, fmt.Errorf("look up availability domains: %w", err)
	}
	if len(found.AvailabilityDomains) == 0 {
		return nil, fmt.Errorf("look up availability domains: compartment %s sees none", compartment)
	}
	var names []string
	for _, domain := range found.AvailabilityDomains {
		names = append(names, domain.Name)
	}
	return names, nil
}

// newestImage looks up the image that Oracle made last for the shape's processor and the Kubernetes version.
func (m maker) newestImage(invoke []pulumi.InvokeOption) (string, error) {
	found, err := containerengine.GetNodePoolOption(m.ctx, &containerengine.GetNodePoolOptionArgs{
		NodePoolOptionId: "all", CompartmentId: &m.args.Compartment,
	}, invoke...)
	if err != nil {
		return "", fmt.Errorf("look up node images: %w", err)
	}
	var best containerengine.GetNodePoolOptionSource
	for _, source := range found.Sources {
		if fits(source.SourceName, m.args.Nodes.Shape, m.args.Kubernetes) && source.SourceName > best.SourceName {
			best = source
		}
	}
	if best.ImageId == "" {
		return "", fmt.Errorf("look up node images: there is none for %s and Kubernetes %s: set oke.nodes.image, or another version", m.args.Nodes.Shape, m.args.Kubernetes)
	}
	return best.ImageId, nil
}

// fits says whether an image is for a shape and a Kubernetes version. Names are like
// Oracle-Linux-8.10-aarch64-2025.09.16-0-OKE-1.35.2-1191.
func fits(image, shape, kubernetes string) bool {
	arm := strings.Contains(shape, ".A1.") || strings.Contains(shape, ".A2.")
	return strings.Contains(image, "-OKE-"+strings.TrimPrefix(kubernetes, "v")+"-") &&
		strings.HasPrefix(image, "Oracle-Linux-8") && !strings.Contains(image, "GPU") && strings.Contains(image, "aarch64") == arm
}
