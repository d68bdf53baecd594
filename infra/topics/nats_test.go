package main

import (
	"bytes"
	"crypto/tls"
	"encoding/pem"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// natsServer starts a server with TLS and a token. It returns its address and the environment of a
// client.
func natsServer(t *testing.T) (address string, env map[string]string) {
	t.Helper()
	https := httptest.NewTLSServer(nil) // it has a certificate for 127.0.0.1
	t.Cleanup(https.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: https.Certificate().Raw})
	if err := os.WriteFile(ca, authority, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: t.TempDir(), Authorization: "the token",
		TLSConfig: &tls.Config{Certificates: https.TLS.Certificates, MinVersion: tls.VersionTLS12}, NoSigs: true, NoLog: true,
		TLSTimeout: time.Minute.Seconds(), AuthTimeout: time.Minute.Seconds(), // the machine may be busy
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})
	if !s.ReadyForConnections(5 * time.Minute) {
		t.Fatal("the server does not start")
	}
	return s.Addr().String(), map[string]string{"NATS_TOKEN": "the token", "NATS_CA_FILE": ca}
}

// runTopics runs the program and returns its output and status.
func runTopics(t *testing.T, env map[string]string, args ...string) (out string, status int) {
	t.Helper()
	var b bytes.Buffer
	status = command(t.Context(), append(args, "-timeout", "1m"), func(name string) string { return env[name] }, &b, &b)
	return b.String(), status
}

// TestStreams creates the streams, creates them again and changes their retention.
func TestStreams(t *testing.T) {
	t.Parallel()
	address, env := natsServer(t)
	for _, step := range []struct {
		args []string
		want string
	}{
		{nil, "created with replication 1, retention 168h0m0s"},
		{nil, "is up to date with replication 1, retention 168h0m0s"},
		{[]string{"-retention", "336h"}, "is up to date with replication 1, retention 336h0m0s"},
		{nil, "is up to date with replication 1, retention 336h0m0s"}, // it never gets shorter
	} {
		out, status := runTopics(t, env, append([]string{"-kind", "nats", "-brokers", address}, step.args...)...)
		want := ""
		for _, topic := range topics {
			want += topic + ": " + step.want + "\n"
		}
		if out != want || status != 0 {
			t.Errorf("%v: status %d (-want +got):\n%s", step.args, status, cmp.Diff(want, out))
		}
	}

	conn, err := nats.Connect("tls://"+address, nats.Token("the token"), nats.RootCAs(env["NATS_CA_FILE"]), nats.Timeout(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	for _, topic := range topics {
		stream, err := js.Stream(t.Context(), topic)
		if err != nil {
			t.Fatal(err)
		}
		c := stream.CachedInfo().Config
		got := jetstream.StreamConfig{Subjects: c.Subjects, Storage: c.Storage, Retention: c.Retention, Duplicates: c.Duplicates, MaxBytes: c.MaxBytes}
		want := jetstream.StreamConfig{Subjects: []string{topic}, Duplicates: 100 * time.Millisecond, MaxBytes: -1}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("stream %s differs (-want +got):\n%s", topic, diff)
		}
	}
}

func TestStreamsAreRefused(t *testing.T) {
	t.Parallel()
	address, env := natsServer(t)
	for name, test := range map[string]struct {
		env  map[string]string
		args []string
		want string
	}{
		"another token":     {map[string]string{"NATS_TOKEN": "x", "NATS_CA_FILE": env["NATS_CA_FILE"]}, nil, "Authorization Violation"},
		"unknown authority": {map[string]string{"NATS_TOKEN": "the token"}, nil, "certificate"},
		"too many copies":   {env, []string{"-replication", "3"}, "create stream task-events: "},
	} {
		out, status := runTopics(t, test.env, append([]string{"-kind", "nats", "-brokers", address}, test.args...)...)
		if status != 1 || !strings.Contains(out, test.want) || strings.Contains(out, "the token") {
			t.Errorf("%s: status %d and %q, want %q", name, status, out, test.want)
		}
	}
}

func TestArgumentsOfOtherBrokers(t *testing.T) {
	t.Parallel()
	user := map[string]string{"RABBITMQ_USERNAME": "u", "RABBITMQ_PASSWORD": "p"}
	for _, test := range []struct {
		args string
		env  map[string]string
		want string
	}{
		{"-kind mqtt -brokers a:1", nil, `-kind: "mqtt" is not kafka, nats or rabbitmq`},
		{"-kind redis -brokers a:1", nil, "Redis needs no topics"},
		{"-brokers a:1 -tls", nil, "-tls: has no effect on kafka"},
		{"-kind nats -brokers a:1 -vhost x", nil, "-vhost: has no effect on nats"},
		{"-kind nats -brokers a:1", map[string]string{"NATS_CA_FILE": "/missing"}, "NATS_CA_FILE: open /missing"},
		{"-kind rabbitmq -brokers a:1 -partitions 3", user, "-partitions: has no effect on rabbitmq"},
		{"-kind rabbitmq -brokers a:1", nil, "RABBITMQ_USERNAME and RABBITMQ_PASSWORD are required"},
		{"-kind rabbitmq -brokers a:1", map[string]string{"RABBITMQ_USERNAME": "u"}, "set both RABBITMQ_USERNAME and RABBITMQ_PASSWORD"},
		{"-kind rabbitmq -brokers a:1,b:1", user, "one management plugin"},
	} {
		if out, status := runTopics(t, test.env, strings.Fields(test.args)...); status != 2 || !strings.Contains(out, test.want) {
			t.Errorf("%s: status %d and %q, want %q", test.args, status, out, test.want)
		}
	}
}

// TestFileOfAuthorities checks the way in which a sidecar in a cluster trusts the authority of a
// broker: the variable SSL_CERT_FILE. Go reads it once, so that another process connects.
func TestFileOfAuthorities(t *testing.T) {
	t.Parallel()
	if address := os.Getenv("ADDRESS_OF_NATS"); address != "" {
		if out, status := runTopics(t, map[string]string{"NATS_TOKEN": "the token"}, "-kind", "nats", "-brokers", address); status != 0 {
			t.Error(out)
		}
		return
	}
	address, env := natsServer(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for file, trusted := range map[string]bool{env["NATS_CA_FILE"]: true, filepath.Join(t.TempDir(), "missing"): false} {
		cmd := exec.CommandContext(t.Context(), self, "-test.run", "^TestFileOfAuthorities$")
		cmd.Env = append(os.Environ(), "ADDRESS_OF_NATS="+address, "SSL_CERT_FILE="+file)
		if out, err := cmd.CombinedOutput(); (err == nil) != trusted {
			t.Errorf("with the authority in the file %t: %v\n%s", trusted, err, out)
		}
	}
}
