// Command language is a Pulumi language host for the tests. Its program stands in for infra and has
// the same interface: it reads the images of the stack's configuration, makes a cluster run them,
// and sets the same outputs. The cluster of a stack is the file cluster/STACK beside Pulumi.yaml.
//
// The first digit of a digest decides the behaviour of a service. With a, the preview fails with a
// configuration error. With b, it never becomes ready. With c, the update runs until it is stopped.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

func main() {
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, "language:", err)
		os.Exit(1)
	}
}

// serve prints the port for Pulumi and runs programs until Pulumi stops it or exits.
func serve() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	engine := os.Args[len(os.Args)-1] // the engine's address
	if err := rpcutil.Healthcheck(ctx, engine, time.Second, stop); err != nil {
		return fmt.Errorf("watch the engine: %w", err)
	}
	ended := make(chan bool)
	context.AfterFunc(ctx, func() { close(ended) })
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Cancel: ended,
		Init: func(server *grpc.Server) error {
			pulumirpc.RegisterLanguageRuntimeServer(server, &host{engine: engine})
			return nil
		},
	})
	if err != nil {
		return err
	}
	fmt.Println(handle.Port)
	return <-handle.Done
}

// host implements the language host.
type host struct {
	pulumirpc.UnimplementedLanguageRuntimeServer
	engine string
}

// GetPluginInfo returns the version.
func (*host) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: "1.0.0"}, nil
}

// GetRequiredPackages returns an empty list.
func (*host) GetRequiredPackages(context.Context, *pulumirpc.GetRequiredPackagesRequest) (*pulumirpc.GetRequiredPackagesResponse, error) {
	return &pulumirpc.GetRequiredPackagesResponse{}, nil
}

// Run runs the program.
func (h *host) Run(ctx context.Context, req *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	c, err := pulumi.NewContext(ctx, pulumi.RunInfo{
		Organization: req.GetOrganization(), Project: req.GetProject(), Stack: req.GetStack(), Config: req.GetConfig(),
		ConfigSecretKeys: req.GetConfigSecretKeys(), MonitorAddr: req.GetMonitorAddress(), EngineAddr: h.engine, DryRun: req.GetDryRun(),
		Parallel: req.GetParallel(),
	})
	if err != nil {
		return nil, err
	}
	defer c.Close() //nolint:errcheck // the program has ended
	if err := pulumi.RunWithContext(c, program(req.GetInfo().GetRootDirectory())); err != nil {
		return &pulumirpc.RunResponse{Error: err.Error()}, nil
	}
	return &pulumirpc.RunResponse{}, nil
}

// program deploys the images of a stack to its cluster, one after another.
func program(root string) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		var images map[string]string
		config.New(ctx, "").RequireObject("images", &images)
		var services []string
		for service := range images {
			services = append(services, service)
		}
		slices.Sort(services)
		var runs []string
		for _, service := range services {
			runs = append(runs, service+"="+images[service])
			_, digest, _ := strings.Cut(images[service], "@sha256:")
			if strings.HasPrefix(digest, "a") {
				return fmt.Errorf("%s: an error in the configuration", service)
			}
			if ctx.DryRun() {
				continue
			}
			cluster := filepath.Join(root, "cluster", ctx.Stack())
			if err := os.WriteFile(cluster, []byte(strings.Join(runs, "\n")), 0o600); err != nil {
				return err
			}
			switch digest[0] {
			case 'b':
				return fmt.Errorf("%s did not become ready in time", service)
			case 'c':
				<-ctx.Context().Done()
				return ctx.Context().Err()
			}
		}
		ctx.Export("images", pulumi.ToStringMap(images))
		ctx.Export("kubeconfig", pulumi.ToSecret(pulumi.String("of "+ctx.Stack())))
		return nil
	}
}
