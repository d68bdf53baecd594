// Package helm declares releases of Helm charts: the resource kubernetes:helm.sh/v3:Release, which is a real helm upgrade.
//
// The SDK's package for it imports every type of every version of Kubernetes, for functions that are not used here, and
// doubles the time that the program takes to compile. This one declares what is used.
package helm

import (
	"fmt"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// maxHistory is how many releases helm rollback can go back to.
const maxHistory = 10

// Release is an installed chart.
type Release struct {
	pulumi.CustomResourceState
	Namespace pulumi.StringPtrOutput `pulumi:"namespace"`
}

// Args says what is installed, and where.
type Args struct {
	// Name is the release's.
	Name      string
	Namespace pulumi.StringInput
	// Chart is a chart's name in the repository, or a folder.
	Chart string
	// Repository and Version are empty for a folder.
	Repository, Version string
	Values              pulumi.Map
	// TimeoutSeconds is how long what the chart makes may take to be ready.
	TimeoutSeconds int
}

// Validate returns what is wrong with the arguments.
func (a Args) Validate() error {
	switch {
	case a.Name == "" || a.Chart == "" || a.Namespace == nil || a.TimeoutSeconds <= 0:
		return fmt.Errorf("release %q of chart %q: a name, a chart, a namespace and a time are required", a.Name, a.Chart)
	case (a.Repository == "") != (a.Version == ""):
		return fmt.Errorf("release %q: a chart of a repository has a version, and only such a one", a.Name)
	}
	return nil
}

// New installs a chart or upgrades its release, waits until all of it is ready, and takes it back if that does not happen in
// time.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*Release, error) {
	if err := args.Validate(); err != nil {
		return nil, err
	}
	inputs := kubernetes.UntypedArgs{
		"name": pulumi.String(args.Name), "namespace": args.Namespace, "chart": pulumi.String(args.Chart), "values": args.Values,
		"timeout": pulumi.Int(args.TimeoutSeconds), "maxHistory": pulumi.Int(maxHistory),
		"atomic": pulumi.Bool(true), "cleanupOnFail": pulumi.Bool(true), "waitForJobs": pulumi.Bool(true),
		// The provider wants to be told that this is not the resource of its early days.
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
