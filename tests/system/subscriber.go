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

// Subscriber is a separate app with a sidecar that subscribes to the system's events. It uses the
// same components as the services, on any broker.
type Subscriber struct {
	id    string // the app id, and so the consumer group
	app   *httptest.Server
	cmd   *exec.Cmd
	log   *log
	ended chan struct{}

	releasePorts func()
}

// subscribedWithin is how long a subscriber may take to start. A sidecar that starts while the
// broker is away ends and is started again, like those of services.
const subscribedWithin = 3 * time.Minute

var errSidecarEnded = errors.New("the sidecar ended")

// Subscribe starts a subscriber and returns when it is subscribed to topics. It calls take for each
// event, for several at the same time. If take returns an error, the event comes again. Earlier
// events arrive as well.
func (s *System) Subscribe(ctx context.Context, appID string, topics []string, take func(topic string, cloudEvent []byte) error) (*Subscriber, error) {
	sb := &Subscriber{id: appID, log: newLog()}
	sb.app = httptest.NewServer(subscriberRoutes(topics, take))
	if err := sb.start(ctx, s); err != nil {
		sb.app.Close()
		return nil, fmt.Errorf("start subscriber %s: %w", appID, err)
	}
	return sb, nil
}

// Sidecar returns the process id of the subscriber's sidecar.
func (sb *Subscriber) Sidecar() int { return sb.cmd.Process.Pid }

func (sb *Subscriber) start(ctx context.Context, s *System) error {
	dir, err := os.MkdirTemp(s.Dir, sb.id+"-")
	if err != nil {
		return err
	}
	state, err := s.State()
	if err != nil {
		return err
	}
	if err := writeResources(dir, state.Components, sb.id); err != nil {
		return err
	}
	daprd, err := Bin("daprd")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, subscribedWithin)
	defer cancel()
	for {
		err := sb.startSidecar(ctx, s, daprd, dir)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w\n%s", err, sb.log.tail(20))
		case <-time.After(time.Second):
		}
	}
}

// startSidecar starts the sidecar. It returns when the sidecar is healthy, or has ended because the
// broker is away.
func (sb *Subscriber) startSidecar(ctx context.Context, s *System, daprd, dir string) error {
	args, health, err := sb.arguments(ctx, dir)
	if err != nil {
		return err
	}
	sb.cmd, sb.ended = exec.Command(daprd, args...), make(chan struct{})
	// The services' sidecars run in this folder, which holds the components' secrets.
	sb.cmd.Dir = filepath.Join(s.Dir, "dapr")
	sb.cmd.Env = append(os.Environ(), "POD_NAME="+sb.id, "NAMESPACE=taskmaster", "DAPR_HOST_IP=127.0.0.1")
	sb.cmd.Stdout, sb.cmd.Stderr = sb.log, sb.log
	ended := sb.ended
	if err := startChild(sb.cmd, func(error) { close(ended) }); err != nil {
		sb.releasePorts()
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	err = Poll(ctx, func() error {
		select {
		case <-ended:
			cancel(errSidecarEnded) // no need to wait any longer
			return errSidecarEnded
		default:
		}
		return getOK(ctx, health)
	})
	if err != nil {
		sb.stopSidecar()
	}
	return err
}

// arguments returns the arguments of the sidecar and its health URL. The sidecar has its ports for
// itself until it is stopped.
func (sb *Subscriber) arguments(ctx context.Context, dir string) (args []string, health string, err error) {
	root, err := Root()
	if err != nil {
		return nil, "", err
	}
	ports, release, err := freePorts(ctx, 3)
	if err != nil {
		return nil, "", err
	}
	sb.releasePorts = release
	local := filepath.Join(root, "dapr", "local")
	flags := daprd.Sidecar{
		AppID: sb.id, AppPort: sb.app.Listener.Addr().(*net.TCPAddr).Port, AskApp: true,
		HTTPPort: ports[0], GRPCPort: ports[1], InternalPort: ports[2],
		Resources: []string{dir, local}, Configs: []string{filepath.Join(local, "configuration.yaml")},
		LogLevel: "warn",
	}
	return flags.Args(), flags.HealthURL(), nil
}

// writeResources copies the pub/sub component of the services and adds one app to its scopes.
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

// Close stops the subscriber. Events that are published meanwhile wait for the next subscriber.
func (sb *Subscriber) Close() {
	sb.stopSidecar()
	sb.app.Close()
}

func (sb *Subscriber) stopSidecar() {
	_ = sb.cmd.Process.Signal(syscall.SIGTERM) // the sidecar may have ended already
	select {
	case <-sb.ended:
	case <-time.After(10 * time.Second):
		_ = sb.cmd.Process.Kill()
		<-sb.ended
	}
	sb.releasePorts()
}
