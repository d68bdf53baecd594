//go:build !race

// Package helm declares releases of Helm charts. It uses the resource
// kubernetes:helm.sh/v3:Release, which runs a real helm upgrade.
//
// The SDK's package for it imports every type of every Kubernetes version, for functions that are
// not used here. That doubles the compile time of the program. This package declares only the used
// part.
package helm

import (
	"fmt"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// maxHistory is the number of releases that helm rollback can return to.
const maxHistory = 10

// Release is an installed chart.
type Release struct {
	pulumi.CustomResourceState
	Namespace pulumi.StringPtrOutput `pulumi:"namespace"`
}

// Args are the inputs of a release.
type Args struct {
	// Name is the name of the release.
	Name      string
	Namespace pulumi.StringInput
	// Chart is the name of a chart in the repository, or a folder.
	Chart string
	// Repository and Version are empty for a folder.
	Repository, Version string
	Values              pulumi.Map
	// TimeoutSeconds is the time limit until the chart's resources are ready.
	TimeoutSeconds int
}

// Validate returns an error for incomplete arguments.
func (a Args) Validate() error {
	switch {
	case a.Name == "" || a.Chart == "" || a.Namespace == nil || a.TimeoutSeconds <= 0:
		return fmt.Errorf("release %q of chart %q: name, chart, namespace and timeout are required", a.Name, a.Chart)
	case (a.Repository == "") != (a.Version == ""):
		return fmt.Errorf("release %q: set both the repository and the version of a chart, or neither", a.Name)
	}
	return nil
}

// New installs a chart or upgrades its release. It waits until all resources are ready and rolls
// back if that takes too long.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*Release, error) {
	if err := args.Validate(); err != nil {
		return nil, err
	}
	inputs := kubernetes.UntypedArgs{
		"name": pulumi.String(args.Name), "namespace": args.Namespace, "chart": pulumi.String(args.Chart), "values": args.Values,
		"timeout": pulumi.Int(args.TimeoutSeconds), "maxHistory": pulumi.Int(maxHistory),
		"atomic": pulumi.Bool(true), "cleanupOnFail": pulumi.Bool(true), "waitForJobs": pulumi.Bool(true),
		// The provider requires this to distinguish the resource from an early version of it.
		"compat": pulumi.String("true"),
	}
	if args.Repository != "" {
		inputs["version"] = pulumi.String(args.Version)
		inputs["repositoryOpts"] = pulumi.StringMap{"repo": pulumi.String(args.Repository)}
	}
	release := &Release{}
	if err := ctx.RegisterResource("kubernetes:helm.sh/v3:Release", name, inputs, release, opts...); err != nil {
		return nil, fmt.Errorf("release %s: %w", name, err)
	}
	return release, nil
}
