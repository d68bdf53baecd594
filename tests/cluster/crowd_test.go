//go:build cluster

package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"taskmaster/tests/system"
)

// These are the size of the crowd, how long it works, and the pause of each person between two
// requests.
const (
	crowdSize  = 100
	crowdTime  = 5 * time.Minute
	crowdPause = 2 * time.Second
)

// crowd lets people use the API and the page for a while. It logs the times of the responses, and
// checks that no container uses more memory than its limit.
func (c *cluster) crowd(url string) {
	c.t.Helper()
	client := system.NewHTTPClient(crowdSize)
	people := make([]*system.Person, crowdSize)
	g, ctx := errgroup.WithContext(c.t.Context())
	g.SetLimit(2) // each sign-up computes a password hash
	for i := range people {
		g.Go(func() (err error) {
			people[i], err = system.SignUp(ctx, url, client)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		c.t.Fatalf("sign up a crowd: %v", err)
	}
	var mu sync.Mutex
	var times []time.Duration
	var failed []error
	end := time.Now().Add(crowdTime)
	var wg sync.WaitGroup
	for i, p := range people {
		wg.Go(func() {
			c.wait(crowdPause * time.Duration(i) / crowdSize) // people do not click at the same moment
			tick := time.NewTicker(crowdPause)
			defer tick.Stop()
			for n := i; time.Now().Before(end) && c.t.Context().Err() == nil; n++ {
				began := time.Now()
				err := act(c.t.Context(), p, n)
				mu.Lock()
				times = append(times, time.Since(began))
				if err != nil {
					failed = append(failed, err)
				}
				mu.Unlock()
				<-tick.C
			}
		})
	}
	wg.Wait()
	slices.Sort(times)
	at := func(percent int) time.Duration { return times[(len(times)-1)*percent/100].Round(time.Millisecond) }
	c.t.Logf("%d people, %d requests in %v: p50 %v, p95 %v, p99 %v, %d failed", crowdSize, len(times), crowdTime, at(50), at(95), at(99), len(failed))
	if len(failed)*refusedOneIn > len(times) {
		c.t.Errorf("%d of %d requests failed, the last with %.300v", len(failed), len(times), failed[len(failed)-1])
	}
	c.checkMemory()
}

// act sends one of ten requests: three changes, three lists, four pages.
func act(ctx context.Context, p *system.Person, n int) error {
	switch n % 10 {
	case 0, 1, 2:
		return p.Do(ctx, "POST", "/tasks", map[string]string{"title": fmt.Sprintf("Task %d", n)}, nil)
	case 3, 4, 5:
		return p.Do(ctx, "GET", "/tasks?status=open&limit=50", nil, nil)
	}
	_, err := p.Page(ctx, "/all")
	return err
}

// checkMemory compares the memory of each container with its limit, as the kubelet measures it.
func (c *cluster) checkMemory() {
	c.t.Helper()
	limits := map[string]resource.Quantity{}
	var pods corev1.PodList
	if err := json.Unmarshal([]byte(c.kubectl("", "get", "pods", "--output", "json")), &pods); err != nil {
		c.t.Fatal(err)
	}
	for _, pod := range pods.Items {
		for _, container := range slices.Concat(pod.Spec.Containers, pod.Spec.InitContainers) {
			limits[pod.Name+"/"+container.Name] = container.Resources.Limits[corev1.ResourceMemory]
		}
	}
	node := c.kubectl("", "get", "nodes", "--output", "jsonpath={.items[0].metadata.name}")
	var summary struct {
		Pods []struct {
			PodRef     struct{ Name, Namespace string }
			Containers []struct {
				Name   string
				Memory struct{ WorkingSetBytes int64 }
			}
		}
	}
	if err := json.Unmarshal([]byte(c.kubectl("", "get", "--raw", "/api/v1/nodes/"+node+"/proxy/stats/summary")), &summary); err != nil {
		c.t.Fatal(err)
	}
	var lines []string
	for _, pod := range summary.Pods {
		if pod.PodRef.Namespace != c.namespace {
			continue
		}
		for _, container := range pod.Containers {
			name := pod.PodRef.Name + "/" + container.Name
			limit, ok := limits[name]
			if !ok {
				continue // of a pod that has gone
			}
			lines = append(lines, fmt.Sprintf("%s %d of %d MiB", name, container.Memory.WorkingSetBytes>>20, limit.Value()>>20))
			if limit.IsZero() || container.Memory.WorkingSetBytes > limit.Value()*9/10 {
				c.t.Errorf("%s uses %d bytes of memory, more than nine tenths of its limit %s", name, container.Memory.WorkingSetBytes, limit.String())
			}
		}
	}
	slices.Sort(lines)
	c.t.Logf("memory:\n%s", strings.Join(lines, "\n"))
	if len(lines) == 0 {
		c.t.Error("the kubelet reports the memory of no container")
	}
}
