package main

import (
	"os"
	"path/filepath"
	"testing"
)

// clean deletes the data of all brokers, because it deletes their password too.
func TestCleanDeletesEveryBroker(t *testing.T) {
	t.Parallel()
	for _, kind := range brokerKinds() {
		p := mustPlan(t, noEnv, "-broker="+kind.name, "-dir="+t.TempDir())
		if err := os.MkdirAll(filepath.Join(p.brokerDir(), "data"), 0o700); err != nil {
			t.Fatal(err)
		}
		cfg := mustConfig(t, noEnv, commandClean, "-dir="+p.cfg.dir) // with the default broker
		if err := clean(cfg); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(p.brokerDir()); !os.IsNotExist(err) {
			t.Errorf("%s: its folder is still there (%v)", kind.name, err)
		}
	}
}
