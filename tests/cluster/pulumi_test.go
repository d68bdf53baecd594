//go:build cluster

package cluster

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"gopkg.in/yaml.v3"

	"taskmaster/infra/config"
	"taskmaster/infra/program"
)

// stack is the stack local on the cluster, run by the real Pulumi. The Pulumi program runs in this
// process.
type stack struct {
	*cluster
	auto.Stack
}

// TestPulumi creates everything with Pulumi, updates it under traffic, and checks that nothing is
// left after destroy.
func TestPulumi(t *testing.T) {
	c := newCluster(t)
	c.replicas = map[string]int{"api": 2, "recurring": 1, "notifier": 1, "live": 1, "assistant": 1, "web": 2}
	o := startOutside(t, c.host)
	first, second := c.loadImages(firstBuild), c.loadImages(secondBuild)
	webhooks := c.receiveWebhooks()
	s := c.newStack(o)
	s.rejectsInvalidConfig()
	s.setSecrets(o)
	s.setImages(first)

	made := s.up()
	if kubeconfig := made.Outputs["kubeconfig"]; !kubeconfig.Secret {
		t.Error("the output kubeconfig is not secret")
	}
	c.checkPods(first)
	url := c.address()
	if got := made.Outputs["address"].Value; "http://"+fmt.Sprint(got) != url {
		t.Errorf("the output address is %v, the load balancer's %s", got, url)
	}
	person := signUp(t, url)
	if _, err := webhooks.Channel(t.Context(), person); err != nil {
		t.Fatal(err)
	}
	nextOccurrence(t, person)
	reminder(t, person, webhooks)

	s.up(optup.ExpectNoChanges())

	s.setImages(second)
	if got, want := s.preview(), []string{"update app"}; !slices.Equal(got, want) {
		t.Errorf("preview with other digests is %v, want %v", got, want)
	}
	traffic := startTraffic(t, url)
	changed := s.up()
	c.checkPods(second)
	traffic.stop()
	if got := (*changed.Summary.ResourceChanges)["update"]; got != 1 {
		t.Errorf("changed %d resources, want 1", got)
	}
	nextOccurrence(t, person)
	reminder(t, person, webhooks)

	s.keepsProtectedResources()
	s.destroy()
}

func (c *cluster) newStack(o outside) *stack {
	c.t.Helper()
	dir, home := c.t.TempDir(), c.t.TempDir()
	if err := os.Symlink(filepath.Join(c.root, "infra"), filepath.Join(dir, "infra")); err != nil {
		c.t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "stacks"), 0o700); err != nil {
		c.t.Fatal(err)
	}
	project, err := os.ReadFile(filepath.Join(c.root, "Pulumi.yaml"))
	if err != nil {
		c.t.Fatal(err)
	}
	for name, content := range map[string][]byte{"Pulumi.yaml": project, "stacks/Pulumi.local.yaml": c.stackFile(o)} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			c.t.Fatal(err)
		}
	}
	engine, err := auto.NewPulumiCommand(&auto.PulumiCommandOptions{Root: filepath.Join(c.root, ".local")})
	if err != nil {
		c.t.Fatalf("make engine builds Pulumi: %v", err)
	}
	machine := config.Machine{Getenv: os.Getenv, ReadFile: os.ReadFile}
	made, err := auto.UpsertStackInlineSource(c.t.Context(), "local", "taskmaster", program.New(machine),
		auto.WorkDir(dir), auto.PulumiHome(home), auto.Pulumi(engine), auto.EnvVars(map[string]string{
			"PULUMI_BACKEND_URL": "file://" + home, "PULUMI_CONFIG_PASSPHRASE": rand.Text(), "PULUMI_SKIP_UPDATE_CHECK": "true",
			"PATH": filepath.Join(c.root, ".local", "bin") + string(filepath.ListSeparator) + os.Getenv("PATH"), // for its plugins
		}))
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() {
		if !c.t.Failed() {
			return
		}
		c.logState(c.namespace)
		c.logState(daprNamespace)
		if _, err := made.Destroy(context.WithoutCancel(c.t.Context())); err != nil {
			c.t.Error(err)
		}
	})
	return &stack{cluster: c, Stack: made}
}

// stackFile returns the file of the stack local. It replaces parts that this cluster lacks: images
// of operators and chart repositories.
func (c *cluster) stackFile(o outside) []byte {
	c.t.Helper()
	raw, err := os.ReadFile(filepath.Join(c.root, "stacks", "Pulumi.local.yaml"))
	if err != nil {
		c.t.Fatal(err)
	}
	var file struct {
		Config map[string]any `yaml:"config"`
	}
	if err := yaml.Unmarshal(raw, &file); err != nil {
		c.t.Fatal(err)
	}
	chart, version := c.daprChart()
	file.Config["taskmaster:charts"] = filepath.Dir(chart)
	file.Config["taskmaster:dapr"].(map[string]any)["version"] = version
	file.Config["taskmaster:broker"] = map[string]any{"kind": config.Kafka, "addresses": []string{o.broker}}
	app := file.Config["taskmaster:app"].(map[string]any)
	app["replicas"] = c.replicas
	app["allowNetworks"] = []string{c.host + "/32"}
	app["env"] = environment
	changed, err := yaml.Marshal(file)
	if err != nil {
		c.t.Fatal(err)
	}
	return changed
}

func (s *stack) setSecrets(o outside) {
	s.t.Helper()
	values := auto.ConfigMap{}
	for name, value := range map[string]string{
		"databaseURL": o.databaseURL, "appToken": rand.Text() + rand.Text(), "brokerUsername": kafkaUser, "brokerPassword": o.password,
		"brokerCA": o.authority,
	} {
		values["taskmaster:"+name] = auto.ConfigValue{Value: value, Secret: true}
	}
	if err := s.SetAllConfig(s.t.Context(), values); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stack) setImages(images map[string]string) {
	s.t.Helper()
	values := auto.ConfigMap{}
	for service, image := range images {
		values["taskmaster:images."+service] = auto.ConfigValue{Value: image}
	}
	if err := s.SetAllConfigWithOptions(s.t.Context(), values, &auto.ConfigOptions{Path: true}); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stack) up(options ...optup.Option) auto.UpResult {
	s.t.Helper()
	made, err := s.Up(s.t.Context(), append(options, optup.SuppressProgress())...)
	if err != nil {
		s.t.Fatal(err)
	}
	return made
}

// preview returns the operations of a preview with their resources.
func (s *stack) preview() []string {
	s.t.Helper()
	var steps []string
	stream := make(chan events.EngineEvent)
	var wg sync.WaitGroup
	wg.Go(func() {
		for e := range stream {
			if e.ResourcePreEvent == nil {
				continue
			}
			if step := e.ResourcePreEvent.Metadata; step.Op != apitype.OpSame && step.Op != apitype.OpRead {
				steps = append(steps, string(step.Op)+" "+step.URN[strings.LastIndex(step.URN, "::")+2:])
			}
		}
	})
	_, err := s.Preview(s.t.Context(), optpreview.EventStreams(stream), optpreview.SuppressProgress())
	wg.Wait()
	if err != nil {
		s.t.Fatal(err)
	}
	return steps
}

// rejectsInvalidConfig checks that a stack without secrets and images creates nothing. The error
// must name all problems.
func (s *stack) rejectsInvalidConfig() {
	s.t.Helper()
	_, err := s.Up(s.t.Context(), optup.SuppressProgress())
	if err == nil {
		s.t.Fatal("a stack without secrets was created")
	}
	for _, want := range []string{
		"pulumi config set --secret databaseURL", "pulumi config set --secret appToken", "pulumi config set --secret brokerPassword",
		"images.api", "images.web",
	} {
		if !strings.Contains(err.Error(), want) {
			s.t.Errorf("the error does not name %q: %v", want, err)
		}
	}
	if left := s.namespaces(); len(left) > 0 {
		s.t.Errorf("namespaces %v exist", left)
	}
}

// keepsProtectedResources checks that protected resources survive destroy: the jobs and
// their namespace.
func (s *stack) keepsProtectedResources() {
	s.t.Helper()
	for _, protect := range []string{"true", "false"} {
		if err := s.SetConfig(s.t.Context(), "taskmaster:protect", auto.ConfigValue{Value: protect}); err != nil {
			s.t.Fatal(err)
		}
		s.up()
		if protect == "false" {
			return
		}
		if _, err := s.Destroy(s.t.Context()); err == nil || !strings.Contains(err.Error(), "protect") {
			s.t.Errorf("destroying protected resources: %v", err)
		}
		if left := s.namespaces(); !slices.Contains(left, daprNamespace) {
			s.t.Errorf("only namespaces %v are left", left)
		}
	}
}

// destroy destroys the stack and checks that no billed resource is left.
func (s *stack) destroy() {
	s.t.Helper()
	if _, err := s.Destroy(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	if left := s.namespaces(); len(left) > 0 {
		s.t.Errorf("namespaces %v are left", left)
	}
	left := s.run("", "kubectl", "get", "services,persistentvolumeclaims", "--all-namespaces", "--output",
		`jsonpath={range .items[?(@.spec.type=="LoadBalancer")]}{.metadata.name} {end}{range .items[?(@.kind=="PersistentVolumeClaim")]}{.metadata.name} {end}`)
	if strings.TrimSpace(left) != "" {
		s.t.Errorf("load balancers and volumes are left: %s", left)
	}
}

// namespaces returns the existing namespaces of the stack.
func (s *stack) namespaces() []string {
	s.t.Helper()
	all := strings.Fields(s.run("", "kubectl", "get", "namespaces", "--output", "jsonpath={.items[*].metadata.name}"))
	return slices.DeleteFunc(all, func(name string) bool { return name != s.namespace && name != daprNamespace })
}
