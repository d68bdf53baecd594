//go:build !race

// Package app installs TaskMaster's own Helm chart and reads its public address. It is independent
// of the cloud.
package app

import (
	"errors"
	"fmt"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"taskmaster/infra/config"
	"taskmaster/infra/helm"
	"taskmaster/infra/platform"
)

const (
	// Release is the name of the Helm release. It is also used with helm on the command line.
	Release = "taskmaster"
	// balancer is the chart's Service of type LoadBalancer.
	balancer = "web"
)

// Args are the inputs of the application.
type Args struct {
	// Chart is the folder of the chart, relative to the program's folder.
	Chart string
	*config.Config
	Platform *platform.Platform
	// Balancer holds the annotations that the cloud requires on a load balancer.
	Balancer pulumi.StringMap
}

// Validate returns an error for missing arguments. The configuration was checked when it was read.
func (a Args) Validate() error {
	var errs []error
	if a.Chart == "" {
		errs = append(errs, errors.New("app: the chart is missing"))
	}
	if a.Config == nil || a.Platform == nil {
		errs = append(errs, errors.New("app: the configuration or the platform is missing"))
	}
	return errors.Join(errs...)
}

// App is the installed application.
type App struct {
	pulumi.ResourceState
	// Address is the load balancer's host name or IP address. It is empty until the load balancer
	// has one.
	Address pulumi.StringOutput
}

// New registers the application with one release <name> as its child. The release is upgraded as a
// whole. Pulumi waits for it, and it is rolled back if it does not become ready. The options
// contain the provider of the cluster.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*App, error) {
	if err := args.Validate(); err != nil {
		return nil, err
	}
	a := &App{}
	if err := ctx.RegisterComponentResource("taskmaster:app:App", name, a, opts...); err != nil {
		return nil, fmt.Errorf("register app %s: %w", name, err)
	}
	release, err := helm.New(ctx, name, helm.Args{
		Name: Release, Namespace: args.Platform.Namespace, Chart: args.Chart, Values: values(args), TimeoutSeconds: args.App.TimeoutSeconds,
	}, pulumi.Parent(a), pulumi.DependsOn(args.Platform.Ready))
	if err != nil {
		return nil, fmt.Errorf("install %s: %w", args.Chart, err)
	}
	if a.Address, err = address(ctx, name, release, pulumi.Parent(a)); err != nil {
		return nil, err
	}
	return a, ctx.RegisterResourceOutputs(a, pulumi.Map{"address": a.Address})
}

// address reads the address of the load balancer after the release exists.
func address(ctx *pulumi.Context, name string, release *helm.Release, opts ...pulumi.ResourceOption) (pulumi.StringOutput, error) {
	id := pulumi.All(release.ID(), release.Namespace.Elem()).ApplyT(func(all []any) pulumi.ID {
		return pulumi.ID(fmt.Sprintf("%v/%s", all[1], balancer))
	}).(pulumi.IDOutput)
	service, err := corev1.GetService(ctx, name+"-"+balancer, id, nil, opts...)
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("read service %s: %w", balancer, err)
	}
	return service.Status.LoadBalancer().Ingress().ApplyT(func(ingress []corev1.LoadBalancerIngress) string {
		for _, at := range ingress {
			switch {
			case at.Hostname != nil && *at.Hostname != "":
				return *at.Hostname
			case at.Ip != nil:
				return *at.Ip
			}
		}
		return ""
	}).(pulumi.StringOutput), nil
}
