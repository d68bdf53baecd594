package plan

import (
	_ "embed" // for the scripts
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Infra are the folders that the Pulumi program is built from and reads. Its Helm chart contains
// Dapr's files. The list is fixed, because computing it loads the SDKs of three clouds. A test in
// infra checks it.
var Infra = []string{"infra", "dapr", "internal/event", "internal/task"}

// helmUnlock ends pending Helm upgrades of a stack.
//
//go:embed helm_unlock.sh
var helmUnlock string

// smokeAccount prints the account of a stack's smoke test.
//
//go:embed smoke_account.sh
var smokeAccount string

// free releases a stack from an update that was killed and left its lock, or that still runs.
func (s Stack) free() Plan {
	cancel := s.pulumi("cancel the update of", "cancel", "--yes")
	helm := s.step("end pending upgrades of", "sh", "-c", helmUnlock, "sh", s.Name)
	helm.Timeout = freeTimeout
	// There may be nothing to cancel, or no cluster yet. If cancelling failed for another reason,
	// the update fails and reports it.
	cancel.Optional, helm.Optional = true, true
	return Plan{{cancel}, {helm}}
}

// tag records the releases that passed.
func (s Stack) tag(name, value string) Stage {
	return Stage{s.pulumi(name, "stack", "tag", "set", tagName, value)}
}

// configure copies the stack's file to ConfigFile, where Pulumi adds the release.
func (s Stack) configure() Stage {
	step := s.step("configure", "cp", StackFile(s.Name), s.ConfigFile())
	step.Settings, step.Setup, step.Always = Settings{}, nil, false
	step.Sources, step.Outputs = []string{StackFile(s.Name)}, []string{s.ConfigFile()}
	return Stage{step}
}

// program returns a step that runs a pulumi command on the Pulumi program, configured with the
// release. It runs after configure.
func (s Stack) program(name string, d Deployment, args ...string) Step {
	args = append(args, "--config-file", s.ConfigFile(), "--config-path")
	for _, service := range slices.Sorted(maps.Keys(d.Images)) {
		args = append(args, "--config", "images."+service+"="+d.Images[service])
	}
	args = append(args, "--config", "release.number="+strconv.Itoa(d.Number))
	if d.Revision != "" {
		args = append(args, "--config", "release.revision="+d.Revision)
	}
	if d.Untested != "" {
		args = append(args, "--config", "release.untested="+d.Untested)
	}
	step := s.pulumi(name, args...)
	step.Sources = append(code(Infra), "Pulumi.yaml")
	step.Without = []string{"**/*_test.go", "**/testdata/**"}
	step.Needs = []string{s.ConfigFile()}
	step.Caches = []string{"/root/.pulumi/plugins"}
	return step
}

// up deploys the images of a release and waits until they run. Helm waits for the pods and rolls
// back if they do not become ready.
func (s Stack) up(d Deployment, message string) Plan {
	update := s.program("update", d, "up", "--yes", "--skip-preview", "--message", message)
	update.Outputs, update.Timeout = update.Needs, upTimeout
	return Plan{s.configure(), {update}}
}

// smoke tests the stack through its public address, with an account that api makes for it.
func (s Stack) smoke(p Project) Plan {
	account := s.step("smoke test account of", "sh", "-c", smokeAccount, "sh", s.Name)
	account.Stdout, account.Timeout = s.AccountFile(), accountTimeout
	return Plan{{account}, {{
		Name: "smoke test of " + s.Name, Image: goImage, Args: []string{"go", "run", "./tests/smoke", "-url", s.URL, "-account", s.AccountFile()}, Env: goEnv(nil),
		Sources: code(p.Smoke), Needs: []string{s.AccountFile()}, Always: true, Timeout: smokeTimeout,
	}}}
}

// Begin records that a release is about to be deployed. With takeOver it first frees the stack from
// a killed update.
func Begin(s Stack, r Record, d Deployment, takeOver bool) Plan {
	var all Plan
	if takeOver {
		all = s.free()
	}
	return append(all, s.tag("start a release of", r.startedTag(d.Number)))
}

// Forget records that the started release is not being deployed after all.
func Forget(s Stack, r Record) Plan {
	return Plan{s.tag("forget the started release of", list(r.Passed))}
}

// Locked reports whether the output of a failed update shows that another update runs. It knows the
// messages of Pulumi's service and of buckets.
func Locked(output string) bool {
	return strings.Contains(output, "Another update is currently in progress") || strings.Contains(output, "the stack is currently locked by")
}

// Rollout deploys a release, runs the smoke test, and records that the release passed.
func Rollout(p Project, s Stack, r Record, d Deployment, why string) Plan {
	message := "release " + strconv.Itoa(d.Number) + ": " + why
	if d.Untested != "" {
		message += ", UNTESTED: " + d.Untested
	}
	all := append(s.up(d, message), s.smoke(p)...)
	return append(all, s.tag("record the release of", r.passedTag(d)))
}

// Restore deploys the previous release again after a failed rollout.
func Restore(p Project, s Stack, r Record, before Deployment) Plan {
	all := append(s.free(), Rollout(p, s, r, before, "restored")...)
	for _, stage := range all {
		for i := range stage {
			stage[i].Name = "restore: " + stage[i].Name
		}
	}
	return all
}

// Preview shows the changes that an update with the images of d would make.
func Preview(s Stack, d Deployment) Plan {
	preview := s.program("preview of", d, "preview", "--diff")
	preview.Stdout, preview.Timeout = PreviewFile, previewTimeout
	return Plan{s.configure(), {preview}}
}

// PreviewFile is the path of the preview's output.
const PreviewFile = Dist + "/preview.txt"
