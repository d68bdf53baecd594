//go:build cluster

package cluster

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"taskmaster/tests/system"
)

// These are the release and its namespace. Dapr's injector adds sidecars only in this namespace.
const (
	release   = "taskmaster"
	namespace = "taskmaster"
)

var services = []string{"api", "assistant", "live", "notifier", "recurring", "web"}

// withoutSidecar are the services without a sidecar.
var withoutSidecar = []string{"web"}

// cluster is a namespace in the cluster of KUBECONFIG.
type cluster struct {
	t         *testing.T
	root      string
	namespace string
	replicas  map[string]int // pods of each service
	// host is an address of this machine that pods can reach.
	host string
	// load is the command that loads an image archive into the cluster.
	load []string
	// schemas is the folder of the files of publishedSchemas.
	schemas string
}

// newCluster returns the cluster. It fails the test with a list of everything that is missing.
func newCluster(t *testing.T) *cluster {
	t.Helper()
	root, err := system.Root()
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{
		t: t, root: root, namespace: namespace,
		replicas: map[string]int{"api": 2, "assistant": 2, "live": 2, "notifier": 2, "recurring": 2, "web": 2},
		host:     os.Getenv("HOST_ADDRESS"), load: strings.Fields(os.Getenv("LOAD_IMAGE")),
	}
	var missing []string
	for name, what := range map[string]string{
		"KUBECONFIG":   "the cluster's configuration",
		"HOST_ADDRESS": "an address of this machine that pods can reach",
		"LOAD_IMAGE":   "a command that takes an OCI archive to the cluster, such as \"kind load image-archive\"",
	} {
		if os.Getenv(name) == "" {
			missing = append(missing, name+": "+what)
		}
	}
	for _, program := range []string{"helm", "kubectl", "java", "mvn"} {
		if _, err := exec.LookPath(program); err != nil {
			missing = append(missing, program+" on the PATH")
		}
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		t.Fatalf("missing:\n  %s", strings.Join(missing, "\n  "))
	}
	return c
}

// of returns the cluster for a subtest.
func (c cluster) of(t *testing.T) *cluster {
	c.t = t
	return &c
}

// try runs a program in the repository's folder and returns its output.
func (c *cluster) try(timeout time.Duration, input string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.t.Context()), timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir, cmd.Stdin, cmd.WaitDelay = c.root, strings.NewReader(input), time.Second
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s%s", strings.Join(args, " "), err, out.String(), errOut.String())
	}
	return out.String(), nil
}

func (c *cluster) run(input string, args ...string) string {
	c.t.Helper()
	out, err := c.try(clusterTimeout, input, args...)
	if err != nil {
		c.t.Fatal(err)
	}
	return out
}

func (c *cluster) kubectl(input string, args ...string) string {
	c.t.Helper()
	return c.run(input, append([]string{"kubectl", "--namespace", c.namespace}, args...)...)
}

// createNamespace creates a namespace with the strictest Pod Security level and the secrets of the
// chart.
func (c *cluster) createNamespace(o outside) {
	c.t.Helper()
	c.createEmptyNamespace(c.namespace)
	for name, data := range map[string]map[string]string{
		"postgres": {"url": o.databaseURL},
		"kafka":    {"username": kafkaUser, "password": o.password, "ca.crt": o.authority},
		"tokens":   {"token": rand.Text()},
	} {
		c.createSecret(name, data)
	}
}

func (c *cluster) createSecret(name string, data map[string]string) {
	c.t.Helper()
	secret := corev1.Secret{StringData: data}
	secret.APIVersion, secret.Kind, secret.Name = "v1", "Secret", name
	c.kubectl(c.encode(secret), "create", "--filename", "-")
}

// createEmptyNamespace creates a namespace with the strictest Pod Security level. It is removed
// with the test.
func (c *cluster) createEmptyNamespace(name string) {
	c.t.Helper()
	c.run("", "kubectl", "create", "namespace", name)
	c.t.Cleanup(func() {
		if c.t.Failed() {
			c.logState(name)
		}
		if _, err := c.try(clusterTimeout, "", "kubectl", "delete", "namespace", name); err != nil {
			c.t.Error(err)
		}
	})
	c.run("", "kubectl", "label", "namespace", name, "pod-security.kubernetes.io/enforce=restricted")
}

// logState logs the state of a namespace to explain a failure.
func (c *cluster) logState(namespace string) {
	for _, args := range [][]string{
		{"get", "pods,services,jobs,persistentvolumeclaims", "--output", "wide"},
		{"get", "events", "--sort-by", "lastTimestamp"},
		{"logs", "--selector", "app.kubernetes.io/name=taskmaster", "--all-containers", "--prefix", "--tail", "25"},
	} {
		out, err := c.try(time.Minute, "", append([]string{"kubectl", "--namespace", namespace}, args...)...)
		c.t.Logf("kubectl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func (c *cluster) valuesFile(values string) string {
	c.t.Helper()
	file := filepath.Join(c.t.TempDir(), "values.yaml") // a new folder each time
	if err := os.WriteFile(file, []byte(values), 0o600); err != nil {
		c.t.Fatal(err)
	}
	return file
}

// dryRun asks the API server to validate all objects of the chart strictly and checks them against
// its schemas.
func (c *cluster) dryRun(values, more string) {
	c.t.Helper()
	manifest := c.run("", "helm", "template", release, "infra/chart", "--validate", "--namespace", c.namespace,
		"--values", c.valuesFile(values), "--values", c.valuesFile(more))
	c.kubectl(manifest, "apply", "--server-side", "--dry-run=server", "--validate=strict", "--filename", "-")
	c.conform(manifest)
}

// install installs or upgrades the release and returns when every pod is ready.
func (c *cluster) install(values string) {
	c.t.Helper()
	c.run("", "helm", "upgrade", "--install", release, "infra/chart", "--namespace", c.namespace, "--values", c.valuesFile(values),
		"--wait", "--timeout", "4m")
}

// checkPods checks that each service has the right number of ready pods. Each must have the right
// image and a ready sidecar.
func (c *cluster) checkPods(images map[string]string) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), clusterTimeout)
	defer cancel()
	// Pods of the old version may still be terminating.
	if err := system.Poll(ctx, func() error { return c.podsAre(images) }); err != nil {
		c.t.Fatal(err)
	}
}

func (c *cluster) podsAre(images map[string]string) error {
	out, err := c.try(time.Minute, "", "kubectl", "--namespace", c.namespace, "get", "pods", "--output", "json")
	if err != nil {
		return err
	}
	var pods corev1.PodList
	if err := json.Unmarshal([]byte(out), &pods); err != nil {
		return err
	}
	running := map[string]int{}
	for _, pod := range pods.Items {
		if pod.DeletionTimestamp != nil {
			return fmt.Errorf("%s is terminating", pod.Name)
		}
		service := pod.Labels["app.kubernetes.io/component"]
		if len(pod.Spec.Containers) != 1 || pod.Spec.Containers[0].Image != images[service] {
			return fmt.Errorf("%s is of another version", pod.Name)
		}
		statuses := slices.Concat(pod.Status.ContainerStatuses, pod.Status.InitContainerStatuses)
		for _, container := range statuses {
			if !container.Ready {
				return fmt.Errorf("%s of %s is not ready", container.Name, pod.Name)
			}
		}
		if hasSidecar := slices.ContainsFunc(statuses, func(s corev1.ContainerStatus) bool { return s.Name == "daprd" }); hasSidecar == slices.Contains(withoutSidecar, service) {
			return fmt.Errorf("%s has a sidecar: %t", pod.Name, hasSidecar)
		}
		running[service]++
	}
	for _, service := range services {
		if want := c.replicas[service]; running[service] != want {
			return fmt.Errorf("there are %d pods of %s, want %d", running[service], service, want)
		}
	}
	return nil
}

// address waits for the address of the load balancer and returns it.
func (c *cluster) address() string {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), clusterTimeout)
	defer cancel()
	var address string
	err := system.Poll(ctx, func() error {
		out, err := c.try(time.Minute, "", "kubectl", "--namespace", c.namespace, "get", "service", "web", "--output", "json")
		if err != nil {
			return err
		}
		var web corev1.Service
		if err := json.Unmarshal([]byte(out), &web); err != nil {
			return err
		}
		for _, in := range web.Status.LoadBalancer.Ingress {
			address = in.IP + in.Hostname // only one of the two is set
		}
		if address == "" {
			return fmt.Errorf("the load balancer has no address")
		}
		return nil
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return "http://" + address
}

// uninstall uninstalls the release and checks that nothing is left.
func (c *cluster) uninstall() {
	c.t.Helper()
	c.run("", "helm", "uninstall", release, "--namespace", c.namespace, "--wait", "--timeout", "3m")
	ctx, cancel := context.WithTimeout(c.t.Context(), clusterTimeout)
	defer cancel()
	kinds := "pods,services,deployments,jobs,serviceaccounts,networkpolicies,poddisruptionbudgets," +
		"components.dapr.io,configurations.dapr.io,resiliencies.dapr.io,subscriptions.dapr.io"
	err := system.Poll(ctx, func() error {
		left, err := c.try(time.Minute, "", "kubectl", "--namespace", c.namespace, "get", kinds, "--output", "name",
			"--selector", "app.kubernetes.io/name=taskmaster")
		if err != nil || left == "" {
			return err
		}
		return fmt.Errorf("left over: %s", left)
	})
	if err != nil {
		c.t.Error(err)
	}
}
