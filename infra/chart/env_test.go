//go:build !race

package chart

import (
	"fmt"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

var envTag = regexp.MustCompile("`env:\"([A-Z_]+)\"(.*)`")

// variables returns the environment variables that a service's source declares, and whether each is
// required.
func variables(t *testing.T, service string) map[string]bool {
	t.Helper()
	known := map[string]bool{}
	for _, folder := range []string{"internal/server", "services/" + service} {
		source, err := os.ReadFile("../../" + folder + "/config.go")
		if err != nil {
			t.Fatal(err)
		}
		for _, tag := range envTag.FindAllStringSubmatch(string(source), -1) {
			known[tag[1]] = regexp.MustCompile(`validate:"required["\,]`).MatchString(tag[2])
		}
	}
	return known
}

func container(t *testing.T, m manifest, service string) corev1.Container {
	t.Helper()
	return get[*appsv1.Deployment](m, "Deployment/"+service).Spec.Template.Spec.Containers[0]
}

func TestServicesGetWhatTheyRead(t *testing.T) {
	t.Parallel()
	eachInstallation(t, func(t *testing.T, m manifest) {
		for _, service := range services {
			known, set := variables(t, service), map[string]bool{}
			known["OTEL_EXPORTER_OTLP_HEADERS"] = false // the exporter reads it itself
			for _, variable := range container(t, m, service).Env {
				if _, ok := known[variable.Name]; !ok {
					t.Errorf("%s does not read %s", service, variable.Name)
				}
				set[variable.Name] = variable.Value != "" || variable.ValueFrom != nil && variable.ValueFrom.SecretKeyRef.Optional == nil
			}
			for name, required := range known {
				if required && !set[name] {
					t.Errorf("%s does not start without %s", service, name)
				}
			}
		}
	})
}

// TestSecretsAreReferences checks that a service sees only the keys of secrets that it needs.
func TestSecretsAreReferences(t *testing.T) {
	t.Parallel()
	want := map[string][]string{
		"api":       {"APP_API_TOKEN=tokens/token", "CHANNEL_KEYS=tokens/channel-keys?", "DATABASE_URL=neon/url", "SETUP_TOKEN=tokens/setup-token?", "VAPID_PUBLIC_KEY=tokens/vapid-public-key?"},
		"assistant": {"APP_API_TOKEN=tokens/token"},
		"backup":    {"DATABASE_URL=neon/url", "VAPID_PRIVATE_KEY=tokens/vapid-private-key?", "VAPID_PUBLIC_KEY=tokens/vapid-public-key?"},
		"live":      {"APP_API_TOKEN=tokens/token", "DATABASE_URL=neon/url"},
		"migrate":   {"DATABASE_URL=neon/url"},
		"notifier":  {"APP_API_TOKEN=tokens/token", "CHANNEL_KEYS=tokens/channel-keys?", "DATABASE_URL=neon/url", "SMTP_URL=tokens/smtp-url?", "VAPID_PRIVATE_KEY=tokens/vapid-private-key?", "VAPID_PUBLIC_KEY=tokens/vapid-public-key?"},
		"recurring": {"APP_API_TOKEN=tokens/token"},
		"web":       {"APP_API_TOKEN=tokens/token"},
	}
	for _, pod := range install(t, valueSets["backup"]).pods() {
		var got []string
		for _, variable := range pod.spec.Containers[0].Env {
			if variable.ValueFrom == nil {
				continue
			}
			ref := variable.ValueFrom.SecretKeyRef
			text := fmt.Sprintf("%s=%s/%s", variable.Name, ref.Name, ref.Key)
			if ref.Optional != nil && *ref.Optional {
				text += "?"
			}
			got = append(got, text)
		}
		slices.Sort(got)
		if !slices.Equal(got, want[pod.name]) {
			t.Errorf("%s sees %v, want %v", pod.name, got, want[pod.name])
		}
	}
}

func TestValuesReachServices(t *testing.T) {
	t.Parallel()
	tests := []struct{ values, service, variable, want string }{
		{"smallest", "api", "PUBLIC_URL", "https://tasks.example.com"},
		{"smallest", "api", "COOKIE_SECURE", "true"},
		{"smallest", "web", "ASSISTANT_URL", "http://assistant:8080"},
		{"smallest", "assistant", "API_URLS", "http://api:8080,http://api-pods:8080"},
		{"smallest", "live", "ALLOWED_ORIGINS", "https://tasks.example.com"},
		{"smallest", "web", "API_URLS", "http://api:8080"},
		{"smallest", "web", "API_FALLBACK_URLS", "http://api-pods:8080"},
		{"smallest", "web", "TLS_CERT_FILE", ""},
		{"smallest", "notifier", "SMTP_FROM", "TaskMaster <taskmaster@tasks.example.com>"},
		{"smallest", "notifier", "VAPID_SUBJECT", "https://tasks.example.com"},
		{"smallest", "api", "DATABASE_SLEEPS_AFTER", ""},
		{"sleeping", "api", "DATABASE_SLEEPS_AFTER", "1m"},
		{"sleeping", "live", "DATABASE_SLEEPS_AFTER", "1m"},
		{"sleeping", "notifier", "DATABASE_SLEEPS_AFTER", "1m"},
		{"smallest", "api", "OTEL_EXPORTER_OTLP_ENDPOINT", ""},
		{"large", "web", "OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector.monitoring:4318"},
		{"large", "recurring", "OTEL_TRACES_SAMPLER_ARG", "0.25"},
		{"traced", "live", "OTEL_TRACES_SAMPLER_ARG", "0.1"},
		{"large", "api", "RATE_PER_MINUTE", "600"},
		{"large", "notifier", "WEBHOOK_ALLOW_NETWORKS", "10.20.0.0/16"},
		{"large", "notifier", "SMTP_FROM", "Tasks <tasks@example.com>"},
		{"large", "web", "TRUSTED_PROXIES", "203.0.113.0/24"},
		{"large", "web", "TLS_CERT_FILE", "/tls/tls.crt"},
		{"smallest", "api", "DATABASE_CONNS", "6"},
		{"smallest", "live", "DATABASE_CONNS", "3"},
		{"in the cluster", "api", "DATABASE_CONNS", "7"},
		{"in the cluster", "api", "RELAY_CONNS", "4"},
		{"in the cluster", "notifier", "DATABASE_CONNS", "2"},
		{"in the cluster", "notifier", "QUEUE_CONNS", "3"},
		{"plain", "api", "COOKIE_SECURE", "false"},
		{"plain", "notifier", "VAPID_SUBJECT", "mailto:admin@localhost"},
	}
	sets := map[string]string{"plain": strings.ReplaceAll(base, "https://tasks.example.com", "http://localhost:8080")}
	for _, test := range tests {
		values := valueSets[test.values] + sets[test.values]
		got := ""
		for _, variable := range container(t, install(t, values), test.service).Env {
			if variable.Name == test.variable {
				got = variable.Value
			}
		}
		if got != test.want {
			t.Errorf("%s: %s of %s is %q, want %q", test.values, test.variable, test.service, got, test.want)
		}
	}
}

// TestUntestedImagesAreNamed checks that the deployments name the reason for untested images. The pods stay the
// same, so that the note restarts none.
func TestUntestedImagesAreNamed(t *testing.T) {
	t.Parallel()
	tested, untested := install(t, base), install(t, base+"untested: nobody can log in\n")
	for name, d := range all[*appsv1.Deployment](untested) {
		if got := d.Annotations["taskmaster/untested"]; got != "nobody can log in" {
			t.Errorf("%s: the reason is %q", name, got)
		}
		before := get[*appsv1.Deployment](tested, "Deployment/"+name)
		if len(before.Annotations) != 0 {
			t.Errorf("%s: tested images have the annotations %v", name, before.Annotations)
		}
		if diff := cmp.Diff(before.Spec, d.Spec); diff != "" {
			t.Errorf("%s: the pods differ (-tested +untested):\n%s", name, diff)
		}
	}
}

func TestCertificateOfWeb(t *testing.T) {
	t.Parallel()
	for values, secret := range map[string]string{"smallest": "", "large": "wildcard", "certificate": "web-tls"} {
		m := install(t, valueSets[values])
		var mounted []string
		for _, pod := range m.pods() {
			for _, volume := range pod.spec.Volumes {
				if volume.Name != "tls" {
					continue
				}
				mounted = append(mounted, pod.name+":"+volume.Secret.SecretName)
			}
		}
		want := []string{"web:" + secret}
		if secret == "" {
			want = nil
		}
		if !slices.Equal(mounted, want) {
			t.Errorf("%s: mounted %v, want %v", values, mounted, want)
		}
		ordered := all[*certificate](m)
		if len(ordered) > 0 != (values == "certificate") {
			t.Errorf("%s: certificates are %v", values, ordered)
		}
	}
	c := get[*certificate](install(t, valueSets["certificate"]), "Certificate/web")
	if c.Spec.SecretName != "web-tls" || !slices.Equal(c.Spec.DNSNames, []string{"tasks.example.com"}) || c.Spec.IssuerRef.Name != "letsencrypt" {
		t.Errorf("certificate is %+v", c.Spec)
	}
}

// TestAuthorityOfTheDatabase checks that every pod with the address of the database finds the authority
// of its certificate in the file that the guide names, and starts without one.
func TestAuthorityOfTheDatabase(t *testing.T) {
	t.Parallel()
	eachInstallation(t, func(t *testing.T, m manifest) {
		for _, pod := range m.pods() {
			needs := slices.ContainsFunc(pod.spec.Containers[0].Env, func(v corev1.EnvVar) bool { return v.Name == "DATABASE_URL" })
			var file string
			for _, mount := range pod.spec.Containers[0].VolumeMounts {
				for _, volume := range pod.spec.Volumes {
					if volume.Name != mount.Name || volume.Name != "database-ca" {
						continue
					}
					if s := volume.Secret; s == nil || s.SecretName != "neon" || s.Optional == nil || !*s.Optional || len(s.Items) != 1 || s.Items[0].Key != "ca.crt" {
						t.Errorf("%s: the authority comes from %+v, want the optional key ca.crt of neon", pod.name, s)
						continue
					}
					file = path.Join(mount.MountPath, volume.Secret.Items[0].Path)
				}
			}
			if want := map[bool]string{true: "/database/ca.crt"}[needs]; file != want {
				t.Errorf("%s: the authority is in %q, want %q", pod.name, file, want)
			}
		}
	})
}

// TestServicesAnswerTheirProbes checks that the services implement the paths of the kubelet's
// probes.
func TestServicesAnswerTheirProbes(t *testing.T) {
	t.Parallel()
	m := install(t, base)
	for _, service := range services {
		source, err := os.ReadFile("../../services/" + service + "/routes.go")
		if err != nil {
			t.Fatal(err)
		}
		c := container(t, m, service)
		for _, path := range []string{c.StartupProbe.HTTPGet.Path, c.LivenessProbe.HTTPGet.Path, c.ReadinessProbe.HTTPGet.Path} {
			if !strings.Contains(string(source), `"GET `+path+`"`) {
				t.Errorf("%s does not answer GET %s", service, path)
			}
		}
	}
}
