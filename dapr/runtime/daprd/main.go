// Command daprd is the Dapr sidecar with only the component types of this project.
//
// Dapr's own command registers every type. That doubles the compile time, because most types import
// the SDK of a cloud or a database. Its package cmd/daprd/app cannot be used without them. It
// panics unless a build tag selects all types or the stable ones. The flags and the runtime are
// Dapr's.
//
// A component of another type needs a full daprd. `make run` uses the program in the variable
// DAPRD.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/dapr/dapr/cmd/daprd/options"
	"github.com/dapr/dapr/pkg/buildinfo"
	"github.com/dapr/dapr/pkg/healthz"
	"github.com/dapr/dapr/pkg/metrics"
	"github.com/dapr/dapr/pkg/modes"
	"github.com/dapr/dapr/pkg/runtime"
	"github.com/dapr/dapr/pkg/security"
	"github.com/dapr/kit/concurrency"
	"github.com/dapr/kit/logger"
	"github.com/dapr/kit/signals"
	"go.opencensus.io/stats/view"
)

func main() {
	log := logger.NewLogger("dapr.runtime")
	opts, err := options.New(os.Args[1:])
	if err != nil {
		log.Fatalf("read flags: %v", err)
	}
	switch {
	case opts.RuntimeVersion:
		fmt.Println(buildinfo.Version())
		return
	case opts.BuildInfo:
		fmt.Printf("Version: %s\nGit Commit: %s\nGit Version: %s\n", buildinfo.Version(), buildinfo.Commit(), buildinfo.GitVersion())
		return
	case opts.WaitCommand:
		runtime.WaitUntilDaprOutboundReady(opts.DaprHTTPPort)
		return
	}
	types := componentTypes(logger.NewLogger("dapr.contrib"))
	opts.Logger.SetAppID(opts.AppID)
	if err := logger.ApplyOptionsToLoggers(&opts.Logger); err != nil {
		log.Fatalf("set up the log: %v", err)
	}
	// Dapr sends the process SIGHUP when a changed file requires a restart of the runtime. Each run
	// of the runtime has its own context. The channel is closed when the process should stop.
	for life := range signals.OnHUP(signals.Context()) {
		config := runtimeConfig(opts, healthz.New(), log)
		config.Registry = types
		if err := run(life, opts, config); err != nil {
			log.Fatalf("Fatal error from runtime: %s", err) // same text as Dapr's own command
		}
		if life.Err() == nil {
			return // the shutdown API stopped it
		}
	}
}

// run serves until ctx is cancelled.
func run(ctx context.Context, opts *options.Options, config *runtime.Config) error {
	identity, err := security.New(ctx, security.Options{
		SentryAddress: opts.SentryAddress, ControlPlaneTrustDomain: opts.ControlPlaneTrustDomain,
		ControlPlaneNamespace: opts.ControlPlaneNamespace, TrustAnchors: opts.TrustAnchors, AppID: opts.AppID,
		MTLSEnabled: opts.EnableMTLS, Mode: modes.DaprMode(opts.Mode), Healthz: config.Healthz,
		JwtAudiences: opts.SentryRequestJwtAudiences,
	})
	if err != nil {
		return err
	}
	serve := func(ctx context.Context) error {
		if config.Security, err = identity.Handler(ctx); err != nil {
			return err
		}
		sidecar, err := runtime.FromConfig(ctx, config)
		if err != nil {
			return err
		}
		return sidecar.Run(ctx)
	}
	return concurrency.NewRunnerManager(identity.Run, serve).Run(ctx)
}

// runtimeConfig returns the runtime's configuration from the flags.
func runtimeConfig(o *options.Options, health healthz.Healthz, log logger.Logger) *runtime.Config {
	return &runtime.Config{
		Healthz: health,

		// App.
		AppID: o.AppID, ApplicationPort: o.AppPort, AppProtocol: o.AppProtocol, AppSSL: o.AppSSL,
		AppChannelAddress: o.AppChannelAddress, AppMaxConcurrency: o.AppMaxConcurrency,
		EnableAppHealthCheck: o.EnableAppHealthCheck, AppHealthCheckPath: o.AppHealthCheckPath,
		AppHealthProbeInterval: o.AppHealthProbeInterval, AppHealthProbeTimeout: o.AppHealthProbeTimeout,
		AppHealthThreshold: o.AppHealthThreshold,

		// Addresses and limits of the sidecar.
		DaprHTTPPort: o.DaprHTTPPort, DaprAPIGRPCPort: o.DaprAPIGRPCPort, DaprAPIListenAddresses: o.DaprAPIListenAddresses,
		DaprInternalGRPCPort: o.DaprInternalGRPCPort, DaprInternalGRPCListenAddress: o.DaprInternalGRPCListenAddress,
		DaprPublicPort: o.DaprPublicPort, DaprPublicListenAddress: o.DaprPublicListenAddress,
		UnixDomainSocket: o.UnixDomainSocket, AllowedOrigins: o.AllowedOrigins,
		MaxRequestSize: o.MaxRequestSize, ReadBufferSize: o.ReadBufferSize,
		EnableProfiling: o.EnableProfiling, ProfilePort: o.ProfilePort,
		EnableAPILogging: o.EnableAPILogging, DisableInitEndpoints: o.DisableInitEndpoints,

		// Components and configuration.
		Mode: o.Mode, Config: o.Config, ResourcesPath: o.ResourcesPath, ComponentsPath: o.ComponentsPath,
		HotReloadReconcileInterval:   o.HotReloadReconcileInterval,
		DisableBuiltinK8sSecretStore: o.DisableBuiltinK8sSecretStore,

		// Control plane.
		ControlPlaneAddress: o.ControlPlaneAddress, SentryAddress: o.SentryAddress, EnableMTLS: o.EnableMTLS,
		SchedulerAddress: o.SchedulerAddress, SchedulerStreams: o.SchedulerJobStreams,
		ActorsService: o.ActorsService, ActorsDisseminationTimeout: o.ActorsDisseminationTimeout,
		RemindersService: o.RemindersService,

		// Shutdown.
		DaprGracefulShutdownSeconds: o.DaprGracefulShutdownSeconds, DaprBlockShutdownDuration: o.DaprBlockShutdownDuration,

		Metrics: metrics.Options{
			Enabled: o.Metrics.Enabled(), Port: o.Metrics.Port(), ListenAddress: o.Metrics.ListenAddress(),
			Namespace: metrics.DefaultMetricNamespace, Meter: view.NewMeter(), Healthz: health, Log: log,
		},
	}
}
