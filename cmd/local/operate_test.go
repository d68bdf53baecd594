package main

import (
	"bytes"
	"slices"
	"testing"
)

// The flags of a command of api follow its name, and those of this program stand before it.
func TestCommandsOfAPI(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cfg, err := loadConfig([]string{commandAPI, "-dir", dir, "events", "tail", "-follow"}, func(string) string { return "" }, new(bytes.Buffer))
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"events", "tail", "-follow"}; cfg.command != commandAPI || cfg.dir != dir || !slices.Equal(cfg.args, want) {
		t.Errorf("got the command %q in %s with %q, want %q", cfg.command, cfg.dir, cfg.args, want)
	}
	cfg.args = nil
	if status := operate(t.Context(), cfg, new(bytes.Buffer), new(bytes.Buffer)); status != 1 {
		t.Errorf("without a command the status is %d, want 1", status)
	}
}
