package plan

import (
	"slices"
	"strconv"
	"strings"
)

// Infra are the folders that the Pulumi program is built from and reads: its Helm chart has Dapr's files in it. They are not looked up,
// because that takes the code of three clouds; a test of infra's does.
var Infra = []string{"infra", "dapr", "internal/event", "internal/task"}

// freeScript ends what a killed upgrade has left in the cluster: Helm refuses every upgrade while one is pending, and a part of it may
// run. The release goes back to what was deployed last; without such a one, what was begun is forgotten.
const freeScript = `set -e
kubeconfig=$(mktemp); trap 'rm -f "$kubeconfig"' EXIT
pulumi stack output kubeconfig --show-secrets --stack "$1" --non-interactive > "$kubeconfig"
release='owner=helm,name=taskmaster'; pending="$release,status in (pending-install,pending-upgrade,pending-rollback)"
kube() { kubectl --kubeconfig "$kubeconfig" --namespace taskmaster "$@"; }
found=$(kube get secret --selector "$pending" --output name)
[ -n "$found" ] || exit 0
versions='jsonpath={range .items[*]}{.metadata.labels.version}{"\n"}{end}'
deployed=$(kube get secret --selector "$release,status=deployed" --output "$versions")
deployed=$(echo "$deployed" | sort -n | tail -1)
[ -z "$deployed" ] || helm --kubeconfig "$kubeconfig" --namespace taskmaster rollback taskmaster "$deployed" --wait --timeout 8m
kube delete secret --ignore-not-found --selector "$pending"`

// free takes a stack away from an update that was killed and has left its lock, or that still runs.
func (s Stack) free() Plan {
	cancel := s.pulumi("cancel what runs on", "cancel", "--yes")
	helm := s.step("end pending upgrades on", "sh", "-c", freeScript, "sh", s.Name)
	helm.Timeout = freeTimeout
	// There may be nothing to cancel, or no cluster yet. If it matters, the update fails and says so.
	cancel.Optional, helm.Optional = true, true
	return Plan{{cancel}, {helm}}
}

// tag writes down which releases passed.
func (s Stack) tag(name, value string) Stage {
	return Stage{s.pulumi(name, "stack", "tag", "set", tagName, value)}
}

// up gives a stack the release's images and waits until they run: the release of Helm's is waited for, and goes back when it does
// not become ready.
func (s Stack) up(d Deployment, message string) Plan {
	configure := s.step("configure", "cp", StackFile(s.Name), s.ConfigFile())
	configure.Secrets, configure.SecretFiles, configure.Setup = nil, nil, nil
	configure.Sources, configure.Outputs = []string{StackFile(s.Name)}, []string{s.ConfigFile()}
	args := []string{"up", "--yes", "--skip-preview", "--message", message, "--config-file", s.ConfigFile(), "--config-path"}
	for _, service := range services(d.Images) {
		args = append(args, "--config", "images."+service+"="+d.Images[service])
	}
	args = append(args, "--config", "release.number="+strconv.Itoa(d.Number))
	if d.Revision != "" {
		args = append(args, "--config", "release.revision="+d.Revision)
	}
	update := s.pulumi("update", args...)
	update.Timeout = upTimeout
	update.Sources = append(code(Infra), "Pulumi.yaml")
	update.Without = []string{"**/*_test.go", "**/testdata/**"}
	update.Needs, update.Outputs = configure.Outputs, configure.Outputs
	update.Caches = []string{"/root/.pulumi/plugins"}
	return Plan{{configure}, {update}}
}

// smoke tries the stack from outside.
func (s Stack) smoke(p Project) Stage {
	return Stage{{
		Name: "smoke test of " + s.Name, Image: p.goImage(), Args: []string{"go", "run", "./tests/smoke", "-url", s.URL}, Env: goEnv(nil),
		Sources: code(p.Smoke), Always: true, Timeout: smokeTimeout,
	}}
}

// Begin writes down that a release is about to be deployed. With takeOver it first frees the stack from an update that was killed.
func Begin(s Stack, r Record, d Deployment, takeOver bool) Plan {
	var all Plan
	if takeOver {
		all = s.free()
	}
	return append(all, s.tag("begin a release of", r.begun(d.Number)))
}

// Forget writes down that a release is not being deployed after all.
func Forget(s Stack, r Record) Plan { return Plan{s.tag("forget what was begun on", list(r.Passed))} }

// Locked says whether an update failed with what it said because another one runs, in the words of Pulumi's service or for a bucket.
func Locked(said string) bool {
	return strings.Contains(said, "Another update is currently in progress") || strings.Contains(said, "the stack is currently locked by")
}

// Rollout makes a release run, tries it from outside, and writes down that it passed.
func Rollout(p Project, s Stack, r Record, d Deployment, why string) Plan {
	all := s.up(d, "release "+strconv.Itoa(d.Number)+": "+why)
	return append(all, s.smoke(p), s.tag("record the release of", r.passed(d)))
}

// Restore makes a stack run what it ran before a rollout that failed.
func Restore(p Project, s Stack, r Record, before Deployment) Plan {
	all := append(s.free(), Rollout(p, s, r, before, "restored")...)
	for _, stage := range all {
		for i := range stage {
			stage[i].Name = "restore: " + stage[i].Name
		}
	}
	return all
}

// Preview shows what an update of a stack would change, with the images that it has.
func Preview(s Stack, d Deployment) Plan {
	all := s.up(d, "preview")
	preview := &all[len(all)-1][0]
	preview.Name, preview.Outputs, preview.Stdout, preview.Timeout = "preview of "+s.Name, nil, PreviewFile, previewTimeout
	preview.Args = append([]string{"pulumi", "preview", "--diff"}, preview.Args[slices.Index(preview.Args, "--message"):]...)
	return all
}

// PreviewFile is where a preview is.
const PreviewFile = Dist + "/preview.txt"

// services are the services that have an image, in the order of their names.
func services(images map[string]string) []string {
	var names []string
	for service := range images {
		names = append(names, service)
	}
	slices.Sort(names)
	return names
}

// VerifyDeployment makes sure that all images of a deployment are signed.
func VerifyDeployment(p Project, r Release, d Deployment) Plan {
	var images []string
	for _, service := range services(d.Images) {
		images = append(images, d.Images[service])
	}
	if verify := Verify(p, r, images); len(verify) > 0 {
		return Plan{verify}
	}
	return nil
}
