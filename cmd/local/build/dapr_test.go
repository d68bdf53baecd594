//go:build unix

package build

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"taskmaster/cmd/local/console"
)

// fakeDapr returns a folder with a daprd that prints a version, and with a scheduler if asked for.
func fakeDapr(t *testing.T, version string, scheduler bool) string {
	t.Helper()
	dir := t.TempDir()
	programs := map[string]string{"daprd": "#!/bin/sh\necho " + version + "\n"}
	if scheduler {
		programs["scheduler"] = "#!/bin/sh\nexit 1\n" // it has no --version
	}
	for name, script := range programs {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestInstalledDapr(t *testing.T) {
	t.Parallel()
	old, supported, newest := fakeDapr(t, "1.15.4", true), fakeDapr(t, "1.17.2", true), fakeDapr(t, "1.18.0", false)
	broken, unknown := fakeDapr(t, "segmentation fault", true), fakeDapr(t, "1.20.0", true)
	home := t.TempDir()
	if err := os.MkdirAll(filepath.Join(home, ".dapr"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(supported, filepath.Join(home, ".dapr", "bin")); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		path, home []string
		want       DaprPrograms
		version    string
	}{
		"none":                        {path: []string{t.TempDir()}},
		"too old":                     {path: []string{old}},
		"too new":                     {path: []string{unknown}},
		"broken":                      {path: []string{broken}},
		"both":                        {path: []string{supported}, want: DaprPrograms{supported + "/daprd", supported + "/scheduler", false}, version: "1.17.2"},
		"daprd alone":                 {path: []string{newest}, want: DaprPrograms{Daprd: newest + "/daprd"}, version: "1.18.0"},
		"the first that is supported": {path: []string{old, newest, supported}, want: DaprPrograms{Daprd: newest + "/daprd"}, version: "1.18.0"},
		"by dapr init":                {path: []string{old}, home: []string{home}, want: DaprPrograms{home + "/.dapr/bin/daprd", home + "/.dapr/bin/scheduler", false}, version: "1.17.2"},
	} {
		env := map[string]string{"PATH": strings.Join(tt.path, ":"), "HOME": strings.Join(tt.home, "")}
		got, version := installedDapr(t.Context(), func(name string) string { return env[name] })
		if got != tt.want || version != tt.version {
			t.Errorf("%s: found %+v of %q, want %+v of %q", name, got, version, tt.want, tt.version)
		}
	}
}

func TestChosenDapr(t *testing.T) {
	t.Parallel()
	supported, old, own := fakeDapr(t, "1.16.9", true), fakeDapr(t, "1.15.0", true), fakeDapr(t, "edge", true)
	for name, tt := range map[string]struct {
		env     map[string]string
		want    DaprPrograms
		wantErr string // part of it
	}{
		"neither":              {},
		"both":                 {env: map[string]string{"DAPRD": supported + "/daprd", "SCHEDULER": own + "/scheduler"}, want: DaprPrograms{supported + "/daprd", own + "/scheduler", true}},
		"daprd built by hand":  {env: map[string]string{"DAPRD": own + "/daprd"}, want: DaprPrograms{Daprd: own + "/daprd"}},
		"scheduler alone":      {env: map[string]string{"SCHEDULER": own + "/scheduler"}, want: DaprPrograms{Scheduler: own + "/scheduler"}},
		"too old":              {env: map[string]string{"DAPRD": old + "/daprd"}, wantErr: "is Dapr 1.15.0: choose one of 1.16, 1.17, 1.18"},
		"another program":      {env: map[string]string{"DAPRD": own + "/scheduler"}, wantErr: "DAPRD: run "},
		"no daprd there":       {env: map[string]string{"DAPRD": own + "/nosuch"}, wantErr: "DAPRD: "},
		"no scheduler there":   {env: map[string]string{"SCHEDULER": own + "/nosuch"}, wantErr: "SCHEDULER: "},
		"a folder, no program": {env: map[string]string{"DAPRD": own}, wantErr: "DAPRD: "},
	} {
		got, err := chosenDapr(t.Context(), func(name string) string { return tt.env[name] })
		if tt.wantErr != "" {
			if err == nil || !strings.Contains(err.Error(), tt.wantErr) {
				t.Errorf("%s: got error %v, want one with %q", name, err, tt.wantErr)
			}
			continue
		}
		if err != nil || got != tt.want {
			t.Errorf("%s: got %+v (%v), want %+v", name, got, err, tt.want)
		}
	}
}

// Installed programs are used where none was built here, and the log names them. A program that was
// built here comes first.
func TestFindDapr(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for _, file := range []string{"go.mod", "go.sum"} {
		writeFile(t, filepath.Join(root, "dapr", "runtime", file), file)
	}
	installed := fakeDapr(t, "1.17.2", false)
	var log bytes.Buffer
	out := console.New(&log, 0).Lines("local", nil)
	find := func() DaprPrograms {
		t.Helper()
		d, err := FindDapr(t.Context(), root, func(name string) string { return map[string]string{"PATH": installed}[name] }, out)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	got := find()
	if want := (DaprPrograms{Daprd: installed + "/daprd"}); got != want {
		t.Errorf("found %+v, want %+v", got, want)
	}
	if want := "using " + installed + "/daprd of Dapr 1.17.2"; !strings.Contains(log.String(), want) {
		t.Errorf("logged %q, want %q in it", log.String(), want)
	}

	stamp, err := daprStamp(daprModule(root))
	if err != nil {
		t.Fatal(err)
	}
	bin := BinDir(root)
	writeFile(t, stampFile(bin, Daprd), stamp)
	writeFile(t, filepath.Join(bin, Daprd), "")
	if err := os.Chmod(filepath.Join(bin, Daprd), 0o700); err != nil {
		t.Fatal(err)
	}
	if got := find(); got != (DaprPrograms{}) {
		t.Errorf("found %+v, want the daprd that was built", got)
	}
}

func writeFile(t *testing.T, file, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestOldDaprIsNotBuilt checks that a version without the jobs that reminders need is refused.
func TestOldDaprIsNotBuilt(t *testing.T) {
	t.Parallel()
	b := New(t.TempDir(), console.New(io.Discard, 0).Lines("local", nil), func(string) func() { return func() {} })
	for _, version := range []string{"1.15.13", "latest", "1.16"} {
		if err := b.BuildDaprVersion(t.Context(), version); err == nil || !strings.Contains(err.Error(), "choose one of 1.16, 1.17, 1.18") {
			t.Errorf("%s: %v", version, err)
		}
	}
}

// TestSourceOfDaprHasTheTypesInUse checks that a build of another version registers the component
// types of this project's daprd. A missing one stops only the service that needs it.
func TestSourceOfDaprHasTheTypesInUse(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..", "..")
	dir := filepath.Join(t.TempDir(), "source")
	raw, err := os.ReadFile(filepath.Join(daprModule(root), "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	pinned := regexp.MustCompile(`github.com/dapr/dapr v(\S+)`).FindSubmatch(raw)
	if pinned == nil {
		t.Fatalf("no version of Dapr in %s", raw)
	}
	if err := copyDaprSource(t.Context(), root, dir, string(pinned[1])); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "cmd", "daprd", "components", "*_*.go"))
	if err != nil {
		t.Fatal(err)
	}
	registered := map[string]bool{}
	for _, file := range files {
		imports, err := contribImports(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range imports {
			registered[path] = true
		}
	}
	used, err := contribImports(filepath.Join(daprModule(root), "daprd", "components.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range used {
		if !registered[path] {
			t.Errorf("no file registers %s", path)
		}
	}
	if len(used) < 5 || len(files) > len(used)+3 {
		t.Errorf("%d types in use, %d files kept", len(used), len(files))
	}
}
