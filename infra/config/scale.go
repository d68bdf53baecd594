package config

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// spareConnections are kept for one more service with two connections in each of two pods.
const spareConnections = 4

// scaleProblems checks the maxima of autoscaling and the connections to the database.
func scaleProblems(c *Config) []error {
	var problems []error
	for _, service := range Services() {
		if n := c.App.Replicas[service]; c.App.Autoscaling && c.App.MaxReplicas[service] < n {
			problems = append(problems, fmt.Errorf("app.maxReplicas.%s: %d is less than the %d of app.replicas.%s",
				service, c.App.MaxReplicas[service], n, service))
		}
	}
	for service, variables := range c.App.Env {
		for name := range variables {
			if strings.HasSuffix(name, "_CONNS") {
				problems = append(problems, fmt.Errorf("app.env.%s.%s: set database.connections instead, which is counted", service, name))
			}
		}
	}
	if c.Database.Sleeps && c.App.Autoscaling {
		problems = append(problems, errors.New("database.sleeps: not allowed with app.autoscaling: a removed pod takes the times of its reminders along"))
	}
	byService := c.PeakConnections()
	total, parts := spareConnections, []string{}
	for _, service := range slices.Sorted(maps.Keys(byService)) {
		total += byService[service]
		parts = append(parts, fmt.Sprintf("%s %d", service, byService[service]))
	}
	if total > c.Database.MaxConnections {
		problems = append(problems, fmt.Errorf("database.maxConnections: an upgrade needs up to %d connections (%s, and %d in reserve), more than "+
			"%d: lower app.replicas, app.maxReplicas or database.connections, or raise it if the server allows more",
			total, strings.Join(parts, ", "), spareConnections, c.Database.MaxConnections))
	}
	return problems
}

// sidecarConnections is the number of connections that the sidecar of assistant has: maxConns of dapr/state.
const sidecarConnections = 2

// PeakConnections returns the most connections of each service to the database, which it reaches
// during an upgrade at full scale. One pod is added before another stops, and the stopping one
// keeps its connections until its requests are done. With one pod these are two.
func (c *Config) PeakConnections() map[string]int {
	d := c.Database.Connections
	pools := map[string]int{"api": d.API + d.Relay, "notifier": d.Notifier + d.Queue, "live": d.Live}
	if c.App.Assistant != nil && *c.App.Assistant {
		pools["assistant"] = sidecarConnections
	}
	for service, pool := range pools {
		n := c.App.Replicas[service]
		if c.App.Autoscaling {
			n = max(n, c.App.MaxReplicas[service])
		}
		pools[service] = pool * min(2*n, n+2)
	}
	return pools
}
