//go:build !race

// Command infra is the Pulumi program. It creates a cluster on the stack's cloud, the platform for
// TaskMaster, and TaskMaster itself. README.md is the guide.
//
// Its packages compile the SDKs of three clouds, which takes minutes and gigabytes, and twice that
// with the race detector. Therefore `go test -race ./...` leaves them out.
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
