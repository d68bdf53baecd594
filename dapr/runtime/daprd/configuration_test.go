package main

import (
	"testing"

	"github.com/dapr/dapr/pkg/config"
)

// A sidecar that reloads components while it starts may end: see configuration/taskmaster.yaml.
func TestSidecarsDoNotReloadComponents(t *testing.T) {
	for name, files := range map[string][]string{
		"in a cluster":   {"../../configuration/taskmaster.yaml"},
		"on one machine": {"../../configuration/taskmaster.yaml", "../../local/configuration.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := config.LoadStandaloneConfiguration(files...)
			if err != nil {
				t.Fatal(err)
			}
			c.LoadFeatures()
			if c.IsFeatureEnabled(config.HotReload) {
				t.Error("HotReload is on")
			}
		})
	}
}
