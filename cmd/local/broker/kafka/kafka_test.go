package kafka

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"taskmaster/cmd/local/broker"
	"taskmaster/cmd/local/broker/brokertest"
)

// All settings that an external Kafka lacks are reported at once.
func TestExternalKafka(t *testing.T) {
	t.Parallel()
	ca := filepath.Join(t.TempDir(), "ca.crt")
	if err := os.WriteFile(ca, []byte("an authority"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		newBroker func(broker.Config) *Broker
		env       map[string]string
		want      []string // parts of the error; none if there is no error
	}{
		"complete":                     {New, map[string]string{"KAFKA_USERNAME": "u", "KAFKA_PASSWORD": "p", "KAFKA_CA_FILE": ca}, nil},
		"a public authority":           {New, map[string]string{"KAFKA_USERNAME": "u", "KAFKA_PASSWORD": "p"}, nil},
		"no credentials":               {New, nil, []string{"KAFKA_USERNAME", "KAFKA_PASSWORD", "kafka-plaintext"}},
		"no such file":                 {New, map[string]string{"KAFKA_USERNAME": "u", "KAFKA_CA_FILE": ca + "x"}, []string{"KAFKA_PASSWORD", "KAFKA_CA_FILE"}},
		"plaintext":                    {NewPlaintext, nil, nil},
		"plaintext, but with password": {NewPlaintext, map[string]string{"KAFKA_PASSWORD": "p"}, []string{"KAFKA_PASSWORD", "-broker kafka"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := map[string]string{"KAFKA_BROKERS": "one:9092,two:9092"}
			for key, value := range test.env {
				env[key] = value
			}
			b := test.newBroker(brokertest.Config(t, env))
			if !b.External() {
				t.Error("a broker would be started beside the external one")
			}
			err := b.Prepare(t.Context())
			if (err != nil) != (len(test.want) > 0) {
				t.Fatalf("got error %v", err)
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not mention %s", err, want)
				}
			}
			if got := b.Secrets()["kafka"]["brokers"]; got != "one:9092,two:9092" {
				t.Errorf("the component's brokers are %q", got)
			}
		})
	}
}

// Only the owner can read the password and the certificate's key.
func TestKafkaHidesItsSecrets(t *testing.T) {
	t.Parallel()
	b := New(brokertest.Config(t, nil))
	dir := b.config.Dir
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := ensureCertificate(dir); err != nil {
		t.Fatal(err)
	}
	if err := b.writeFiles(); err != nil {
		t.Fatal(err)
	}
	program := b.Program()
	if all := strings.Join(append(program.Args, program.Env...), " "); strings.Contains(all, brokertest.Password) {
		t.Errorf("others can see the password in %s", all)
	}
	files, err := os.ReadDir(dir)
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
func TestCertificate(t *testing.T) {
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
			_ = conn.(*tls.Conn).Handshake() // the client reports an error
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

	// A certificate that is valid for long is kept: clients hold the authority.
	if err := ensureCertificate(dir); err != nil {
		t.Fatal(err)
	}
	if again, err := os.ReadFile(caFile(dir)); err != nil || string(again) != string(ca) {
		t.Errorf("the authority changed (%v)", err)
	}
	old, oldServer, err := newCertificate(time.Now().Add(-certificateLife * 2 / 3))
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
	if !certificateValid(dir, time.Now().Add(certificateLife*9/10)) {
		t.Error("a certificate that expires soon was not replaced")
	}
}

// Without Java, the error names the ways out, in one line.
func TestMissingJava(t *testing.T) {
	t.Parallel()
	err := New(brokertest.Config(t, map[string]string{"JAVA_HOME": t.TempDir()})).Prepare(t.Context())
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

// TestOtherVersion checks that KAFKA_VERSION selects what Maven fetches, and the folder of the programs.
func TestOtherVersion(t *testing.T) {
	t.Parallel()
	none := func(string) string { return "" }
	other := func(name string) string { return map[string]string{versionVariable: "3.9.1"}[name] }
	if got := version(none); got != pinnedVersion() || string(pom(got)) != string(pinnedPOM()) {
		t.Errorf("without the variable the version is %s, want the pinned %s", got, pinnedVersion())
	}
	if got := version(other); got != "3.9.1" || programsDir("root", got) != filepath.Join("root", ".local", "kafka-3.9.1") {
		t.Errorf("the version is %s in %s, want 3.9.1", got, programsDir("root", got))
	}
	if want := "<artifactId>kafka_2.13</artifactId>\n      <version>3.9.1</version>"; !strings.Contains(string(pom("3.9.1")), want) {
		t.Errorf("Maven would not fetch 3.9.1:\n%s", pom("3.9.1"))
	}
}
