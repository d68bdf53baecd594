//go:build !race

package oke

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/pulumi/pulumi-oci/sdk/go/oci/containerengine"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// nodePool creates the workers without public addresses, spread over the region's availability
// domains.
func (b builder) nodePool(control *containerengine.Cluster, net network, invoke []pulumi.InvokeOption) (*containerengine.NodePool, error) {
	domains, err := availabilityDomains(b.ctx, b.args.Compartment, invoke)
	if err != nil {
		return nil, err
	}
	image := b.args.Nodes.Image
	if image == "" {
		if image, err = b.newestImage(invoke); err != nil {
			return nil, err
		}
	}
	var placements containerengine.NodePoolNodeConfigDetailsPlacementConfigArray
	for _, domain := range domains {
		placements = append(placements, containerengine.NodePoolNodeConfigDetailsPlacementConfigArgs{
			AvailabilityDomain: pulumi.String(domain), SubnetId: net.nodes,
		})
	}
	nodes := b.args.Nodes
	details := containerengine.NodePoolNodeConfigDetailsArgs{
		Size: pulumi.Int(nodes.Count), PlacementConfigs: placements, NsgIds: pulumi.StringArray{net.nodeGroup}, FreeformTags: b.tags(),
		// Disks are always encrypted at rest. This encrypts the connection to them.
		IsPvEncryptionInTransitEnabled: pulumi.Bool(nodes.EncryptInTransit),
	}
	if nodes.KMSKey != "" {
		details.KmsKeyId = pulumi.String(nodes.KMSKey)
	}
	return containerengine.NewNodePool(b.ctx, b.child("nodepool"), &containerengine.NodePoolArgs{
		ClusterId: control.ID(), CompartmentId: pulumi.String(b.args.Compartment), Name: pulumi.String(b.child("nodepool")),
		KubernetesVersion: pulumi.String(b.args.Kubernetes),
		NodeShape:         pulumi.String(nodes.Shape),
		NodeShapeConfig: containerengine.NodePoolNodeShapeConfigArgs{
			Ocpus: pulumi.Float64(nodes.OCPUs), MemoryInGbs: pulumi.Float64(nodes.MemoryGB),
		},
		NodeSourceDetails: containerengine.NodePoolNodeSourceDetailsArgs{
			SourceType: pulumi.String("IMAGE"), ImageId: pulumi.String(image), BootVolumeSizeInGbs: pulumi.String(strconv.Itoa(nodes.DiskGB)),
		},
		NodeConfigDetails: details,
		// Pods are moved off a node before it is removed.
		NodeEvictionNodePoolSettings: containerengine.NodePoolNodeEvictionNodePoolSettingsArgs{
			EvictionGraceDuration: pulumi.String("PT10M"), IsForceDeleteAfterGraceDuration: pulumi.Bool(true),
		},
		FreeformTags: b.tags(),
	}, b.opts...)
}

// availabilityDomains returns the names of the region's availability domains. The SDK's package for
// this one call would take longer to compile than all others together.
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

// newestImage looks up Oracle's newest image for the shape's processor and the Kubernetes version.
func (b builder) newestImage(invoke []pulumi.InvokeOption) (string, error) {
	found, err := containerengine.GetNodePoolOption(b.ctx, &containerengine.GetNodePoolOptionArgs{
		NodePoolOptionId: "all", CompartmentId: &b.args.Compartment,
	}, invoke...)
	if err != nil {
		return "", fmt.Errorf("look up node images: %w", err)
	}
	var best containerengine.GetNodePoolOptionSource
	for _, source := range found.Sources {
		if fits(source.SourceName, b.args.Nodes.Shape, b.args.Kubernetes) && slices.Compare(numbers(source.SourceName), numbers(best.SourceName)) > 0 {
			best = source
		}
	}
	if best.ImageId == "" {
		return "", fmt.Errorf("look up node images: no image for %s and Kubernetes %s: set oke.nodes.image, or another version", b.args.Nodes.Shape, b.args.Kubernetes)
	}
	return best.ImageId, nil
}

// numbers returns the numbers in an image's name. As text, 8.9 would be newer than 8.10.
func numbers(image string) []int {
	var all []int
	for _, digits := range strings.FieldsFunc(image, func(r rune) bool { return !unicode.IsDigit(r) }) {
		n, err := strconv.Atoi(digits)
		if err != nil {
			n = math.MaxInt // more digits than an int has
		}
		all = append(all, n)
	}
	return all
}

// fits reports whether an image is for a shape and a Kubernetes version. Image names look like
// Oracle-Linux-8.10-aarch64-2025.09.16-0-OKE-1.35.2-1191.
func fits(image, shape, kubernetes string) bool {
	arm := strings.Contains(shape, ".A1.") || strings.Contains(shape, ".A2.")
	return strings.Contains(image, "-OKE-"+strings.TrimPrefix(kubernetes, "v")+"-") &&
		strings.HasPrefix(image, "Oracle-Linux-8") && !strings.Contains(image, "GPU") && strings.Contains(image, "aarch64") == arm
}
