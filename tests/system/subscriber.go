package system

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"gopkg.in/yaml.v3"

	"taskmaster/internal/sidecar/daprd"
)

// Subscriber is an app of its own, with a sidecar, that gets events which the system publishes: the same components as the
// services', whatever broker stands behind them.
type Subscriber struct {
	id    string // its app id, and so its consumer group
	app   *httptest.Server
	cmd   *exec.Cmd
	log   *log
	ended chan struct{}

	releasePorts func()
}

// subscribedWithin is how long a subscriber may take to start. A sidecar that starts while the broker is away ends, and is
// started again like those of services.
const subscribedWithin = 3 * time.Minute

var errSidecarEnded = errors.New("the sidecar ended")

// Subscribe starts a subscriber and returns when it is subscribed to topics. take is called for each event, as it was
// published and for several at once; after an error the event comes again. What was published before comes as well.
func (s *System) Subscribe(ctx context.Context, appID string, topics []string, take func(topic string, cloudEvent []byte) error) (*Subscriber, error) {
	o := &Subscriber{id: appID, log: newLog()}
	o.app = httptest.NewServer(subscriberRoutes(topics, take))
	if err := o.start(ctx, s); err != nil {
		o.app.Close()
		return nil, fmt.Errorf("start subscriber %s: %w", appID, err)
	}
	return o, nil
}

// Sidecar returns the process id of the subscriber's sidecar.
func (o *Subscriber) Sidecar() int { return o.cmd.Process.Pid }

func (o *Subscriber) start(ctx context.Context, s *System) error {
	dir, err := os.MkdirTemp(s.Dir, o.id+"-")
	if err != nil {
		return err
	}
	state, err := s.State()
	if err != nil {
		return err
	}
	if err := writeResources(dir, state.Components, o.id); err != nil {
		return err
	}
	daprd, err := Bin("daprd")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, subscribedWithin)
	defer cancel()
	for {
		err := o.startSidecar(ctx, s, daprd, dir)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w\n%s", err, o.log.tail(20))
		case <-time.After(time.Second):
		}
	}
}

// startSidecar starts the sidecar and returns when it is healthy, or has ended: as it does while the broker is away.
func (o *Subscriber) startSidecar(ctx context.Context, s *System, daprd, dir string) error {
	args, health, err := o.arguments(ctx, dir)
	if err != nil {
		return err
	}
	o.cmd, o.ended = exec.Command(daprd, args...), make(chan struct{})
	// Where the services' sidecars run: the components' secrets lie there.
	o.cmd.Dir = filepath.Join(s.Dir, "dapr")
	o.cmd.Env = append(os.Environ(), "POD_NAME="+o.id, "NAMESPACE=taskmaster", "DAPR_HOST_IP=127.0.0.1")
	o.cmd.Stdout, o.cmd.Stderr = o.log, o.log
	ended := o.ended
	if err := startChild(o.cmd, func(error) { close(ended) }); err != nil {
		o.releasePorts()
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	err = Poll(ctx, func() error {
		select {
		case <-ended:
			cancel(errSidecarEnded) // there is nothing to wait for
			return errSidecarEnded
		default:
		}
		return getOK(ctx, health)
	})
	if err != nil {
		o.stopSidecar()
	}
	return err
}

// arguments are those of a sidecar with ports that are its own until it is stopped.
func (o *Subscriber) arguments(ctx context.Context, dir string) (args []string, health string, err error) {
	root, err := Root()
	if err != nil {
		return nil, "", err
	}
	ports, release, err := freePorts(ctx, 3)
	if err != nil {
		return nil, "", err
	}
	o.releasePorts = release
	local := filepath.Join(root, "dapr", "local")
	flags := daprd.Sidecar{
		AppID: o.id, AppPort: o.app.Listener.Addr().(*net.TCPAddr).Port, AskApp: true,
		HTTPPort: ports[0], GRPCPort: ports[1], InternalPort: ports[2],
		Resources: []string{dir, local}, Configs: []string{filepath.Join(local, "configuration.yaml")},
		LogLevel: "warn",
	}
	return flags.Args(), flags.HealthURL(), nil
}

// writeResources copies the services' pub/sub component and lets one app use it.
func writeResources(dir, components, appID string) error {
	raw, err := os.ReadFile(filepath.Join(components, "kafka-pubsub.yaml"))
	if err != nil {
		return err
	}
	var component map[string]any
	if err := yaml.Unmarshal(raw, &component); err != nil {
		return fmt.Errorf("read component: %w", err)
	}
	component["scopes"] = []string{appID}
	if raw, err = yaml.Marshal(component); err != nil {
		return fmt.Errorf("write component: %w", err)
	}
	return os.WriteFile(filepath.Join(dir, "pubsub.yaml"), raw, 0o600)
}

// Close ends the subscriber. What is published meanwhile waits for the next one.
func (o *Subscriber) Close() {
	o.stopSidecar()
	o.app.Close()
}

func (o *Subscriber) stopSidecar() {
	_ = o.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-o.ended:
	case <-time.After(10 * time.Second):
		_ = o.cmd.Process.Kill()
		<-o.ended
	}
	o.releasePorts()
}
