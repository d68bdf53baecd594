//go:build cluster

package cluster

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"taskmaster/tests/system"
)

// withoutSidecars lets all sidecars of api start while something that they need is away, so that no
// pod of api is ready. The page and the API must go on.
func (c *cluster) withoutSidecars(url string, images map[string]string, away, back func()) {
	c.t.Helper()
	person := signUp(c.t, url)
	away()
	for _, pod := range c.podsOf("api") {
		c.endSidecar(pod)
	}
	ctx, cancel := context.WithTimeout(c.t.Context(), clusterTimeout)
	defer cancel()
	err := system.Poll(ctx, func() error {
		// A pod that is not ready leaves its service.
		if ready := c.kubectl("", "get", "endpointslices", "--selector", "kubernetes.io/service-name=api",
			"--output", `jsonpath={.items[*].endpoints[?(@.conditions.ready==true)].addresses}`); ready != "" {
			return fmt.Errorf("the service of api has ready pods: %s", ready)
		}
		for _, ready := range strings.Fields(c.kubectl("", "get", "pods", "--selector", "app.kubernetes.io/component=api",
			"--output", `jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status}`)) {
			if ready == "True" {
				return errors.New("a pod of api is ready although its sidecar cannot start")
			}
		}
		return nil
	})
	if err != nil {
		c.t.Error(err)
	}
	c.step("no pod of api is ready")
	for n := range 50 {
		if err := person.Do(ctx, "POST", "/tasks", map[string]string{"title": fmt.Sprintf("without a sidecar %d", n)}, nil); err != nil {
			c.t.Errorf("while no sidecar of api runs: %v", err)
		}
		if status, _, err := request(ctx, http.MethodGet, url+"/", ""); err != nil || status != http.StatusOK {
			c.t.Errorf("the page answers %d (%v) while no sidecar of api runs", status, err)
		}
	}
	back()
	c.checkPods(images)
}

// withoutDapr is withoutSidecars without Dapr's control plane.
func (c *cluster) withoutDapr(url string, images map[string]string) {
	c.t.Helper()
	dapr := func(args ...string) string {
		return c.run("", append([]string{"kubectl", "--namespace", daprNamespace}, args...)...)
	}
	replicas := map[string]string{}
	for _, workload := range strings.Fields(dapr("get", "deployments,statefulsets", "--output", "name")) {
		replicas[workload] = dapr("get", workload, "--output", "jsonpath={.spec.replicas}")
	}
	c.withoutSidecars(url, images, func() {
		for workload := range replicas {
			dapr("scale", workload, "--replicas", "0")
		}
		dapr("wait", "pods", "--all", "--for", "delete", "--timeout", "3m")
	}, func() {
		for workload, n := range replicas {
			dapr("scale", workload, "--replicas", n)
		}
		for workload := range replicas {
			dapr("rollout", "status", workload, "--timeout", "4m")
		}
	})
}

// withoutKafka is withoutSidecars while Kafka hangs.
func (c *cluster) withoutKafka(url string, o outside, images map[string]string) {
	c.t.Helper()
	c.withoutSidecars(url, images, func() { c.signal(o.kafka, syscall.SIGSTOP) }, func() { c.signal(o.kafka, syscall.SIGCONT) })
}

// endSidecar ends the sidecar of a pod through its API. It returns when the kubelet has started the
// sidecar again.
func (c *cluster) endSidecar(pod string) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), time.Minute)
	defer cancel()
	starts := c.sidecarStarts(pod)
	if status, _ := c.askSidecar(pod, http.MethodPost, "/v1.0/shutdown", ""); status != http.StatusNoContent {
		c.t.Fatalf("end the sidecar of %s: status %d", pod, status)
	}
	err := system.Poll(ctx, func() error {
		if now := c.sidecarStarts(pod); now == starts {
			return fmt.Errorf("the sidecar of %s has started %s times, as before", pod, now)
		}
		return nil
	})
	if err != nil {
		c.t.Fatal(err)
	}
}

// askSidecar sends a request to the API of a pod's sidecar, which listens only inside the pod.
func (c *cluster) askSidecar(pod, method, path, body string) (status int, answer string) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "kubectl", "--namespace", c.namespace, "port-forward", "pod/"+pod, ":3500")
	out, err := cmd.StdoutPipe()
	if err != nil {
		c.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	defer func() { cancel(); _ = cmd.Wait() }()
	line, err := bufio.NewReader(out).ReadString('\n')
	_, address, ok := strings.Cut(line, "Forwarding from ")
	if err != nil || !ok {
		c.t.Fatalf("forward a port to %s: %q: %v", pod, line, err)
	}
	address, _, _ = strings.Cut(address, " ")
	status, answer, err = request(ctx, method, "http://"+address+path, body)
	if err != nil {
		c.t.Fatalf("%s %s at the sidecar of %s: %v", method, path, pod, err)
	}
	return status, answer
}

// request sends a request and returns the response.
func request(ctx context.Context, method, url, body string) (status int, answer string, err error) {
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	return res.StatusCode, string(raw), err
}

// sidecarStarts returns how often the sidecar of a pod was restarted.
func (c *cluster) sidecarStarts(pod string) string {
	c.t.Helper()
	return c.kubectl("", "get", "pod", pod, "--output", `jsonpath={.status.initContainerStatuses[?(@.name=="daprd")].restartCount}`)
}
