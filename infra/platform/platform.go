// Package platform puts into a cluster what TaskMaster runs on: namespaces, Dapr's control plane, the broker with its
// topics, and the secrets. It knows no cloud.
//
// Names are a contract: the names of secrets and namespaces go into the Helm chart's values, and a resource whose name
// changes is deleted and made anew, with what it holds.
package platform

import (
	"errors"
	"fmt"
	"maps"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"taskmaster/infra/config"
)

// The namespaces. Dapr's access control (dapr/configuration) names the application's.
const (
	Namespace       = "taskmaster"
	DaprNamespace   = "dapr-system"
	BrokerNamespace = "broker"
)

// Args is what the platform is made from.
type Args struct {
	*config.Config
	// Labels name what the resources belong to.
	Labels map[string]string
}

// Validate returns what is wrong with the arguments; the configuration was checked when it was read.
func (a Args) Validate() error {
	if a.Config == nil {
		return errors.New("platform: there is no configuration")
	}
	return nil
}

// Platform is what the application is told.
type Platform struct {
	pulumi.ResourceState
	Namespace pulumi.StringOutput
	// The names of secrets in Namespace. TLSSecret is empty without a certificate.
	DatabaseSecret, BrokerSecret, TokensSecret, TLSSecret pulumi.StringOutput
	// Addresses are the broker's, host:port.
	Addresses []string
	// Ready is what has to be there before the application.
	Ready []pulumi.Resource
}

// maker holds what all resources of the platform share.
type maker struct {
	ctx  *pulumi.Context
	name string
	args Args
	opts []pulumi.ResourceOption
}

func (m maker) child(what string) string { return m.name + "-" + what }

// labels returns the labels of a resource, with more of its own.
func (m maker) labels(more map[string]string) pulumi.StringMap {
	all := map[string]string{"app.kubernetes.io/part-of": "taskmaster", "app.kubernetes.io/managed-by": "pulumi"}
	maps.Copy(all, m.args.Labels)
	maps.Copy(all, more)
	return pulumi.ToStringMap(all)
}

// with returns the options of a resource that has some of its own.
func (m maker) with(opts ...pulumi.ResourceOption) []pulumi.ResourceOption {
	return append(append([]pulumi.ResourceOption{}, m.opts...), opts...)
}

// keep protects what holds data.
func (m maker) keep() pulumi.ResourceOption { return pulumi.Protect(m.args.Protect) }

// New registers the platform. The provider of the cluster comes with the options.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*Platform, error) {
	if err := args.Validate(); err != nil {
		return nil, err
	}
	p := &Platform{}
	if err := ctx.RegisterComponentResource("taskmaster:platform:Platform", name, p, opts...); err != nil {
		return nil, fmt.Errorf("register platform %s: %w", name, err)
	}
	m := maker{ctx: ctx, name: name, args: args, opts: []pulumi.ResourceOption{pulumi.Parent(p)}}
	home, err := m.namespace(Namespace, restricted)
	if err != nil {
		return nil, err
	}
	p.Namespace = nameOf(home)
	dapr, err := m.dapr()
	if err != nil {
		return nil, fmt.Errorf("install Dapr: %w", err)
	}
	certManager, err := m.certManager()
	if err != nil {
		return nil, fmt.Errorf("install cert-manager: %w", err)
	}
	b, err := m.broker(certManager)
	if err != nil {
		return nil, fmt.Errorf("make the broker: %w", err)
	}
	p.Addresses = b.addresses
	p.Ready = append([]pulumi.Resource{dapr}, b.ready...)
	if err := m.secrets(p, b); err != nil {
		return nil, err
	}
	if err := m.certificate(p, certManager); err != nil {
		return nil, err
	}
	return p, ctx.RegisterResourceOutputs(p, pulumi.Map{"namespace": p.Namespace})
}

// The levels of Pod Security: https://kubernetes.io/docs/concepts/security/pod-security-standards/
const (
	restricted = "restricted"
	baseline   = "baseline"
)

// namespace makes a namespace that admits no pod below a level, and warns of what is not restricted.
func (m maker) namespace(name, level string, opts ...pulumi.ResourceOption) (*corev1.Namespace, error) {
	const security = "pod-security.kubernetes.io/"
	namespace, err := corev1.NewNamespace(m.ctx, m.child(name), &corev1.NamespaceArgs{
		Metadata: m.metadata(name, nil, map[string]string{
			security + "enforce": level, security + "audit": restricted, security + "warn": restricted,
		}, nil),
	}, m.with(opts...)...)
	if err != nil {
		return nil, fmt.Errorf("make namespace %s: %w", name, err)
	}
	return namespace, nil
}

func nameOf(namespace *corev1.Namespace) pulumi.StringOutput { return namespace.Metadata.Name().Elem() }
