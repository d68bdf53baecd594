//go:build cluster

package cluster

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"taskmaster/tests/system"
)

// outage is how long PostgreSQL and the broker are away in the long form of the test.
const outage = time.Minute

// long reports whether CLUSTER_LONG asks for the long form of the test.
func long() bool { return os.Getenv("CLUSTER_LONG") != "" }

// maintain upgrades the system, upgrades it to a version that never becomes ready, rolls it back and
// evicts pods. People work meanwhile, and no request may fail.
func (c *cluster) maintain(o outside, first, second map[string]string) {
	c.t.Helper()
	c.step("upgrade")
	c.install(c.values(o, second))
	c.checkPods(second)

	c.step("upgrade to a version that never becomes ready")
	broken := maps.Clone(second)
	repository, _, _ := strings.Cut(second["live"], "@")
	broken["live"] = repository + "@sha256:" + strings.Repeat("0", 64)
	_, err := c.try(clusterTimeout, "", "helm", "upgrade", release, "infra/chart", "--namespace", c.namespace,
		"--values", c.valuesFile(c.values(o, broken)), "--atomic", "--timeout", "50s")
	if err == nil || !strings.Contains(err.Error(), "has been rolled back") {
		c.t.Errorf("an upgrade to an image that does not exist: got %v, want a rollback by Helm", err)
	}
	c.checkPods(second)

	c.step("rollback")
	c.run("", "helm", "rollback", release, "1", "--namespace", c.namespace, "--wait", "--timeout", "4m")
	c.checkPods(first)

	c.step("eviction of pods")
	for _, service := range services {
		pods := c.podsOf(service)
		if !long() {
			pods = pods[:1]
		}
		for _, pod := range pods {
			c.evict(pod)
			c.checkPods(first)
		}
	}
}

// breakParts breaks every part for a while, in the long form of the test. Requests may fail
// meanwhile, and are repeated.
func (c *cluster) breakParts(o outside, url string, images map[string]string) {
	c.t.Helper()
	for _, service := range services {
		for _, pod := range c.podsOf(service) {
			c.step("kill " + pod)
			c.kubectl("", "delete", "pod", pod, "--grace-period", "0", "--force")
			c.checkPods(images)
		}
	}

	c.step("restart Dapr's control plane")
	dapr := func(args ...string) string {
		return c.run("", append([]string{"kubectl", "--namespace", daprNamespace}, args...)...)
	}
	for _, workload := range strings.Fields(dapr("get", "deployments,statefulsets", "--output", "name")) {
		dapr("rollout", "restart", workload)
		dapr("rollout", "status", workload, "--timeout", "4m")
	}
	c.checkPods(images)

	c.step("end every sidecar")
	for _, service := range services {
		if slices.Contains(withoutSidecar, service) {
			continue
		}
		for _, pod := range c.podsOf(service) {
			c.endSidecar(pod)
			c.checkPods(images)
		}
	}
	c.step("Dapr is away, and the sidecars of api start")
	c.withoutDapr(url, images)
	c.step("Kafka hangs, and the sidecars of api start")
	c.withoutKafka(url, o, images)

	c.step("PostgreSQL is away")
	o.databaseLink.Cut()
	c.wait(outage)
	o.databaseLink.Mend()
	c.checkPods(images)

	c.step("Kafka hangs")
	c.signal(o.kafka, syscall.SIGSTOP)
	c.wait(outage)
	c.signal(o.kafka, syscall.SIGCONT)
	c.checkPods(images)

	c.step("scale the consumers")
	for _, replicas := range []int{1, 3, 2} {
		for _, service := range []string{"recurring", "notifier"} {
			c.kubectl("", "scale", "deployment", service, "--replicas", fmt.Sprint(replicas))
			c.replicas[service] = replicas
		}
		c.checkPods(images)
	}
}

// step logs the next step with the time of day. Failed requests have the time as well.
func (c *cluster) step(what string) {
	c.t.Logf("%s: %s", time.Now().Format(time.TimeOnly), what)
}

// podsOf returns the names of a service's pods.
func (c *cluster) podsOf(service string) []string {
	c.t.Helper()
	return strings.Fields(c.kubectl("", "get", "pods", "--selector", "app.kubernetes.io/component="+service,
		"--output", "jsonpath={.items[*].metadata.name}"))
}

// evict asks for the eviction of a pod until its disruption budget allows it, as the drain of a node
// does.
func (c *cluster) evict(pod string) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), clusterTimeout)
	defer cancel()
	eviction := fmt.Sprintf(`{"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": %q, "namespace": %q}}`, pod, c.namespace)
	path := fmt.Sprintf("/api/v1/namespaces/%s/pods/%s/eviction", c.namespace, pod)
	err := system.Poll(ctx, func() error {
		_, err := c.try(time.Minute, eviction, "kubectl", "create", "--raw", path, "--filename", "-")
		return err
	})
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c *cluster) signal(p *os.Process, s os.Signal) {
	c.t.Helper()
	if err := p.Signal(s); err != nil {
		c.t.Fatal(err)
	}
}

// wait lets an outage last.
func (c *cluster) wait(d time.Duration) {
	select {
	case <-time.After(d):
	case <-c.t.Context().Done():
	}
}
