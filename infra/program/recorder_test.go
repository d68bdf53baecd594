//go:build clouds

package program

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// recorded is a resource that the program registered or read.
type recorded struct {
	kind, name string
	provider   string
	parent     string
	protect    bool
	read       bool
	after      []string // URNs
	inputs     resource.PropertyMap
}

// recorder replaces the engine and all providers. It is strict: unknown types, functions and
// outputs are errors, and so are missing required inputs.
type recorder struct {
	mu        sync.Mutex
	resources []recorded
	calls     []string
	errs      []error
}

func (r *recorder) fail(format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.errs = append(r.errs, err)
	return err
}

func (r *recorder) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	got := recorded{kind: args.TypeToken, name: args.Name, provider: args.Provider, inputs: args.Inputs, read: args.ReadRPC != nil}
	if rpc := args.RegisterRPC; rpc != nil {
		got.protect, got.parent, got.after = rpc.GetProtect(), rpc.GetParent(), rpc.GetDependencies()
	}
	id := args.Name + "-id"
	state := args.Inputs.Copy()
	switch {
	case got.read:
		id = args.ID
		outputs, ok := readings[args.TypeToken]
		if !ok {
			return "", nil, r.fail("%s %s is read, but readings has no entry for it", args.TypeToken, args.Name)
		}
		state = outputs
	case strings.HasPrefix(args.TypeToken, "taskmaster:"):
		if args.Custom {
			return "", nil, r.fail("%s %s is not a component", args.TypeToken, args.Name)
		}
	default:
		known, ok := kinds[args.TypeToken]
		if !ok {
			return "", nil, r.fail("%s %s has an unknown type", args.TypeToken, args.Name)
		}
		for _, path := range known.required {
			if !has(args.Inputs, path) {
				return "", nil, r.fail("%s %s lacks %s", args.TypeToken, args.Name, path)
			}
		}
		for key, value := range known.outputs {
			state[key] = value
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.resources = append(r.resources, got)
	return id, state, nil
}

func (r *recorder) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	answer, ok := answers[args.Token]
	if !ok {
		return nil, r.fail("%s is an unknown function", args.Token)
	}
	if args.Provider == "" {
		return nil, r.fail("%s is called without the provider of its cluster", args.Token)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, args.Token)
	return answer, nil
}

// err returns the recorded problems. The program may have ignored the errors it got.
func (r *recorder) err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return errors.Join(r.errs...)
}

// has reports whether there is a value at a path such as a.b.c. * stands for each element of a
// non-empty list.
func has(inputs resource.PropertyMap, path string) bool {
	return len(at(inputs, path)) > 0
}

// at returns the values at a path. It returns none if any element of a list lacks the value.
func at(inputs resource.PropertyMap, path string) []resource.PropertyValue {
	values := []resource.PropertyValue{resource.NewProperty(inputs)}
	for step := range strings.SplitSeq(path, ".") {
		var next []resource.PropertyValue
		for _, v := range values {
			v = open(v)
			if step == "*" {
				if !v.IsArray() || len(v.ArrayValue()) == 0 {
					return nil
				}
				next = append(next, v.ArrayValue()...)
				continue
			}
			if !v.IsObject() {
				return nil
			}
			inner, ok := v.ObjectValue()[resource.PropertyKey(strings.ReplaceAll(step, "|", "."))]
			if !ok || open(inner).IsNull() {
				return nil
			}
			next = append(next, inner)
		}
		values = next
	}
	return values
}

// open returns the content of a secret.
func open(v resource.PropertyValue) resource.PropertyValue {
	for v.IsSecret() {
		v = v.SecretValue().Element
	}
	return v
}

func text(v resource.PropertyValue) string {
	if v = open(v); v.IsString() {
		return v.StringValue()
	}
	return ""
}

// authority is the CA certificate of the operators.
const authority = "-----BEGIN CERTIFICATE-----\ntest\n-----END CERTIFICATE-----\n"

// readings are the contents of resources that the program reads but does not create.
var readings = map[string]resource.PropertyMap{
	"kubernetes:core/v1:Secret": secretOf(authority),
	"kubernetes:core/v1:Service": resource.NewPropertyMapFromMap(map[string]any{
		"status": map[string]any{"loadBalancer": map[string]any{"ingress": []any{map[string]any{"ip": "192.0.2.10"}}}},
	}),
}

// secretOf returns the secret of an operator's authority.
func secretOf(authority string) resource.PropertyMap {
	return resource.NewPropertyMapFromMap(map[string]any{
		"data": map[string]any{"ca.crt": base64.StdEncoding.EncodeToString([]byte(authority))},
	})
}

// answers are the results of the clouds' functions.
var answers = map[string]resource.PropertyMap{
	"oci:Identity/getAvailabilityDomains:getAvailabilityDomains": resource.NewPropertyMapFromMap(map[string]any{
		"availabilityDomains": []any{map[string]any{"name": "xxxx:EU-FRANKFURT-1-AD-1"}, map[string]any{"name": "xxxx:EU-FRANKFURT-1-AD-2"}},
	}),
	"oci:Core/getServices:getServices": resource.NewPropertyMapFromMap(map[string]any{
		"id": "services", "services": []any{map[string]any{
			"id": "ocid1.service.oc1.eu-frankfurt-1.all", "cidrBlock": "all-fra-services-in-oracle-services-network",
			"name": "All FRA Services In Oracle Services Network", "description": "",
		}},
	}),
	"oci:ContainerEngine/getNodePoolOption:getNodePoolOption": resource.NewPropertyMapFromMap(map[string]any{
		"id": "all", "nodePoolOptionId": "all", "images": []any{}, "kubernetesVersions": []any{}, "shapes": []any{}, "sources": []any{
			source("Oracle-Linux-8.10-2025.11.20-0-OKE-1.35.2-1330", "x86"),
			source("Oracle-Linux-8.10-Gen2-GPU-2025.11.20-0-OKE-1.35.2-1330", "gpu"),
			source("Oracle-Linux-8.10-aarch64-2025.09.16-0-OKE-1.35.2-1191", "arm-older"),
			source("Oracle-Linux-8.10-aarch64-2025.11.20-0-OKE-1.35.2-1330", "arm-newest"),
			source("Oracle-Linux-8.10-aarch64-2025.11.20-0-OKE-1.34.2-1330", "arm-other-version"),
			source("Oracle-Linux-8.9-aarch64-2025.09.16-0-OKE-1.35.2-1191", "arm-of-8.9"), // as text it is the greatest
		},
	}),
	"oci:ContainerEngine/getClusterKubeConfig:getClusterKubeConfig": resource.NewPropertyMapFromMap(map[string]any{
		"id": "kubeconfig", "clusterId": "cluster", "content": kubeconfigOfTests + `users: [{name: user, user: {exec: {command: oci, args: [ce, cluster, generate-token]}}}]
`,
	}),
}

func source(name, id string) map[string]any {
	return map[string]any{"sourceName": name, "imageId": "ocid1.image." + id, "sourceType": "IMAGE"}
}
