package main

import (
	"os"
	"path/filepath"
	"testing"
)

// What one broker kept is of no use to the next start either: its password is forgotten, too.
func TestCleanForgetsEveryBroker(t *testing.T) {
	t.Parallel()
	for _, b := range brokers {
		p := brokerPlan(t, b.name, nil)
		if err := os.MkdirAll(filepath.Join(p.brokerDir(), "data"), 0o700); err != nil {
			t.Fatal(err)
		}
		cfg := p.cfg
		cfg.brokerName = "nats" // the default of `local clean`
		if err := clean(cfg); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(p.brokerDir()); !os.IsNotExist(err) {
			t.Errorf("%s: its folder is still there (%v)", b.name, err)
		}
	}
}
