//go:build !race

package chart

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	components "github.com/dapr/dapr/pkg/apis/components/v1alpha1"
	configuration "github.com/dapr/dapr/pkg/apis/configuration/v1alpha1"
	subscriptions "github.com/dapr/dapr/pkg/apis/subscriptions/v2alpha1"
	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/yaml"
)

// brokerKinds are the brokers of dapr/components. settings are the values that an installation
// puts into the components, by name.
var brokerKinds = map[string]struct {
	values   string
	settings map[string]string
}{
	"kafka": {
		`addresses: ["one.example.com:9093", "two.example.com:9093"], secretName: credentials`,
		map[string]string{"brokers": "one.example.com:9093,two.example.com:9093"},
	},
	"kafka-plaintext": {
		`addresses: ["one.example.com:9092"], tls: false`,
		map[string]string{"brokers": "one.example.com:9092"},
	},
	"nats": {
		`addresses: ["one.example.com:4222", "two.example.com:4222"], secretName: credentials`,
		map[string]string{"natsURL": "tls://one.example.com:4222,tls://two.example.com:4222"},
	},
	"redis": {
		`addresses: ["one.example.com:6379"], secretName: credentials`,
		map[string]string{"redisHost": "one.example.com:6379", "enableTLS": "true"},
	},
	"rabbitmq": {`addresses: ["one.example.com:5671"], secretName: credentials`, nil},
}

// onBroker returns values with another broker.
func onBroker(kind, values string) string {
	return "publicURL: https://tasks.example.com\ndatabase: {secretName: neon}\ntokens: {secretName: tokens}\n" +
		"broker: {kind: " + kind + ", " + values + "}\n"
}

// TestComponentsAreThoseOfTheRepository checks that an installation has the component files of its
// broker. Only addresses, the use of TLS and the name of the secret differ.
func TestComponentsAreThoseOfTheRepository(t *testing.T) {
	t.Parallel()
	folders, err := filepath.Glob("../../dapr/components/*/kafka-pubsub.yaml")
	if err != nil || len(folders) != len(brokerKinds) {
		t.Errorf("the repository has the brokers %v (%v), and this test %d", folders, err, len(brokerKinds))
	}
	for kind, broker := range brokerKinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			m := install(t, onBroker(kind, broker.values))
			got := all[*components.Component](m)
			maps.DeleteFunc(got, func(name string, _ *components.Component) bool { return strings.HasPrefix(name, "applied-") })
			if got, want := slices.Sorted(maps.Keys(got)), []string{"conversations", "kafka-pubsub", "kafka-pubsub-broadcast"}; !slices.Equal(got, want) {
				t.Errorf("components are %v, want %v", got, want)
			}
			for name, got := range got {
				if name == "conversations" {
					checkState(t, got)
				} else {
					checkComponent(t, got, kind, broker.settings)
				}
				// Sidecars have no access to the cluster's API. Only the operator's secret store
				// works without it.
				if got.SecretStore != "kubernetes" {
					t.Errorf("%s: secret store %q", name, got.SecretStore)
				}
			}
		})
	}
}

// checkState checks that the state store is the repository's, with the database of the installation.
func checkState(t *testing.T, got *components.Component) {
	t.Helper()
	var want components.Component
	raw, err := os.ReadFile("../../dapr/state/conversations.yaml")
	if err == nil {
		err = yaml.Unmarshal(raw, &want)
	}
	if err != nil {
		t.Fatal(err)
	}
	for i := range want.Spec.Metadata {
		if want.Spec.Metadata[i].SecretKeyRef.Name != "" {
			want.Spec.Metadata[i].SecretKeyRef.Name = "neon"
		}
	}
	if diff := cmp.Diff(want.Spec, got.Spec); diff != "" || !slices.Equal(got.Scopes, []string{"assistant"}) {
		t.Errorf("the state store is for %v (-want +got):\n%s", got.Scopes, diff)
	}
}

// TestDatabaseOfTheSidecar checks that the sidecar of assistant finds the authority of the database.
func TestDatabaseOfTheSidecar(t *testing.T) {
	t.Parallel()
	pod := get[*appsv1.Deployment](install(t, base), "Deployment/assistant").Spec.Template
	if got := pod.Annotations["dapr.io/volume-mounts"]; got != "database-ca:/database" {
		t.Errorf("the sidecar mounts %q", got)
	}
	if len(pod.Spec.Volumes) != 1 || pod.Spec.Volumes[0].Name != "database-ca" {
		t.Errorf("the pod has the volumes %v, want database-ca", pod.Spec.Volumes)
	}
}

// TestSidecarsMustHaveTheirComponents checks that each service knows the components of its own sidecar, and that
// other components have another mark.
func TestSidecarsMustHaveTheirComponents(t *testing.T) {
	t.Parallel()
	marks := map[string]string{}
	for kind, values := range map[string]string{
		"one broker": onBroker("nats", brokerKinds["nats"].values), "another address": onBroker("nats", `addresses: ["other:4222"], secretName: credentials`),
		"another broker": onBroker("kafka", brokerKinds["kafka"].values),
	} {
		m := install(t, values)
		present := all[*components.Component](m)
		for name, d := range all[*appsv1.Deployment](m) {
			var required []string
			for _, variable := range d.Spec.Template.Spec.Containers[0].Env {
				if variable.Name == "DAPR_COMPONENTS" {
					required = strings.Split(variable.Value, ",")
				}
			}
			want := map[string]string{"api": "kafka-pubsub", "notifier": "kafka-pubsub", "recurring": "kafka-pubsub", "assistant": "conversations", "live": "kafka-pubsub-broadcast"}[name]
			if want == "" {
				if required != nil {
					t.Errorf("%s: requires %q, but has no sidecar", name, required)
				}
				continue
			}
			if len(required) != 2 || required[0] != want || present[required[1]] == nil {
				t.Fatalf("%s, %s: requires %q of %v, want %s and the mark", kind, name, required, slices.Collect(maps.Keys(present)), want)
			}
			if other, ok := marks[required[1]]; ok && other != kind {
				t.Errorf("%s and %s have the mark %s", kind, other, required[1])
			}
			marks[required[1]] = kind
		}
	}
	if len(marks) != 3 {
		t.Errorf("marks are %v, want one each", marks)
	}
}

// checkComponent compares a component of an installation with its file in the repository.
func checkComponent(t *testing.T, got *components.Component, kind string, settings map[string]string) {
	t.Helper()
	file, err := os.ReadFile("../../dapr/components/" + kind + "/" + got.Name + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	var want components.Component
	if err := yaml.UnmarshalStrict(file, &want); err != nil {
		t.Fatal(err)
	}
	if got.Spec.Type != want.Spec.Type || !slices.Equal(got.Scopes, want.Scopes) || len(got.Spec.Metadata) != len(want.Spec.Metadata) {
		t.Fatalf("%s: type %s, scopes %v, %d settings", got.Name, got.Spec.Type, got.Scopes, len(got.Spec.Metadata))
	}
	for i, setting := range want.Spec.Metadata {
		is := got.Spec.Metadata[i]
		value, known := settings[setting.Name]
		switch {
		case known:
			setting.SecretKeyRef.Name, setting.SecretKeyRef.Key = "", ""
			setting.Value.Raw = []byte(strconv.Quote(value))
		case setting.SecretKeyRef.Name != "":
			setting.SecretKeyRef.Name = "credentials"
		}
		if is.Name != setting.Name || is.SecretKeyRef != setting.SecretKeyRef || !bytes.Equal(is.Value.Raw, setting.Value.Raw) {
			t.Errorf("%s: %s is %s %v, want %s %v", got.Name, setting.Name, is.Value.Raw, is.SecretKeyRef, setting.Value.Raw, setting.SecretKeyRef)
		}
	}
}

// TestSidecarsTrustTheBrokersAuthority checks that the sidecars of NATS and Redis, whose components
// have no setting for an authority, read it as a file. Nothing else of the secret is mounted.
func TestSidecarsTrustTheBrokersAuthority(t *testing.T) {
	t.Parallel()
	for kind, broker := range brokerKinds {
		for _, tls := range []bool{true, false} {
			if strings.HasPrefix(kind, "kafka") && !tls {
				continue
			}
			values := broker.values
			if !tls {
				values = strings.ReplaceAll(values, "5671", "5672") + ", tls: false"
			}
			for name, d := range all[*appsv1.Deployment](install(t, onBroker(kind, values))) {
				pod := d.Spec.Template
				var got []string
				for _, volume := range pod.Spec.Volumes {
					if volume.Secret.SecretName != "credentials" {
						continue
					}
					for _, item := range volume.Secret.Items {
						got = append(got, fmt.Sprint(volume.Name, " ", item.Key, " ", item.Path, " ", *volume.Secret.Optional))
					}
					got = append(got, pod.Annotations["dapr.io/volume-mounts"], pod.Annotations["dapr.io/env"])
				}
				var want []string
				if tls && (kind == "nats" || kind == "redis") && name != "web" && name != "assistant" { // they reach no broker
					want = []string{"broker-authority ca.crt ca.crt true", "broker-authority:/broker-authority", "SSL_CERT_FILE=/broker-authority/ca.crt"}
				}
				if !slices.Equal(got, want) {
					t.Errorf("%s, TLS %t, %s: mounts %q, want %q", kind, tls, name, got, want)
				}
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
