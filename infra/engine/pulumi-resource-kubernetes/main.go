// Command pulumi-resource-kubernetes is Pulumi's Kubernetes provider, which makes in a cluster what the program declares. The
// main package of its own module embeds files that are generated and not part of the module: its schema, which only
// generating SDKs and importing resources need, and nothing here does. It has a module of its own because it wants an older
// Pulumi beside it than the engine is.
package main

import "github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"

func main() { provider.Serve("kubernetes", "4.25.0", []byte("{}"), []byte("{}")) }
