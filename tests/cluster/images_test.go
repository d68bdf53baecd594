//go:build cluster

package cluster

import (
	"path/filepath"
	"strings"
)

// loadImages builds an image of each service like the pipeline and loads it into the cluster. It
// returns the images' names. Each build has its own names.
func (c *cluster) loadImages(build string) map[string]string {
	c.t.Helper()
	arch := strings.TrimSpace(c.run("", "kubectl", "get", "nodes", "--output", "jsonpath={.items[0].status.nodeInfo.architecture}"))
	images := map[string]string{}
	dir := c.t.TempDir()
	for _, service := range services {
		program := filepath.Join(dir, service)
		c.run("", "env", "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch,
			"go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-w -buildid=", "-o", program, "./services/"+service)
		archive := program + ".tar"
		images[service] = strings.TrimSpace(c.run("", "go", "run", "./ci/image",
			"-name", "taskmaster.test/taskmaster-"+service, "-revision", build, "-time", "2026-01-01T00:00:00Z", "-out", archive, "linux/"+arch+"="+program))
		c.run("", append(c.load, archive)...)
	}
	return images
}
