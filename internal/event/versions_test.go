package event_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// testdata keeps every published version of the events in a folder of its own: an example of each
// type, and the schemas that readers may have been written from. Brokers and the outbox keep
// events, and a reader may be older or newer than the event. sums lists all files with their
// SHA-256 in the format of sha256sum -c.
const sums = "testdata/SHA256SUMS"

// firstTypes is the number of types in the first version. Types are added, never removed.
const firstTypes = 6

// TestPublishedVersionsStay fails if a kept file was changed, removed or added by hand.
func TestPublishedVersionsStay(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(sums)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for line := range strings.Lines(string(raw)) {
		sum, name, ok := strings.Cut(strings.TrimSpace(line), "  ")
		if !ok {
			t.Fatalf("%s: %q is not a sum and a name", sums, line)
		}
		want["testdata/"+name] = sum
	}
	got := map[string]string{}
	for _, name := range kept(t) {
		got[name] = sum(t, name)
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if got[name] == "" {
			t.Errorf("%s is missing: events like it were published, and a consumer may still read them", name)
		} else if got[name] != want[name] {
			t.Errorf("%s was changed: published versions stay unchanged, and go generate stores another version beside it", name)
		}
	}
	for name := range got {
		if want[name] == "" {
			t.Errorf("%s is not in %s: only go generate adds files", name, sums)
		}
	}
	if len(want) < 2*firstTypes+1 {
		t.Errorf("%s names only %d files", sums, len(want))
	}
}

// TestTodayIsKept fails if today's events differ from the last kept version.
func TestTodayIsKept(t *testing.T) {
	t.Parallel()
	if changed := changedSince(t, latest(t)); len(changed) > 0 {
		t.Errorf("%s differ from %s: run go generate, which stores them as a new version", strings.Join(changed, ", "), latest(t))
	}
}

// keepVersion stores today's events and schemas as a new version, unless the last version is equal.
// It changes no kept file.
func keepVersion(t *testing.T, files map[string][]byte) {
	t.Helper()
	if len(changedSince(t, latest(t))) == 0 {
		return
	}
	dir := fmt.Sprintf("testdata/v%d/", len(versions(t))+1)
	for eventType, e := range examples(t) {
		write(t, dir+eventType+".json", encode(t, e))
	}
	for name, content := range files {
		if filepath.Dir(name) == "schema/v1" {
			write(t, dir+"schema/"+filepath.Base(name), content)
		}
	}
	var lines strings.Builder
	for _, name := range kept(t) {
		fmt.Fprintf(&lines, "%s  %s\n", sum(t, name), strings.TrimPrefix(name, "testdata/"))
	}
	write(t, sums, []byte(lines.String()))
}

// changedSince returns the event types whose example in a version is missing or differs from
// today's.
func changedSince(t *testing.T, dir string) []string {
	t.Helper()
	var changed []string
	for eventType, e := range examples(t) {
		if got, err := os.ReadFile(filepath.Join(dir, eventType+".json")); err != nil || !bytes.Equal(got, encode(t, e)) {
			changed = append(changed, eventType)
		}
	}
	slices.Sort(changed)
	return changed
}

// versions returns the folders of the versions in order.
func versions(t *testing.T) []string {
	t.Helper()
	dirs := onDisk(t, "testdata/v*")
	slices.SortFunc(dirs, func(a, b string) int { return number(t, a) - number(t, b) })
	for i, dir := range dirs {
		if number(t, dir) != i+1 {
			t.Fatalf("testdata has the versions %v: one is missing", dirs)
		}
	}
	return dirs
}

// latest returns the folder of the last version. It returns a folder that does not exist if there
// is none.
func latest(t *testing.T) string {
	t.Helper()
	all := versions(t)
	if len(all) == 0 {
		return "testdata/v0"
	}
	return all[len(all)-1]
}

func number(t *testing.T, dir string) int {
	t.Helper()
	n, err := strconv.Atoi(strings.TrimPrefix(dir, "testdata/v"))
	if err != nil {
		t.Fatalf("%s is not a version: %v", dir, err)
	}
	return n
}

// kept returns all files of all versions in order.
func kept(t *testing.T) []string {
	t.Helper()
	return onDisk(t, "testdata/v*/*.json", "testdata/v*/schema/*.json")
}

func sum(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", sha256.Sum256(content))
}
