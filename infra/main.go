// Command infra is the Pulumi program: a cluster on the cloud that the stack's configuration names, what TaskMaster runs
// on, and TaskMaster. README.md is the guide.
package main

import (
	"os"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"taskmaster/infra/config"
	"taskmaster/infra/program"
)

func main() {
	pulumi.Run(program.New(config.Machine{Getenv: os.Getenv, ReadFile: os.ReadFile}))
}
