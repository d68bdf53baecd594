package main

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func brokerPlan(t *testing.T, broker string, env map[string]string) plan {
	t.Helper()
	getenv := func(name string) string { return env[name] }
	cfg, err := loadConfig([]string{"-broker", broker, "-dir", t.TempDir()}, getenv, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	layout, err := fixedLayout(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return plan{cfg: cfg, layout: layout, secrets: secrets{BrokerPassword: "the password"}}
}

// Everything that is missing to reach the user's own Kafka is said at once.
func TestKafkaOfTheUser(t *testing.T) {
	t.Parallel()
	ca := filepath.Join(t.TempDir(), "ca.crt")
	if err := os.WriteFile(ca, []byte("an authority"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		broker string
		env    map[string]string
		want   []string // that the error contains; none: there is no error
	}{
		"whole":           {"kafka", map[string]string{"KAFKA_USERNAME": "u", "KAFKA_PASSWORD": "p", "KAFKA_CA_FILE": ca}, nil},
		"a known CA":      {"kafka", map[string]string{"KAFKA_USERNAME": "u", "KAFKA_PASSWORD": "p"}, nil},
		"nothing":         {"kafka", nil, []string{"KAFKA_USERNAME", "KAFKA_PASSWORD", "kafka-plaintext"}},
		"no such file":    {"kafka", map[string]string{"KAFKA_USERNAME": "u", "KAFKA_CA_FILE": ca + "x"}, []string{"KAFKA_PASSWORD", "KAFKA_CA_FILE"}},
		"without":         {"kafka-plaintext", nil, nil},
		"with a password": {"kafka-plaintext", map[string]string{"KAFKA_PASSWORD": "p"}, []string{"KAFKA_PASSWORD", "-broker kafka"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := map[string]string{"KAFKA_BROKERS": "one:9092,two:9092"}
			for key, value := range test.env {
				env[key] = value
			}
			p := brokerPlan(t, test.broker, env)
			if !p.cfg.broker.external(p.cfg.getenv) {
				t.Error("a broker would be started beside the user's")
			}
			err := p.cfg.broker.prepare(t.Context(), p, nil)
			if (err != nil) != (len(test.want) > 0) {
				t.Fatalf("got error %v", err)
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not mention %s", err, want)
				}
			}
			if got := p.cfg.broker.secrets(p)["kafka"]["brokers"]; got != "one:9092,two:9092" {
				t.Errorf("sidecars are told of the brokers %q", got)
			}
		})
	}
}

// The broker is started with what is in files that only their owner can read.
func TestKafkaKeepsItsSecrets(t *testing.T) {
	t.Parallel()
	p := brokerPlan(t, "kafka", nil)
	if err := os.MkdirAll(p.brokerDir(), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := ensureCertificate(p.brokerDir()); err != nil {
		t.Fatal(err)
	}
	if err := p.writeKafkaFiles(); err != nil {
		t.Fatal(err)
	}
	s := p.cfg.broker.spec(p)
	if all := strings.Join(append(s.args, s.env...), " "); strings.Contains(all, p.secrets.BrokerPassword) {
		t.Errorf("others can see the password in %s", all)
	}
	files, err := os.ReadDir(p.brokerDir())
	if err != nil || len(files) < 5 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		info, err := file.Info()
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != 0o600 {
			t.Errorf("%s has mode %o", file.Name(), got)
		}
	}
}

// A client that trusts the authority accepts the broker, now and until the certificate is replaced.
func TestKafkaCertificate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := ensureCertificate(dir); err != nil {
		t.Fatal(err)
	}
	ca, err := os.ReadFile(caFile(dir))
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.LoadX509KeyPair(certificateFile(dir), certificateFile(dir))
	if err != nil {
		t.Fatal(err)
	}
	server, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	go func() {
		if conn, err := server.Accept(); err == nil {
			_ = conn.(*tls.Conn).Handshake() // the client tells
			conn.Close()
		}
	}()
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(ca)
	conn, err := tls.Dial("tcp", server.Addr().String(), &tls.Config{RootCAs: trusted})
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()

	// It stays as long as it holds long enough, since clients hold the authority.
	if err := ensureCertificate(dir); err != nil {
		t.Fatal(err)
	}
	if again, err := os.ReadFile(caFile(dir)); err != nil || string(again) != string(ca) {
		t.Errorf("the authority changed (%v)", err)
	}
	old, oldServer, err := makeCertificate(time.Now().Add(-certificateLife * 2 / 3))
	if err != nil {
		t.Fatal(err)
	}
	for file, content := range map[string][]byte{caFile(dir): old, certificateFile(dir): oldServer} {
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := ensureCertificate(dir); err != nil {
		t.Fatal(err)
	}
	if !certificateHolds(dir, time.Now().Add(certificateLife*9/10)) {
		t.Error("one that ends soon was not replaced")
	}
}

func TestNoJava(t *testing.T) {
	t.Parallel()
	p := brokerPlan(t, "kafka", map[string]string{"JAVA_HOME": t.TempDir()})
	err := p.cfg.broker.prepare(t.Context(), p, nil)
	if err == nil {
		t.Fatal("there is a broker without Java")
	}
	for _, way := range []string{"Java 17", "install", "KAFKA_BROKERS", "docker run"} {
		if !strings.Contains(err.Error(), way) {
			t.Errorf("error %q does not mention %s", err, way)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("error %q is more than one line", err)
	}
}
