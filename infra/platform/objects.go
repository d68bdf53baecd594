//go:build !race

package platform

import (
	"fmt"
	"path"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apiextensions"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"taskmaster/infra/helm"
)

func (b builder) metadata(name string, namespace pulumi.StringPtrInput, labels map[string]string, annotations pulumi.StringMap) metav1.ObjectMetaArgs {
	meta := metav1.ObjectMetaArgs{Name: pulumi.String(name), Namespace: namespace, Labels: b.labels(labels)}
	if annotations != nil {
		meta.Annotations = annotations
	}
	return meta
}

// object is an instance of a custom resource definition.
type object struct {
	apiVersion, kind, name string
	// namespace is nil for an object of the whole cluster.
	namespace pulumi.StringInput
	labels    map[string]string
	spec      pulumi.Map
	// wait makes Pulumi wait until the object reports the condition Ready.
	wait bool
}

func (b builder) object(o object, opts ...pulumi.ResourceOption) (*apiextensions.CustomResource, error) {
	var namespace pulumi.StringPtrInput
	if o.namespace != nil {
		namespace = o.namespace.ToStringOutput().ToStringPtrOutput()
	}
	annotations := pulumi.StringMap{}
	if o.wait {
		annotations["pulumi.com/waitFor"] = pulumi.String("condition=Ready")
	}
	made, err := apiextensions.NewCustomResource(b.ctx, b.child(o.name), &apiextensions.CustomResourceArgs{
		ApiVersion:  pulumi.String(o.apiVersion),
		Kind:        pulumi.String(o.kind),
		Metadata:    b.metadata(o.name, namespace, o.labels, annotations),
		OtherFields: kubernetes.UntypedArgs{"spec": o.spec},
	}, b.with(opts...)...)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", o.kind, o.name, err)
	}
	return made, nil
}

// chartTimeout is the time limit until a chart's resources are ready, in seconds.
const chartTimeout = 600

// install installs an external Helm chart. It comes from its repository, or from the folder of
// charts if that is set.
func (b builder) install(args helm.Args, opts ...pulumi.ResourceOption) (*helm.Release, error) {
	if b.args.Charts != "" {
		args.Chart, args.Repository, args.Version = path.Join(b.args.Charts, args.Chart), "", ""
	}
	args.TimeoutSeconds = chartTimeout
	return helm.New(b.ctx, b.child(args.Name), args, b.with(opts...)...)
}

// resources returns a container's requests and limits. There is no CPU limit, because it throttles
// a container while a processor is idle.
func resources(cpu, memory, memoryLimit string) pulumi.Map {
	return pulumi.Map{
		"requests": pulumi.Map{"cpu": pulumi.String(cpu), "memory": pulumi.String(memory)},
		"limits":   pulumi.Map{"memory": pulumi.String(memoryLimit)},
	}
}

// Labels returns a cloud's tags as Kubernetes labels. Kubernetes requires names with a domain.
func Labels(tags map[string]string) map[string]string {
	labels := map[string]string{}
	for name, value := range tags {
		if name != "managed-by" { // Kubernetes has its own label for it
			labels["taskmaster/"+name] = value
		}
	}
	return labels
}
