package importer

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"taskmaster/internal/task"
)

// TestZoneNames loads each zone of the table. It has all zones of Windows that Go knows.
func TestZoneNames(t *testing.T) {
	t.Parallel()
	for line := range strings.Lines(zoneNames) {
		known, _, _ := strings.Cut(line, "=")
		if _, zone, ok := FindZone(strings.ToUpper(known)); !ok || zone == nil {
			t.Errorf("%s is not found", known)
		}
	}
	root, err := exec.CommandContext(t.Context(), "go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatalf("ask Go for its folder: %v", err)
	}
	source, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "src/time/zoneinfo_abbrs_windows.go"))
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile(`(?m)^\t"([^"]+)":.*// (\S+)$`).FindAllStringSubmatch(string(source), -1)
	if len(rows) < 130 {
		t.Fatalf("Go has %d zones of Windows, want at least 130", len(rows))
	}
	for _, row := range rows {
		if name, _, _ := FindZone(row[1]); name != row[2] && name != row[1] {
			t.Errorf("%s is %s, want %s as in Go", row[1], name, row[2])
		}
	}
}

func TestFindZone(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"europe/BERLIN": "Europe/Berlin", "est5edt": "EST5EDT", "Tokyo Standard Time": "Asia/Tokyo", "utc": "Etc/UTC", "GMT+2": "Etc/GMT-2", "-0800": "Etc/GMT+8",
		"GMT+1:45": "", "Local": "none", "": "none", "GMT+25": "none", "Mars": "none", "../etc/passwd": "none",
	} {
		got, zone, ok := FindZone(name)
		if !ok {
			got = "none"
		}
		if got != want || ok != (zone != nil) {
			t.Errorf("%q is %q, want %q", name, got, want)
		}
		if _, err := task.LoadZone(got); ok && got != "" && err != nil {
			t.Error(err)
		}
	}
}
