//go:build clouds

package program

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"taskmaster/infra/config"
)

// everyStack runs a policy check on all stacks.
func everyStack(t *testing.T, policy func(t *testing.T, s stack, resources []recorded)) {
	t.Helper()
	t.Parallel()
	for _, name := range stackNames(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := load(t, name)
			policy(t, s, mustRender(t, s))
		})
	}
}

func (r recorded) String() string { return r.kind + " " + r.name }

// is reports whether the value at a path equals want. A missing value does not.
func (r recorded) is(path string, want any) bool {
	values := at(r.inputs, path)
	for _, v := range values {
		if plain(open(v)) != want {
			return false
		}
	}
	return len(values) > 0
}

func TestNoNodeIsPublic(t *testing.T) {
	everyStack(t, func(t *testing.T, _ stack, resources []recorded) {
		for _, r := range resources {
			var private bool
			switch r.kind {
			case "oci:ContainerEngine/nodePool:NodePool":
				private = slices.ContainsFunc(resources, func(subnet recorded) bool {
					return subnet.kind == "oci:Core/subnet:Subnet" && r.is("nodeConfigDetails.placementConfigs.*.subnetId", subnet.name+"-id") &&
						subnet.is("prohibitPublicIpOnVnic", true) && subnet.is("prohibitInternetIngress", true)
				})
			case "azure:containerservice/kubernetesCluster:KubernetesCluster":
				private = r.is("defaultNodePool.nodePublicIpEnabled", false)
			case "azure:containerservice/kubernetesClusterNodePool:KubernetesClusterNodePool":
				private = r.is("nodePublicIpEnabled", false)
			case "gcp:container/cluster:Cluster":
				private = r.is("privateClusterConfig.enablePrivateNodes", true)
			case "gcp:container/nodePool:NodePool":
				private = r.is("networkConfig.enablePrivateNodes", true)
			default:
				continue
			}
			if !private {
				t.Errorf("%v: nodes have public addresses", r)
			}
		}
	})
}

func TestNoAPIServerIsOpenToTheWorld(t *testing.T) {
	everyStack(t, func(t *testing.T, _ stack, resources []recorded) {
		for _, r := range resources {
			var allowed []resource.PropertyValue
			switch r.kind {
			case "oci:Core/networkSecurityGroupSecurityRule:NetworkSecurityGroupSecurityRule":
				if r.is("tcpOptions.destinationPortRange.max", int64(6443)) {
					allowed = at(r.inputs, "source")
				}
			case "azure:containerservice/kubernetesCluster:KubernetesCluster":
				allowed = at(r.inputs, "apiServerAccessProfile.authorizedIpRanges.*")
			case "gcp:container/cluster:Cluster":
				allowed = at(r.inputs, "masterAuthorizedNetworksConfig.cidrBlocks.*.cidrBlock")
			default:
				continue
			}
			for _, network := range allowed {
				if strings.HasSuffix(text(network), "/0") {
					t.Errorf("%v: %s may reach the API server", r, text(network))
				}
			}
		}
	})
}

// TestDisksAreEncrypted checks the settings for disk encryption. The clouds encrypt disks by
// default. Settings that can be turned off must be on.
func TestDisksAreEncrypted(t *testing.T) {
	everyStack(t, func(t *testing.T, _ stack, resources []recorded) {
		for _, r := range resources {
			encrypted := true
			switch r.kind {
			case "oci:ContainerEngine/nodePool:NodePool":
				encrypted = r.is("nodeConfigDetails.isPvEncryptionInTransitEnabled", true)
			case "azure:containerservice/kubernetesCluster:KubernetesCluster":
				encrypted = r.is("defaultNodePool.hostEncryptionEnabled", true)
			case "azure:containerservice/kubernetesClusterNodePool:KubernetesClusterNodePool":
				encrypted = r.is("hostEncryptionEnabled", true)
			case "gcp:container/nodePool:NodePool":
				encrypted = r.is("nodeConfig.shieldedInstanceConfig.enableSecureBoot", true) && !r.is("nodeConfig.localSsdCount", int64(1))
			}
			if !encrypted {
				t.Errorf("%v: the disks or the connection to them are not encrypted", r)
			}
		}
	})
}

// holdsData reports whether deleting a resource loses stored data.
func holdsData(r recorded) bool {
	switch r.kind {
	case "oci:ContainerEngine/cluster:Cluster", "azure:containerservice/kubernetesCluster:KubernetesCluster", "gcp:container/cluster:Cluster":
		return true // its volumes are deleted with it
	case "kubernetes:core/v1:Namespace":
		return r.is("metadata.name", "broker") || r.is("metadata.name", "dapr-system")
	case "kubernetes:helm.sh/v3:Release":
		return r.is("chart", "dapr") // the jobs
	}
	return strings.HasPrefix(r.kind, "kubernetes:cluster.redpanda.com/") || strings.HasPrefix(r.kind, "kubernetes:kafka.strimzi.io/v1:Kafka") &&
		r.kind != "kubernetes:kafka.strimzi.io/v1:KafkaUser"
}

func TestWhatHoldsDataIsProtected(t *testing.T) {
	everyStack(t, func(t *testing.T, s stack, resources []recorded) {
		found := false
		for _, r := range resources {
			if !holdsData(r) {
				continue
			}
			found = true
			if local := s.config["taskmaster:environment"] == "local"; r.protect == local {
				t.Errorf("%v: protect is %v", r, r.protect)
			}
		}
		if !found {
			t.Error("no resource with data was found")
		}
	})
}

// labelsAt lists the paths of labels or tags by type of resource. Types that are not listed cannot
// have any.
var labelsAt = map[string][]string{
	"azure:core/resourceGroup:ResourceGroup":                                     {"tags.project"},
	"azure:network/virtualNetwork:VirtualNetwork":                                {"tags.project"},
	"azure:authorization/userAssignedIdentity:UserAssignedIdentity":              {"tags.project"},
	"azure:containerservice/kubernetesCluster:KubernetesCluster":                 {"tags.project", "defaultNodePool.tags.project"},
	"azure:containerservice/kubernetesClusterNodePool:KubernetesClusterNodePool": {"tags.project"},
	"gcp:container/cluster:Cluster":                                              {"resourceLabels.project"},
	"gcp:container/nodePool:NodePool":                                            {"nodeConfig.resourceLabels.project"},
}

func TestResourcesAreLabelled(t *testing.T) {
	everyStack(t, func(t *testing.T, _ stack, resources []recorded) {
		for _, r := range resources {
			paths := labelsAt[r.kind]
			switch {
			case r.read, r.kind == "kubernetes:helm.sh/v3:Release", r.kind == "oci:Core/networkSecurityGroupSecurityRule:NetworkSecurityGroupSecurityRule":
				continue
			case strings.HasPrefix(r.kind, "oci:"):
				paths = []string{"freeformTags.project", "freeformTags.stack", "freeformTags.environment"}
			case strings.HasPrefix(r.kind, "kubernetes:"):
				paths = []string{"metadata.labels.app|kubernetes|io/part-of", "metadata.labels.taskmaster/stack", "metadata.labels.taskmaster/environment"}
			}
			for _, path := range paths {
				if !has(r.inputs, path) {
					t.Errorf("%v has no %s", r, path)
				}
			}
		}
	})
}

// limitsAt lists the paths of resource limits by chart.
var limitsAt = map[string][]string{
	"dapr":                   {"dapr_operator.resources", "dapr_sentry.resources", "dapr_scheduler.resources", "dapr_sidecar_injector.resources"},
	"cert-manager":           {"resources", "webhook.resources", "cainjector.resources", "startupapicheck.resources"},
	"operator":               {"resources"},
	"strimzi-kafka-operator": {"resources"},
}

func TestPodsHaveLimits(t *testing.T) {
	everyStack(t, func(t *testing.T, _ stack, resources []recorded) {
		for _, r := range resources {
			var paths []string
			switch r.kind {
			case "kubernetes:helm.sh/v3:Release":
				chartName := text(at(r.inputs, "chart")[0])
				if chartName == chart {
					continue // its own manifests have limits
				}
				if len(limitsAt[chartName]) == 0 {
					t.Errorf("%v: limitsAt has no entry for the chart %s", r, chartName)
				}
				for _, path := range limitsAt[chartName] {
					paths = append(paths, "values."+path+".limits.memory", "values."+path+".requests.cpu", "values."+path+".requests.memory")
				}
			case "kubernetes:kafka.strimzi.io/v1:KafkaNodePool":
				paths = []string{"spec.resources.limits.memory", "spec.resources.requests.cpu"}
			case "kubernetes:kafka.strimzi.io/v1:Kafka":
				paths = []string{"spec.entityOperator.topicOperator.resources.limits.memory", "spec.entityOperator.userOperator.resources.limits.memory"}
			case "kubernetes:cluster.redpanda.com/v1alpha2:Redpanda":
				paths = []string{"spec.clusterSpec.resources.memory.container.max", "spec.clusterSpec.resources.cpu.cores"}
			}
			for _, path := range paths {
				if !has(r.inputs, path) {
					t.Errorf("%v has no %s", r, path)
				}
			}
		}
	})
}

func TestNamespacesAdmitNoPrivilegedPods(t *testing.T) {
	everyStack(t, func(t *testing.T, s stack, resources []recorded) {
		for _, r := range resources {
			if r.kind != "kubernetes:core/v1:Namespace" {
				continue
			}
			want := "restricted"
			if kind := s.section(t, "taskmaster:broker")["kind"]; r.is("metadata.name", "broker") && kind != config.Strimzi {
				want = "baseline" // Redpanda's own pods set no seccomp profile
			}
			if !r.is("metadata.labels.pod-security|kubernetes|io/enforce", want) {
				t.Errorf("%v: Pod Security is not %s", r, want)
			}
		}
	})
}

func TestEveryVersionIsPinned(t *testing.T) {
	everyStack(t, func(t *testing.T, _ stack, resources []recorded) {
		for _, r := range resources {
			walk(resource.NewProperty(r.inputs), func(v string, _ bool) {
				if strings.HasSuffix(v, ":latest") || v == "latest" {
					t.Errorf("%v: the version %q is not pinned", r, v)
				}
			})
			if r.kind == "kubernetes:helm.sh/v3:Release" && !r.is("chart", chart) && !has(r.inputs, "version") {
				t.Errorf("%v: the chart has no version", r)
			}
		}
	})
}

// walk calls visit with every string in a value and whether it is secret.
func walk(v resource.PropertyValue, visit func(value string, secret bool)) {
	var in func(resource.PropertyValue, bool)
	in = func(v resource.PropertyValue, secret bool) {
		switch {
		case v.IsSecret():
			in(v.SecretValue().Element, true)
		case v.IsString():
			visit(v.StringValue(), secret)
		case v.IsArray():
			for _, inner := range v.ArrayValue() {
				in(inner, secret)
			}
		case v.IsObject():
			for _, inner := range v.ObjectValue() {
				in(inner, secret)
			}
		}
	}
	in(v, false)
}

// TestSecretsStaySecret checks that configuration secrets are secret in every input that contains
// them.
func TestSecretsStaySecret(t *testing.T) {
	everyStack(t, func(t *testing.T, s stack, resources []recorded) {
		seen := map[string]bool{}
		for _, r := range resources {
			walk(resource.NewProperty(r.inputs), func(v string, secret bool) {
				for key := range s.secret {
					if !strings.Contains(v, s.config[key]) {
						continue
					}
					seen[key] = true
					if !secret {
						t.Errorf("%v: %s is in the clear", r, key)
					}
				}
				if strings.Contains(v, "kubeconfig-of-tests") && !secret {
					t.Errorf("%v: the kubeconfig is in the clear", r)
				}
			})
		}
		for key := range s.secret {
			if !seen[key] {
				t.Errorf("%s is in no resource", key)
			}
		}
	})
}

// TestTheKubeconfigIsSecret checks that the kubeconfig is encrypted in the state and hidden in the
// outputs, because it gives full access to the cluster.
func TestTheKubeconfigIsSecret(t *testing.T) {
	t.Parallel()
	for _, name := range stackNames(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			secret := false
			err := load(t, name).run(&recorder{}, func(ctx *pulumi.Context) error {
				cfg, err := config.Load(ctx, ctx.Project(), machine)
				if err != nil {
					return err
				}
				c, err := newCluster(ctx, "cluster", cfg, nil)
				if err != nil {
					return err
				}
				secret = pulumi.IsSecret(c.Kubeconfig)
				return nil
			})
			if err != nil || !secret {
				t.Errorf("stack %s: the kubeconfig is secret: %v (%v)", name, secret, err)
			}
		})
	}
}

// secretNames are the names of config.Secrets.
var secretNames = []string{"databaseURL", "databaseCA", "appToken", "brokerUsername", "brokerPassword", "brokerCA", "kubeconfig", "smtpURL",
	"vapidPrivateKey", "setupToken", "channelKeys", "tlsCertificate", "tlsKey"}

// looksSecret matches content that must not be in a file: a URL with a password, a key, a long
// random text.
var looksSecret = regexp.MustCompile(`://[^/\s]*:[^/\s]*@|-----BEGIN|\b[0-9a-fA-F]{32,}\b`)

func TestStackFilesHoldNoPlainSecret(t *testing.T) {
	t.Parallel()
	for _, name := range stackNames(t) {
		for key, value := range stackFile(t, name) {
			short := strings.TrimPrefix(key, "taskmaster:")
			encrypted, isMap := value.(map[string]any)
			if slices.Contains(secretNames, short) && (!isMap || encrypted["secure"] == nil) {
				t.Errorf("stack %s: %s is in the clear: pulumi config set --secret %s, and replace the exposed value", name, key, short)
			}
			if short == "images" || isMap && encrypted["secure"] != nil {
				continue // digests match the pattern; encrypted values may be in the file
			}
			s := stack{config: map[string]string{}}
			s.set(t, key, value)
			if found := looksSecret.FindString(s.config[key]); found != "" {
				t.Errorf("stack %s: %s seems to contain a secret", name, key)
			}
		}
	}
}
