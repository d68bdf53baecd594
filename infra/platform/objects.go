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

func (m maker) metadata(name string, namespace pulumi.StringPtrInput, labels map[string]string, annotations pulumi.StringMap) metav1.ObjectMetaArgs {
	meta := metav1.ObjectMetaArgs{Name: pulumi.String(name), Namespace: namespace, Labels: m.labels(labels)}
	if annotations != nil {
		meta.Annotations = annotations
	}
	return meta
}

// object is an instance of a custom resource definition.
type object struct {
	apiVersion, kind, name string
	namespace              pulumi.StringInput
	labels                 map[string]string
	spec                   pulumi.Map
	// wait says whether the object reports a condition Ready, until which Pulumi waits.
	wait bool
}

func (m maker) object(o object, opts ...pulumi.ResourceOption) (*apiextensions.CustomResource, error) {
	annotations := pulumi.StringMap{}
	if o.wait {
		annotations["pulumi.com/waitFor"] = pulumi.String("condition=Ready")
	}
	made, err := apiextensions.NewCustomResource(m.ctx, m.child(o.name), &apiextensions.CustomResourceArgs{
		ApiVersion:  pulumi.String(o.apiVersion),
		Kind:        pulumi.String(o.kind),
		Metadata:    m.metadata(o.name, o.namespace.ToStringOutput().ToStringPtrOutput(), o.labels, annotations),
		OtherFields: kubernetes.UntypedArgs{"spec": o.spec},
	}, m.with(opts...)...)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", o.kind, o.name, err)
	}
	return made, nil
}

// chartTimeout is how long what a chart makes may take to be ready, in seconds.
const chartTimeout = 600

// install installs somebody else's Helm chart, from its repository unless there is a folder of charts.
func (m maker) install(args helm.Args, opts ...pulumi.ResourceOption) (*helm.Release, error) {
	if m.args.Charts != "" {
		args.Chart, args.Repository, args.Version = path.Join(m.args.Charts, args.Chart), "", ""
	}
	args.TimeoutSeconds = chartTimeout
	return helm.New(m.ctx, m.child(args.Name), args, m.with(opts...)...)
}

// resources is what a container asks for and may use at most. CPU is not limited: a limit makes it wait while a processor
// is idle.
func resources(cpu, memory, memoryLimit string) pulumi.Map {
	return pulumi.Map{
		"requests": pulumi.Map{"cpu": pulumi.String(cpu), "memory": pulumi.String(memory)},
		"limits":   pulumi.Map{"memory": pulumi.String(memoryLimit)},
	}
}

// Labels are a cloud's tags as labels of Kubernetes, which wants names of its own domain.
func Labels(tags map[string]string) map[string]string {
	labels := map[string]string{}
	for name, value := range tags {
		if name != "managed-by" { // Kubernetes has a label of its own for that
			labels["taskmaster/"+name] = value
		}
	}
	return labels
}
