//go:build !race

package chart

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func labelSet(l map[string]string) labels.Set { return l }

// end is an endpoint of a connection: a pod of the release, a pod of another namespace, or an
// address outside the cluster, whose namespace is empty.
type end struct {
	name      string
	labels    map[string]string
	namespace string
	address   string
}

// cilium returns the same objects on a cluster whose policies are enforced by Cilium: AKS, and GKE
// with dataplane V2. There, an ipBlock never matches a pod:
// https://docs.cilium.io/en/stable/network/kubernetes/policy/
func (m manifest) cilium() manifest {
	m.ciliumRule = true
	return m
}

func (m manifest) end(name string) end {
	m.t.Helper()
	for _, pod := range m.pods() {
		if pod.name == name {
			return end{name: name, labels: pod.meta.Labels, namespace: namespace}
		}
	}
	m.t.Fatalf("there are no pods of %s", name)
	return end{}
}

// allowed reports whether the network policies allow a connection from one end to a port of the
// other.
func (m manifest) allowed(from, to end, port int) bool {
	m.t.Helper()
	out, in := from.namespace != namespace, to.namespace != namespace // other namespaces have policies of their own
	for _, p := range all[*networkingv1.NetworkPolicy](m) {
		if !out && selects(m.t, &p.Spec.PodSelector, from.labels) {
			for _, rule := range p.Spec.Egress {
				out = out || m.peers(rule.To, to) && ports(rule.Ports, port)
			}
		}
		if !in && selects(m.t, &p.Spec.PodSelector, to.labels) {
			for _, rule := range p.Spec.Ingress {
				in = in || m.peers(rule.From, from) && ports(rule.Ports, port)
			}
		}
	}
	return out && in
}

func (m manifest) peers(peers []networkingv1.NetworkPolicyPeer, e end) bool {
	m.t.Helper()
	return len(peers) == 0 || slices.ContainsFunc(peers, func(p networkingv1.NetworkPolicyPeer) bool {
		switch {
		case p.IPBlock != nil:
			podOfCilium := m.ciliumRule && e.namespace != ""
			return e.address != "" && !podOfCilium && inBlock(m.t, p.IPBlock, e.address)
		case p.NamespaceSelector != nil:
			return selects(m.t, p.NamespaceSelector, map[string]string{corev1.LabelMetadataName: e.namespace})
		default:
			return e.namespace == namespace && selects(m.t, p.PodSelector, e.labels)
		}
	})
}

func inBlock(t *testing.T, block *networkingv1.IPBlock, address string) bool {
	t.Helper()
	ip := netip.MustParseAddr(address)
	contains := func(network string) bool {
		prefix, err := netip.ParsePrefix(network)
		if err != nil {
			t.Fatal(err)
		}
		return prefix.Contains(ip)
	}
	return contains(block.CIDR) && !slices.ContainsFunc(block.Except, contains)
}

func ports(ports []networkingv1.NetworkPolicyPort, port int) bool {
	return len(ports) == 0 || slices.ContainsFunc(ports, func(p networkingv1.NetworkPolicyPort) bool {
		return p.Port == nil || p.Port.Type == intstr.Int && p.Port.IntValue() == port
	})
}

// TestServicesReachWhomTheyHaveTo checks that the policies allow exactly the required connections
// between the pods.
func TestServicesReachWhomTheyHaveTo(t *testing.T) {
	t.Parallel()
	eachInstallation(t, func(t *testing.T, m manifest) {
		want := map[string]bool{
			"web>api:8080": true, "web>live:8080": true, "web>assistant:8080": true, "assistant>api:8080": true, "recurring>api:50002": true,
		}
		for _, variable := range container(t, m, "api").Env {
			if variable.Name == "DATABASE_SLEEPS_AFTER" {
				want["api>notifier:50002"] = true
			}
		}
		for _, from := range append(slices.Clone(services), "migrate") {
			for _, to := range append(slices.Clone(services), "migrate") {
				for _, port := range []int{8080, 3500, 3501, 9090, 50001, 50002} {
					name := fmt.Sprintf("%s>%s:%d", from, to, port)
					if got := m.allowed(m.end(from), m.end(to), port); got != want[name] {
						t.Errorf("%s: allowed %t", name, got)
					}
				}
			}
		}
	})
}

func TestWhatIsBesideTheServices(t *testing.T) {
	t.Parallel()
	var (
		database = end{name: "the database", address: "192.0.2.7"}
		broker   = end{name: "the broker", address: "192.0.2.8"}
		public   = end{name: "a webhook", address: "198.51.100.9"}
		inner    = end{name: "an address of the inner network", address: "10.1.2.3"}
		metadata = end{name: "the cloud's metadata", address: "169.254.169.254"}
		chosen   = end{name: "a network that was allowed", address: "10.20.0.5"}
		dapr     = end{name: "dapr", namespace: "dapr-system"}
		sidecars = []string{"api", "assistant", "live", "notifier", "recurring"}
		dns      = end{name: "dns", namespace: "kube-system"}
	)
	text := valueSets["large"] + "dapr: {namespace: dapr-system}\nbackup: {enabled: true, claimName: archive}\n"
	m := install(t, text)
	tests := []struct {
		to    end
		port  int
		names []string
	}{
		{dns, 53, []string{"api", "assistant", "backup", "live", "migrate", "notifier", "recurring", "web"}},
		{dns, 443, nil},
		{dapr, 50001, sidecars}, {dapr, 50006, sidecars}, {dapr, 6500, sidecars}, {dapr, 443, nil},
		{database, 5432, []string{"api", "assistant", "backup", "live", "migrate", "notifier"}},
		{broker, 9093, []string{"api", "live", "notifier", "recurring"}},
		{public, 443, []string{"api", "notifier"}}, {public, 8443, []string{"notifier"}},
		{chosen, 8025, []string{"notifier"}},
		{inner, 443, nil}, {metadata, 80, nil},
	}
	for _, test := range tests {
		var got []string
		for _, pod := range m.pods() {
			if m.allowed(m.end(pod.name), test.to, test.port) {
				got = append(got, pod.name)
			}
		}
		if !slices.Equal(got, test.names) {
			t.Errorf("%s:%d is reachable from %v, want %v", test.to.name, test.port, got, test.names)
		}
	}
}

func TestWhoComesIn(t *testing.T) {
	t.Parallel()
	anyone := end{name: "anyone", address: "203.0.113.1"}
	prometheus := end{name: "prometheus", namespace: "monitoring"}
	tests := []struct {
		values string
		from   end
		want   []string
	}{
		{"smallest", anyone, []string{"web:8080"}},
		{"large", anyone, []string{"web:8080"}},
		{"certificate", anyone, []string{"web:8080"}},
		{"smallest", prometheus, nil},
		{"large", prometheus, []string{"api:8080", "api:9090", "assistant:8080", "assistant:9090", "live:8080", "live:9090", "notifier:8080", "notifier:9090", "recurring:8080", "recurring:9090", "web:9464"}},
	}
	for _, test := range tests {
		m := install(t, valueSets[test.values])
		var got []string
		for _, pod := range m.pods() {
			for _, port := range []int{8080, 9090, 9464, 50002} {
				open := m.allowed(test.from, m.end(pod.name), port)
				if public := m.allowed(anyone, m.end(pod.name), port); open && (test.from.name == "anyone" || !public) {
					got = append(got, fmt.Sprintf("%s:%d", pod.name, port))
				}
			}
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: %s can reach %v, want %v", test.values, test.from.name, got, test.want)
		}
	}
}

func TestOneWayIn(t *testing.T) {
	t.Parallel()
	tests := map[string]string{"smallest": "80", "one node": "80", "large": "443", "certificate": "443"}
	for name, want := range tests {
		m := install(t, valueSets[name])
		for service, s := range all[*corev1.Service](m) {
			if service != "web" {
				if s.Spec.Type != "" && s.Spec.Type != corev1.ServiceTypeClusterIP {
					t.Errorf("%s: %s is a second public service", name, service)
				}
				continue
			}
			if s.Spec.Type != corev1.ServiceTypeLoadBalancer || len(s.Spec.Ports) != 1 {
				t.Fatalf("%s: web is a %s with ports %v", name, s.Spec.Type, s.Spec.Ports)
			}
			if p := s.Spec.Ports[0]; fmt.Sprint(p.Port) != want || p.TargetPort.String() != "http" {
				t.Errorf("%s: web has port %d with target %s", name, p.Port, p.TargetPort.String())
			}
		}
		for service, s := range all[*corev1.Service](m) {
			selector := &metav1.LabelSelector{MatchLabels: s.Spec.Selector}
			for _, pod := range m.pods() {
				if selects(t, selector, pod.meta.Labels) != (pod.name == strings.TrimSuffix(service, "-pods")) {
					t.Errorf("%s: service %s and pods of %s do not match", name, service, pod.name)
				}
			}
		}
	}
	large := get[*corev1.Service](install(t, valueSets["large"]), "Service/web")
	if large.Annotations["service.beta.kubernetes.io/oci-load-balancer-shape"] != "flexible" {
		t.Errorf("the load balancer's annotations are %v", large.Annotations)
	}
	if !slices.Equal(large.Spec.LoadBalancerSourceRanges, []string{"198.51.100.0/24"}) {
		t.Errorf("the load balancer's source ranges are %v", large.Spec.LoadBalancerSourceRanges)
	}
}
