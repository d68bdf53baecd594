// Command pulumi-resource-kubernetes is Pulumi's Kubernetes provider, which creates the declared
// resources in a cluster. Its original main package embeds a generated schema that is not part of
// the module. Only generating SDKs and importing resources need the schema. It has its own module,
// because it requires an older Pulumi than the engine.
package main

import "github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"

func main() { provider.Serve("kubernetes", "4.25.0", []byte("{}"), []byte("{}")) }
