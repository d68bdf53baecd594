//go:build !race

// Package platform installs TaskMaster's dependencies into a cluster: namespaces, Dapr's control
// plane, the broker with its topics, and the secrets. It is independent of the cloud.
//
// Names are a contract. The names of secrets and namespaces are values of the Helm chart. Pulumi
// deletes and recreates a resource whose name changes, with its data.
package platform

import (
	"errors"
	"fmt"
	"maps"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"taskmaster/infra/config"
)

// These are the namespaces. Dapr's access control (dapr/configuration) names the application's.
const (
	Namespace       = "taskmaster"
	DaprNamespace   = "dapr-system"
	BrokerNamespace = "broker"
)

// Args are the inputs of the platform.
type Args struct {
	*config.Config
	// Labels label the resources.
	Labels map[string]string
}

// Validate returns an error for missing arguments. The configuration was checked when it was read.
func (a Args) Validate() error {
	if a.Config == nil {
		return errors.New("platform: the configuration is missing")
	}
	return nil
}

// Platform holds the outputs for the application.
type Platform struct {
	pulumi.ResourceState
	Namespace pulumi.StringOutput
	// These are names of secrets in Namespace. TLSSecret is empty without a certificate.
	DatabaseSecret, BrokerSecret, TokensSecret, TLSSecret pulumi.StringOutput
	// PullSecrets are the names of secrets with logins of registries.
	PullSecrets []string
	// TracesSecret is the name of the secret with the headers for the receiver of traces, if there are any.
	TracesSecret string
	// Addresses are the broker's addresses, host:port. Broker is its place.
	Addresses []string
	Broker    config.Place
	// Checksum changes with the content of the secrets.
	Checksum pulumi.StringOutput
	// Ready are the resources that must exist before the application.
	Ready []pulumi.Resource
}

// builder holds the shared inputs of the platform's resources.
type builder struct {
	ctx  *pulumi.Context
	name string
	args Args
	opts []pulumi.ResourceOption
}

func (b builder) child(what string) string { return b.name + "-" + what }

// labels returns the labels of a resource, with additional ones.
func (b builder) labels(more map[string]string) pulumi.StringMap {
	all := map[string]string{"app.kubernetes.io/part-of": "taskmaster", "app.kubernetes.io/managed-by": "pulumi"}
	maps.Copy(all, b.args.Labels)
	maps.Copy(all, more)
	return pulumi.ToStringMap(all)
}

// with returns the shared options followed by opts.
func (b builder) with(opts ...pulumi.ResourceOption) []pulumi.ResourceOption {
	return append(append([]pulumi.ResourceOption{}, b.opts...), opts...)
}

// keep protects resources that hold data.
func (b builder) keep() pulumi.ResourceOption { return pulumi.Protect(b.args.Protect) }

// New registers the platform. The options contain the provider of the cluster.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*Platform, error) {
	if err := args.Validate(); err != nil {
		return nil, err
	}
	p := &Platform{}
	if err := ctx.RegisterComponentResource("taskmaster:platform:Platform", name, p, opts...); err != nil {
		return nil, fmt.Errorf("register platform %s: %w", name, err)
	}
	b := builder{ctx: ctx, name: name, args: args, opts: []pulumi.ResourceOption{pulumi.Parent(p)}}
	home, err := b.namespace(Namespace, restricted)
	if err != nil {
		return nil, err
	}
	p.Namespace = nameOf(home)
	dapr, err := b.dapr()
	if err != nil {
		return nil, fmt.Errorf("install Dapr: %w", err)
	}
	certManager, err := b.certManager()
	if err != nil {
		return nil, fmt.Errorf("install cert-manager: %w", err)
	}
	br, err := b.broker(certManager)
	if err != nil {
		return nil, fmt.Errorf("create the broker: %w", err)
	}
	p.Addresses, p.Broker = br.addresses, args.Broker.Place
	if args.Broker.InCluster() {
		p.Broker = config.Place{Namespace: BrokerNamespace}
	}
	p.Checksum = b.checksum(br)
	p.Ready = append([]pulumi.Resource{dapr}, br.ready...)
	if err := b.secrets(p, br); err != nil {
		return nil, err
	}
	if err := b.certificate(p, certManager); err != nil {
		return nil, err
	}
	return p, ctx.RegisterResourceOutputs(p, pulumi.Map{"namespace": p.Namespace})
}

// These are levels of Pod Security:
// https://kubernetes.io/docs/concepts/security/pod-security-standards/
const (
	restricted = "restricted"
	baseline   = "baseline"
)

// namespace creates a namespace that enforces a level and warns about pods that are not restricted.
func (b builder) namespace(name, level string, opts ...pulumi.ResourceOption) (*corev1.Namespace, error) {
	const security = "pod-security.kubernetes.io/"
	namespace, err := corev1.NewNamespace(b.ctx, b.child(name), &corev1.NamespaceArgs{
		Metadata: b.metadata(name, nil, map[string]string{
			security + "enforce": level, security + "audit": restricted, security + "warn": restricted,
		}, nil),
	}, b.with(opts...)...)
	if err != nil {
		return nil, fmt.Errorf("create namespace %s: %w", name, err)
	}
	return namespace, nil
}

func nameOf(namespace *corev1.Namespace) pulumi.StringOutput { return namespace.Metadata.Name().Elem() }
