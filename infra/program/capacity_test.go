//go:build clouds

package program

import (
	"fmt"
	"strings"
	"testing"

	property "github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"sigs.k8s.io/yaml"

	"taskmaster/infra/config"
)

// amount is an amount of processor time in thousandths, and of memory in MiB.
type amount struct{ cpu, memory int64 }

func (a amount) plus(b amount) amount { return amount{a.cpu + b.cpu, a.memory + b.memory} }

func (a amount) times(n int) amount { return amount{a.cpu * int64(n), a.memory * int64(n)} }

func (a amount) fits(b amount) bool { return a.cpu <= b.cpu && a.memory <= b.memory }

func quantities(t *testing.T, cpu, memory string) amount {
	t.Helper()
	c, err := resource.ParseQuantity(cpu)
	if err != nil {
		t.Fatalf("%q: %v", cpu, err)
	}
	m, err := resource.ParseQuantity(memory)
	if err != nil {
		t.Fatalf("%q: %v", memory, err)
	}
	return amount{c.MilliValue(), m.Value() >> 20}
}

func requests(t *testing.T, c corev1.Container) amount {
	t.Helper()
	return quantities(t, c.Resources.Requests.Cpu().String(), c.Resources.Requests.Memory().String())
}

// moreServices is the number of further services that must fit, each as large as web.
const moreServices = 2

// demand is the sum of the requests of a stack's pods.
type demand struct {
	rest    amount // when nothing changes
	upgrade amount // when every service has one pod more
	most    amount // the same when autoscaling has added all pods
}

func demandOf(t *testing.T, resources []recorded) demand {
	t.Helper()
	var d demand
	values, rendered := renderChart(t, find(t, resources, release, "app"), "../chart", "taskmaster", "taskmaster")
	most := map[string]int{}
	if limits, ok := values["autoscaling"].(map[string]any)["maxReplicas"].(map[string]any); ok {
		for service, n := range limits {
			most[service] = int(n.(int64))
		}
	}
	for document := range strings.SplitSeq(rendered["taskmaster/templates/deployments.yaml"], "\n---") {
		var deployment appsv1.Deployment
		if err := yaml.Unmarshal([]byte(document), &deployment); err != nil {
			t.Fatal(err)
		}
		if deployment.Name == "" {
			continue
		}
		template := deployment.Spec.Template
		pod := requests(t, template.Spec.Containers[0])
		if template.Annotations["dapr.io/enabled"] != "" {
			pod = pod.plus(quantities(t, template.Annotations["dapr.io/sidecar-cpu-request"], template.Annotations["dapr.io/sidecar-memory-request"]))
		}
		n := int(values["replicas"].(map[string]any)[deployment.Name].(int64))
		d.rest = d.rest.plus(pod.times(n))
		d.upgrade = d.upgrade.plus(pod.times(n + 1))
		d.most = d.most.plus(pod.times(max(n, most[deployment.Name]) + 1))
		if deployment.Name == "live" { // each of the further services is as large as live
			d.rest = d.rest.plus(pod.times(moreServices * n))
			d.upgrade = d.upgrade.plus(pod.times(moreServices * (n + 1)))
			d.most = d.most.plus(pod.times(moreServices * (n + 1)))
		}
	}
	platform := platformDemand(t, resources)
	return demand{d.rest.plus(platform), d.upgrade.plus(platform), d.most.plus(platform)}
}

// platformDemand returns the requests of Dapr, the operators and a broker in the cluster.
func platformDemand(t *testing.T, resources []recorded) amount {
	t.Helper()
	var sum amount
	for _, o := range renderDapr(t, find(t, resources, release, "platform-dapr")) {
		for _, c := range o.Spec.Template.Spec.Containers {
			n := 1
			if o.Spec.Replicas != nil {
				n = *o.Spec.Replicas
			}
			sum = sum.plus(requests(t, c).times(n))
		}
	}
	for _, r := range resources {
		at := func(path string) string {
			found := at(r.inputs, path)
			if len(found) != 1 {
				t.Fatalf("%v has no %s", r, path)
			}
			return fmt.Sprint(plain(open(found[0])))
		}
		count := func(path string) int {
			var n int
			if _, err := fmt.Sscan(at(path), &n); err != nil {
				t.Fatalf("%v: %s: %v", r, path, err)
			}
			return n
		}
		switch {
		case r.kind == release && !r.is("chart", chart) && !r.is("chart", "dapr"):
			for _, path := range limitsAt[text(at1(t, r, "chart"))] {
				sum = sum.plus(quantities(t, at("values."+path+".requests.cpu"), at("values."+path+".requests.memory")))
			}
		case strings.HasSuffix(r.kind, ":KafkaNodePool"):
			sum = sum.plus(quantities(t, at("spec.resources.requests.cpu"), at("spec.resources.requests.memory")).times(count("spec.replicas")))
		case strings.HasSuffix(r.kind, ":Kafka"):
			for _, operator := range []string{"topicOperator", "userOperator"} {
				path := "spec.entityOperator." + operator + ".resources.requests."
				sum = sum.plus(quantities(t, at(path+"cpu"), at(path+"memory")))
			}
		case strings.HasSuffix(r.kind, ":Redpanda"):
			sum = sum.plus(quantities(t, at("spec.clusterSpec.resources.cpu.cores"), at("spec.clusterSpec.resources.memory.container.max")).
				times(count("spec.clusterSpec.statefulset.replicas")))
		}
	}
	return sum
}

// machines are the sizes of the machine types in use.
var machines = map[string]amount{"Standard_D2s_v5": {2000, 8 << 10}, "e2-standard-2": {2000, 8 << 10}, "e2-standard-4": {4000, 16 << 10}}

// supply returns the resources of a stack's nodes for its pods: least without the additional nodes of
// the autoscaler, and most with all of them. Each node keeps a part for the kubelet and the cloud's own pods:
// https://cloud.google.com/kubernetes-engine/docs/concepts/plan-node-sizes
// https://learn.microsoft.com/azure/aks/node-resource-reservations
// https://docs.oracle.com/iaas/Content/ContEng/Tasks/contengbestpractices_topic-Cluster-Management-best-practices.htm
func supply(t *testing.T, resources []recorded) (least, most amount, ok bool) {
	t.Helper()
	for _, r := range resources {
		number := func(path string) int { return int(open(at1(t, r, path)).NumberValue()) }
		var node amount
		kept := amount{500, 3 << 10}
		var low, high int
		switch r.kind {
		case "oci:ContainerEngine/nodePool:NodePool":
			node = amount{int64(1000 * number("nodeShapeConfig.ocpus")), int64(number("nodeShapeConfig.memoryInGbs")) << 10}
			low = number("nodeConfigDetails.size")
			high = low
		case "azure:containerservice/kubernetesClusterNodePool:KubernetesClusterNodePool":
			node, low, high = machines[text(at1(t, r, "vmSize"))], number("minCount"), number("maxCount")
		case "gcp:container/nodePool:NodePool":
			node, low, high = machines[text(at1(t, r, "nodeConfig.machineType"))], number("autoscaling.minNodeCount"), number("autoscaling.maxNodeCount")
			kept.cpu = 700
			if strings.Count(text(at1(t, r, "location")), "-") == 1 { // a region has three zones
				low, high = 3*low, 3*high
			}
		default:
			continue
		}
		if node == (amount{}) {
			t.Fatalf("%v: machines has no entry for its type", r)
		}
		node = amount{node.cpu - kept.cpu, node.memory - kept.memory}
		return node.times(low), node.times(high), true
	}
	return amount{}, amount{}, false
}

func at1(t *testing.T, r recorded, path string) property.PropertyValue {
	t.Helper()
	found := at(r.inputs, path)
	if len(found) != 1 {
		t.Fatalf("%v has no %s", r, path)
	}
	return found[0]
}

// TestPodsFitOnTheNodes sums the requests of each stack with its nodes. At rest they fit on the
// fewest nodes. During an upgrade, and with all pods of autoscaling, they fit on the most.
func TestPodsFitOnTheNodes(t *testing.T) {
	everyStack(t, func(t *testing.T, _ stack, resources []recorded) {
		t.Helper()
		least, most, ok := supply(t, resources)
		if !ok {
			return // the owner's cluster
		}
		d := demandOf(t, resources)
		t.Logf("thousandths of processors, MiB: at rest %v of %v; upgrade %v, with autoscaling %v of %v", d.rest, least, d.upgrade, d.most, most)
		if !d.rest.fits(least) {
			t.Errorf("at rest the pods request %v, and the nodes have %v", d.rest, least)
		}
		if !d.upgrade.fits(most) || !d.most.fits(most) {
			t.Errorf("in an upgrade the pods request %v, and with autoscaling %v, and the nodes have %v", d.upgrade, d.most, most)
		}
	})
}

// TestStacksOnOracleAreFree holds the stacks on OKE to the always-free limits since June 2026:
// https://docs.oracle.com/iaas/Content/FreeTier/freetier_topic-Always_Free_Resources.htm
func TestStacksOnOracleAreFree(t *testing.T) {
	const (
		cores, memoryGB, volumesGB = 2, 12, 200
		smallest                   = 50 // GB of a volume on OCI
	)
	everyStack(t, func(t *testing.T, s stack, resources []recorded) {
		t.Helper()
		for _, r := range resources {
			if r.kind != "oci:ContainerEngine/nodePool:NodePool" {
				continue
			}
			number := func(path string) float64 { return open(at1(t, r, path)).NumberValue() }
			nodes := number("nodeConfigDetails.size")
			if !r.is("nodeShape", "VM.Standard.A1.Flex") || nodes*number("nodeShapeConfig.ocpus") > cores || nodes*number("nodeShapeConfig.memoryInGbs") > memoryGB {
				t.Errorf("%v exceeds %d OCPUs and %d GB: %v", r, cores, memoryGB, plain(at1(t, r, "nodeShapeConfig")))
			}
			var disk, scheduler int
			if _, err := fmt.Sscan(text(at1(t, r, "nodeSourceDetails.bootVolumeSizeInGbs")), &disk); err != nil {
				t.Fatal(err)
			}
			size := text(at1(t, find(t, resources, release, "platform-dapr"), "values.dapr_scheduler.cluster.storageSize"))
			if _, err := fmt.Sscanf(size, "%dGi", &scheduler); err != nil {
				t.Fatal(err)
			}
			if kind := s.section(t, "taskmaster:broker")["kind"]; kind != config.RedpandaCloud && kind != config.Kafka {
				t.Errorf("the volumes of a %s broker exceed %d GB", kind, volumesGB)
			}
			if sum := int(nodes)*disk + 3*max(scheduler, smallest); sum > volumesGB {
				t.Errorf("the volumes have %d GB, more than %d", sum, volumesGB)
			}
		}
	})
}

// TestConnectionsFitStockPostgreSQL sums the pools in the rendered pods of each stack during an
// upgrade. Stock PostgreSQL allows 97 besides its administrator, and Neon's smallest as many.
func TestConnectionsFitStockPostgreSQL(t *testing.T) {
	const limit, moreServices = 90, 12
	everyStack(t, func(t *testing.T, _ stack, resources []recorded) {
		t.Helper()
		values, rendered := renderChart(t, find(t, resources, release, "app"), "../chart", "taskmaster", "taskmaster")
		sum := moreServices
		for document := range strings.SplitSeq(rendered["taskmaster/templates/deployments.yaml"], "\n---") {
			var deployment appsv1.Deployment
			if err := yaml.Unmarshal([]byte(document), &deployment); err != nil {
				t.Fatal(err)
			}
			if deployment.Name == "" {
				continue
			}
			n := int(values["replicas"].(map[string]any)[deployment.Name].(int64))
			if scaling := values["autoscaling"].(map[string]any); scaling["enabled"] == true {
				n = int(scaling["maxReplicas"].(map[string]any)[deployment.Name].(int64))
			}
			for _, v := range deployment.Spec.Template.Spec.Containers[0].Env {
				var pool int
				if !strings.HasSuffix(v.Name, "_CONNS") {
					continue
				}
				if _, err := fmt.Sscan(v.Value, &pool); err != nil {
					t.Fatal(err)
				}
				sum += pool * min(2*n, n+2)
			}
		}
		if sum >= limit || sum <= moreServices {
			t.Errorf("an upgrade opens up to %d connections, want fewer than %d", sum, limit)
		}
	})
}
