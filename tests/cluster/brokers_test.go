//go:build cluster && brokers

package cluster

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"taskmaster/internal/portblock"
	"taskmaster/tests/system"
)

// hostBroker is a broker on this machine, with TLS, a password and an authority of its own.
type hostBroker struct {
	kind   string
	values string            // the chart's value broker
	secret map[string]string // of the chart's value broker.secretName
	// observe passes every event to take until the test ends.
	observe func(take func(system.Event))
}

// TestBrokers changes the broker by values only, while people work: from Kafka to NATS, to Redis and
// back. It follows docs/operations.md. The books of the people are right afterwards.
func TestBrokers(t *testing.T) {
	c := newCluster(t)
	o := startOutside(t, c.host)
	brokers := []hostBroker{startNATS(t, c.host), startRedis(t, c.host), {kind: "kafka", values: o.brokerValues}}
	images := c.loadImages(firstBuild)
	c.installDapr()
	c.createNamespace(o)
	c.install(c.values(o, images))
	c.checkPods(images)
	url := c.address()
	webhooks := c.receiveWebhooks()
	person := signUp(t, url)
	if _, err := webhooks.Channel(t.Context(), person); err != nil {
		t.Fatal(err)
	}
	stories := func() {
		nextOccurrence(t, person)
		reminder(t, person, webhooks)
	}
	stories()

	books := c.openBooks(o, url, false) // a replay comes after later events
	for _, next := range brokers {
		if next.secret != nil {
			c.createSecret(next.kind, next.secret)
			next.observe(books.ledger.Event)
		}
		c.step("change the broker to " + next.kind)
		c.api("unhandled", "-wait", "5m")
		began := time.Now()
		books.during(func() {
			o.brokerValues = next.values
			c.install(c.values(o, images))
			c.checkPods(images)
		})
		c.api("replay", "--since", (time.Since(began) + time.Minute).Round(time.Second).String())
		c.api("unhandled", "-wait", "5m")
		stories()
	}
	books.close()
	c.uninstall()
}

// api runs a command of api in one of its pods.
func (c *cluster) api(args ...string) {
	c.t.Helper()
	c.kubectl("", append([]string{"exec", "deployment/api", "--container", "api", "--", "/taskmaster-api"}, args...)...)
}

// takePort returns a free port and its address on the host.
func takePort(t *testing.T, host string) (port int, address string) {
	t.Helper()
	ports, release, err := portblock.Take(t.Context(), host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	return ports[0], net.JoinHostPort(host, strconv.Itoa(ports[0]))
}

// startNATS runs NATS in this process and creates the streams with the command-line tool.
func startNATS(t *testing.T, host string) hostBroker {
	t.Helper()
	dir := t.TempDir()
	file, authority := filepath.Join(dir, "server.pem"), filepath.Join(dir, "ca.crt")
	ca := certify(t, host, file)
	certificate, err := tls.LoadX509KeyPair(file, file)
	if err == nil {
		err = os.WriteFile(authority, []byte(ca), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	port, address := takePort(t, host)
	token := rand.Text()
	s, err := server.NewServer(&server.Options{
		ServerName: "taskmaster", Host: host, Port: port, Authorization: token, JetStream: true, StoreDir: filepath.Join(dir, "data"),
		SyncAlways: true, NoSigs: true, NoLog: true,
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(clusterTimeout) {
		t.Fatal("NATS does not start")
	}
	topics := exec.CommandContext(t.Context(), "go", "run", "./infra/topics", "-kind", "nats", "-brokers", address)
	topics.Dir = filepath.Join("..", "..")
	topics.Env = append(os.Environ(), "NATS_TOKEN="+token, "NATS_CA_FILE="+authority)
	if out, err := topics.CombinedOutput(); err != nil {
		t.Fatalf("create streams: %v\n%s", err, out)
	}
	return hostBroker{
		kind: "nats", values: fmt.Sprintf("{kind: nats, addresses: [%q], secretName: nats}", address),
		secret: map[string]string{"token": token, "ca.crt": ca},
		observe: func(take func(system.Event)) {
			conn, err := nats.Connect("tls://"+address, nats.Token(token), nats.RootCAs(authority))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(conn.Close)
			js, err := jetstream.New(conn)
			if err != nil {
				t.Fatal(err)
			}
			for _, topic := range system.EveryTopic {
				consumer, err := js.OrderedConsumer(t.Context(), topic, jetstream.OrderedConsumerConfig{})
				if err == nil {
					_, err = consumer.Consume(func(m jetstream.Msg) { take(system.DecodeEvent(topic, m.Data())) })
				}
				if err != nil {
					t.Fatal(err)
				}
			}
		},
	}
}

// startRedis runs the machine's redis-server with TLS alone.
func startRedis(t *testing.T, host string) hostBroker {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "server.pem")
	ca := certify(t, host, file)
	port, address := takePort(t, host)
	password := rand.Text()
	settings := strings.Join([]string{
		"bind " + host, "port 0", fmt.Sprintf("tls-port %d", port), "tls-cert-file " + file, "tls-key-file " + file, "tls-ca-cert-file " + file,
		"tls-auth-clients no", "requirepass " + password, "dir " + dir, "appendonly yes", "appendfsync always", `save ""`,
		"maxmemory-policy noeviction", "loglevel warning", "",
	}, "\n")
	config := filepath.Join(dir, "redis.conf")
	if err := os.WriteFile(config, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	redis := exec.CommandContext(ctx, "redis-server", config)
	redis.Stdout, redis.Stderr = t.Output(), t.Output()
	if err := redis.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(); _ = redis.Wait() })
	return hostBroker{
		kind: "redis", values: fmt.Sprintf("{kind: redis, addresses: [%q], secretName: redis}", address),
		secret:  map[string]string{"username": "", "password": password, "ca.crt": ca},
		observe: func(take func(system.Event)) { observeRedis(t, address, ca, password, take) },
	}
}
