package chart

import (
	"bytes"
	"maps"
	"os"
	"slices"
	"testing"

	components "github.com/dapr/dapr/pkg/apis/components/v1alpha1"
	configuration "github.com/dapr/dapr/pkg/apis/configuration/v1alpha1"
	subscriptions "github.com/dapr/dapr/pkg/apis/subscriptions/v2alpha1"
	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/yaml"
)

func TestComponentsAreThoseOfTheRepository(t *testing.T) {
	t.Parallel()
	m := install(t, base)
	if got, want := slices.Sorted(maps.Keys(all[*components.Component](m))), []string{"kafka-pubsub", "kafka-pubsub-broadcast"}; !slices.Equal(got, want) {
		t.Errorf("components are %v, want %v", got, want)
	}
	for name, got := range all[*components.Component](m) {
		file, err := os.ReadFile("../../dapr/components/kafka/" + name + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		var want components.Component
		if err := yaml.UnmarshalStrict(file, &want); err != nil {
			t.Fatal(err)
		}
		if got.Spec.Type != want.Spec.Type || !slices.Equal(got.Scopes, want.Scopes) || len(got.Spec.Metadata) != len(want.Spec.Metadata) {
			t.Errorf("%s: type %s, scopes %v, %d settings", name, got.Spec.Type, got.Scopes, len(got.Spec.Metadata))
		}
		// Sidecars have no access to the cluster's API. Only the operator's secret store works
		// without it.
		if got.SecretStore != "kubernetes" {
			t.Errorf("%s: secret store %q", name, got.SecretStore)
		}
		for i, setting := range want.Spec.Metadata {
			is := got.Spec.Metadata[i]
			switch {
			case setting.Name == "brokers":
				setting.SecretKeyRef.Name, setting.SecretKeyRef.Key = "", ""
				setting.Value.Raw = []byte(`"one.example.com:9093,two.example.com:9093"`)
			case setting.SecretKeyRef.Name != "":
				setting.SecretKeyRef.Name = "redpanda"
			}
			if is.Name != setting.Name || is.SecretKeyRef != setting.SecretKeyRef || !bytes.Equal(is.Value.Raw, setting.Value.Raw) {
				t.Errorf("%s: %s is %s %v, want %s %v", name, setting.Name, is.Value.Raw, is.SecretKeyRef, setting.Value.Raw, setting.SecretKeyRef)
			}
		}
	}
}

func TestSubscriptionsAreThere(t *testing.T) {
	t.Parallel()
	m := install(t, base)
	got := slices.Sorted(maps.Keys(all[*subscriptions.Subscription](m)))
	if want := []string{"api", "live", "notifier", "recurring"}; !slices.Equal(got, want) {
		t.Errorf("subscriptions are %v, want %v", got, want)
	}
	for _, id := range []string{"Resiliency/taskmaster", "Configuration/taskmaster"} {
		if m.objects[id] == nil {
			t.Errorf("%s is missing", id)
		}
	}
}

// TestAccessControlNamesTheNamespace checks that the access list names the release's namespace,
// because callers are also identified by their namespace.
func TestAccessControlNamesTheNamespace(t *testing.T) {
	t.Parallel()
	c := get[*configuration.Configuration](install(t, base), "Configuration/taskmaster")
	access := c.Spec.AccessControlSpec
	if access == nil || access.DefaultAction != "deny" || len(access.AppPolicies) == 0 {
		t.Fatalf("access control is %+v", access)
	}
	for _, policy := range access.AppPolicies {
		if policy.Namespace != namespace || policy.DefaultAction != "deny" {
			t.Errorf("%s of %s may call, default %s", policy.AppName, policy.Namespace, policy.DefaultAction)
		}
	}
}

// TestChangedSidecarConfigReplacesPods checks that a changed configuration of
// sidecars replaces the pods. Sidecars read it only at the start.
func TestChangedSidecarConfigReplacesPods(t *testing.T) {
	t.Parallel()
	checksum := func(values string) string {
		d := get[*appsv1.Deployment](install(t, values), "Deployment/live")
		return d.Spec.Template.Annotations["checksum/dapr"]
	}
	moved := bytes.ReplaceAll([]byte(base), []byte("one.example.com"), []byte("three.example.com"))
	if one, two, other := checksum(base), checksum(base), checksum(string(moved)); one != two || one == other {
		t.Errorf("checksums are %s and %s, and %s with another broker", one, two, other)
	}
}
