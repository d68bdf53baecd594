//go:build clouds

package program

import (
	"encoding/json"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// find returns the only resource of a type and name.
func find(t *testing.T, resources []recorded, kind, name string) recorded {
	t.Helper()
	i := slices.IndexFunc(resources, func(r recorded) bool { return r.kind == kind && r.name == name })
	if i < 0 {
		t.Fatalf("no resource %s %s", kind, name)
	}
	return resources[i]
}

const release = "kubernetes:helm.sh/v3:Release"

func TestAnotherDigestTouchesTheReleaseAlone(t *testing.T) {
	t.Parallel()
	for _, name := range stackNames(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := load(t, name)
			before := mustRender(t, s)
			images := s.section(t, "taskmaster:images")
			digest := "@sha256:" + strings.Repeat("b", 64)
			images["api"] = strings.Split(images["api"].(string), "@")[0] + digest
			s.set(t, "taskmaster:images", images)
			after := mustRender(t, s)
			if len(before) != len(after) {
				t.Fatalf("%d resources became %d", len(before), len(after))
			}
			var touched []string
			for i := range before {
				if !before[i].inputs.DeepEquals(after[i].inputs) {
					touched = append(touched, after[i].String())
				}
			}
			if want := []string{release + " app"}; !slices.Equal(touched, want) {
				t.Errorf("changed %v, want %v", touched, want)
			}
			if got := text(at(find(t, after, release, "app").inputs, "values.images.api")[0]); !strings.HasSuffix(got, digest) {
				t.Errorf("the release has %s", got)
			}
		})
	}
}

func TestAnotherSecretRestartsWhatReadsIt(t *testing.T) {
	t.Parallel()
	s := load(t, "staging")
	before := find(t, mustRender(t, s), release, "app")
	s.setSecret("databaseURL", "postgres://taskmaster:another-password@db.example.com/taskmaster?sslmode=verify-full")
	after := find(t, mustRender(t, s), release, "app")
	sum := func(r recorded) string { return text(at(r.inputs, "values.secretsChecksum")[0]) }
	if sum(before) == sum(after) || len(sum(after)) != 64 {
		t.Errorf("the checksum was %q and is %q", sum(before), sum(after))
	}
}

// TestTheChartGetsItsValues checks the values that connect this program and the chart.
func TestTheChartGetsItsValues(t *testing.T) {
	t.Parallel()
	for _, name := range stackNames(t) {
		values := open(at(find(t, mustRender(t, load(t, name)), release, "app").inputs, "values")[0]).ObjectValue()
		got := slices.Sorted(maps.Keys(values))
		want := []resource.PropertyKey{
			"assistant", "autoscaling", "broker", "dapr", "database", "env", "imagePullSecrets", "images", "metrics", "notifier", "publicURL", "replicas",
			"resources", "secretsChecksum", "tokens", "untested", "web",
		}
		if !slices.Equal(got, want) {
			t.Errorf("stack %s: values are %v, want %v", name, got, want)
		}
		for path, want := range map[string]string{
			"database.secretName": "database", "broker.secretName": "kafka", "tokens.secretName": "tokens", "broker.kind": "kafka", "dapr.namespace": "dapr-system",
		} {
			if found := at(values, path); len(found) == 0 || text(found[0]) != want {
				t.Errorf("stack %s: %s is %v, want %s", name, path, found, want)
			}
		}
		for _, path := range []string{"images.api", "images.web", "broker.addresses.*", "replicas.live", "autoscaling.enabled", "web.service.annotations", "web.tls.secretName"} {
			if !has(values, path) {
				t.Errorf("stack %s: %s is missing", name, path)
			}
		}
	}
}

func TestAnIssuerGetsWebItsCertificate(t *testing.T) {
	t.Parallel()
	s := load(t, "staging")
	delete(s.config, "taskmaster:tlsCertificate")
	delete(s.config, "taskmaster:tlsKey")
	s.setIn(t, "taskmaster:app", "tls", map[string]any{"issuer": "letsencrypt"})
	resources := mustRender(t, s)
	certificate := find(t, resources, "kubernetes:cert-manager.io/v1:Certificate", "platform-web")
	for path, want := range map[string]any{
		"spec.dnsNames.*": "staging.tasks.example.com", "spec.issuerRef.name": "letsencrypt", "spec.issuerRef.kind": "ClusterIssuer", "spec.secretName": "web-tls",
	} {
		if !certificate.is(path, want) {
			t.Errorf("%s is not %v", path, want)
		}
	}
	if !find(t, resources, release, "app").is("values.web.tls.secretName", "web-tls") {
		t.Error("the chart's values lack the certificate")
	}
	find(t, resources, release, "platform-cert-manager")
}

func TestTheStackCreatesItsIssuer(t *testing.T) {
	t.Parallel()
	s := load(t, "staging")
	delete(s.config, "taskmaster:tlsCertificate")
	delete(s.config, "taskmaster:tlsKey")
	s.setIn(t, "taskmaster:app", "tls", map[string]any{"issuer": "letsencrypt", "issuerSpec": map[string]any{
		"acme": map[string]any{"server": "https://acme-v02.api.letsencrypt.org/directory", "email": "someone@example.com"},
	}})
	issuer := find(t, mustRender(t, s), "kubernetes:cert-manager.io/v1:ClusterIssuer", "platform-letsencrypt")
	if !issuer.is("spec.acme.email", "someone@example.com") || has(issuer.inputs, "metadata.namespace") {
		t.Errorf("the issuer is %v", issuer.inputs)
	}
}

func TestWhatCanBeTurnedOnGetsItsSecrets(t *testing.T) {
	t.Parallel()
	s := load(t, "prod")
	s.setSecret("smtpURL", "smtps://user:password-of-mail@mail.example.com")
	s.setSecret("vapidPrivateKey", "key-of-push")
	s.setSecret("tlsCertificate", "certificate-of-web")
	s.setSecret("tlsKey", "key-of-web")
	s.setIn(t, "taskmaster:app", "emailFrom", "TaskMaster <reminders@example.com>")
	s.setIn(t, "taskmaster:app", "vapidPublicKey", "public-key-of-push")
	s.setIn(t, "taskmaster:app", "vapidSubject", "mailto:someone@example.com")
	resources := mustRender(t, s)
	tokens := at(find(t, resources, "kubernetes:core/v1:Secret", "platform-tokens").inputs, "stringData")[0]
	got := map[string]string{}
	for key, value := range open(tokens).ObjectValue() {
		got[string(key)] = text(value)
	}
	want := map[string]string{
		"token": s.config["taskmaster:appToken"], "smtp-url": s.config["taskmaster:smtpURL"],
		"vapid-private-key": "key-of-push", "vapid-public-key": "public-key-of-push",
	}
	if !maps.Equal(got, want) {
		t.Errorf("tokens are %v, want %v", got, want)
	}
	app := find(t, resources, release, "app")
	if !app.is("values.notifier.mailFrom", "TaskMaster <reminders@example.com>") || !app.is("values.notifier.vapidSubject", "mailto:someone@example.com") {
		t.Error("the chart's values lack the sender")
	}
	certificate := find(t, resources, "kubernetes:core/v1:Secret", "platform-web-tls")
	if !certificate.is("type", "kubernetes.io/tls") || !certificate.is("stringData.tls|crt", "certificate-of-web") || !certificate.is("stringData.tls|key", "key-of-web") {
		t.Errorf("web's certificate is %v", plain(resource.NewProperty(certificate.inputs)))
	}
}

// TestTheApplicationComesLast checks that the application waits for topics, custom resource
// definitions and secrets. Without them its services would fail, and the release would be rolled
// back.
func TestTheApplicationComesLast(t *testing.T) {
	t.Parallel()
	for _, name := range stackNames(t) {
		resources := mustRender(t, load(t, name))
		after := find(t, resources, release, "app").after
		for _, r := range resources {
			topic := strings.HasSuffix(r.kind, ":Topic") || strings.HasSuffix(r.kind, ":KafkaTopic")
			secret := r.kind == "kubernetes:core/v1:Secret" && !r.read && r.is("metadata.namespace", "taskmaster")
			dapr := r.kind == release && r.is("chart", "dapr")
			if !topic && !secret && !dapr {
				continue
			}
			if !slices.ContainsFunc(after, func(urn string) bool { return strings.HasSuffix(urn, "::"+r.name) }) {
				t.Errorf("stack %s: the application does not wait for %v", name, r)
			}
		}
	}
}

func TestTheReleaseIsAtomic(t *testing.T) {
	t.Parallel()
	for _, name := range stackNames(t) {
		for _, r := range mustRender(t, load(t, name)) {
			if r.kind == release && (!r.is("atomic", true) || r.is("skipAwait", true)) {
				t.Errorf("stack %s: %v is not rolled back after a failure", name, r)
			}
		}
	}
}

// TestEverythingUsesTheProviderOfItsCluster checks that resources in the cluster use the cluster's
// own provider. The machine's kubeconfig must not be used.
func TestEverythingUsesTheProviderOfItsCluster(t *testing.T) {
	t.Parallel()
	for _, name := range stackNames(t) {
		for _, r := range mustRender(t, load(t, name)) {
			if pkg, _, _ := strings.Cut(r.kind, ":"); pkg == "pulumi" || pkg == "taskmaster" {
				continue
			}
			if !strings.Contains(r.provider, "taskmaster-"+name) {
				t.Errorf("stack %s: %v has the provider %q", name, r, r.provider)
			}
			if !r.read && r.parent == "" {
				t.Errorf("stack %s: %v has no parent", name, r)
			}
		}
	}
}

func TestTheNewestImageOfTheRightKindIsTaken(t *testing.T) {
	t.Parallel()
	pool := find(t, mustRender(t, load(t, "oke")), "oci:ContainerEngine/nodePool:NodePool", "taskmaster-oke-nodepool")
	if got := text(at(pool.inputs, "nodeSourceDetails.imageId")[0]); got != "ocid1.image.arm-newest" {
		t.Errorf("took %s", got)
	}
}

func TestConfigIsCheckedBeforeRegistration(t *testing.T) {
	t.Parallel()
	s := load(t, "prod")
	delete(s.config, "taskmaster:databaseURL")
	s.config["taskmaster:images"] = `{"api": "registry.example.com/api:latest"}`
	r, err := s.render(t)
	if err == nil {
		t.Fatal("the configuration was accepted")
	}
	for _, want := range []string{"databaseURL", "images.api", "images.web"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not name %s: %v", want, err)
		}
	}
	if len(r.resources) > 0 || len(r.calls) > 0 {
		t.Errorf("registered %v, called %v", r.resources, r.calls)
	}
}

// TestOnlyTheCloudsPackagesImportTheirSDKs checks the imports of SDKs. They take minutes and
// gigabytes to compile, so only the package of each cloud may import its SDK.
func TestOnlyTheCloudsPackagesImportTheirSDKs(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports,TestImports,XTestImports", "taskmaster/...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	sdks := map[string]string{"github.com/pulumi/pulumi-oci/": "oke", "github.com/pulumi/pulumi-azure/": "aks", "github.com/pulumi/pulumi-gcp/": "gke"}
	found := 0
	for decoder := json.NewDecoder(strings.NewReader(string(out))); decoder.More(); {
		var p struct {
			ImportPath                         string
			Imports, TestImports, XTestImports []string
		}
		if err := decoder.Decode(&p); err != nil {
			t.Fatal(err)
		}
		for _, imported := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			for prefix, cloud := range sdks {
				if !strings.HasPrefix(imported, prefix) {
					continue
				}
				found++
				if p.ImportPath != "taskmaster/infra/cluster/"+cloud {
					t.Errorf("%s imports %s", p.ImportPath, imported)
				}
			}
		}
	}
	if found == 0 {
		t.Error("no import of a cloud's SDK was found")
	}
}
