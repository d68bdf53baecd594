// Command language is a language of Pulumi's, for programs that say nothing and do what infra's does to everything around it: it takes
// the images of the stack's configuration, makes a cluster run them, and has the same outputs. The cluster is a file, for each stack
// one, cluster/STACK beside Pulumi.yaml.
//
// The first digit of a digest decides what becomes of a service: one that begins with a is a mistake, which a preview finds, one that
// begins with b never becomes ready, and one that begins with c takes until somebody ends it.
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

// serve tells Pulumi its port, and runs programs until Pulumi ends it, or is gone.
func serve() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	engine := os.Args[len(os.Args)-1] // its address
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

// host answers Pulumi.
type host struct {
	pulumirpc.UnimplementedLanguageRuntimeServer
	engine string
}

// GetPluginInfo says which version it is.
func (*host) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: "1.0.0"}, nil
}

// GetRequiredPackages says that nothing else is needed.
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

// program brings a stack's images to its cluster, one after the other.
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
				return fmt.Errorf("%s: a mistake in the configuration", service)
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
