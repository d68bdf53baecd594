//go:build cluster

package cluster

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"taskmaster/internal/portblock"
	"taskmaster/tests/system"
)

// kafkaUser is the user name of the sidecars.
const kafkaUser = "taskmaster"

// kafkaProperties configure one broker in KRaft mode, with TLS and SCRAM for clients. The arguments
// are the listen address, the broker's port, the controller's port and the folder.
const kafkaProperties = `
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:%[3]d
listeners=SASL_SSL://%[1]s,PLAINTEXT://127.0.0.1:%[2]d,CONTROLLER://127.0.0.1:%[3]d
advertised.listeners=SASL_SSL://%[1]s,PLAINTEXT://127.0.0.1:%[2]d
listener.security.protocol.map=SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
ssl.keystore.type=PEM
ssl.keystore.location=%[4]s/server.pem
log.dirs=%[4]s/data
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
`

// startKafka runs Kafka until the test ends and creates the topics with the command-line tool.
func startKafka(t *testing.T, host string, o *outside) {
	t.Helper()
	root, err := system.Root()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	ports, release, err := portblock.Take(t.Context(), host, "127.0.0.1", "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	o.broker = net.JoinHostPort(host, strconv.Itoa(ports[0]))
	o.brokerValues = fmt.Sprintf("{addresses: [%q], secretName: kafka}", o.broker)
	o.authority = certify(t, host, filepath.Join(dir, "server.pem"))
	for name, content := range map[string]string{
		"server.properties": fmt.Sprintf(kafkaProperties, o.broker, ports[1], ports[2], dir),
		"ca.crt":            o.authority,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	programs := kafkaPrograms(t, root)
	// Arguments are passed in files that only their owner can read.
	java := func(ctx context.Context, args ...string) *exec.Cmd {
		log := filepath.Join(root, "cmd", "local", "broker", "kafka", "log4j2.properties")
		var file bytes.Buffer
		for _, arg := range append([]string{"-cp", filepath.Join(programs, "*"), "-Dlog4j2.configurationFile=" + log, "-Xmx512m", "-XX:+UseSerialGC"}, args...) {
			fmt.Fprintf(&file, "%q\n", arg)
		}
		name := filepath.Join(dir, args[0]+".args")
		if err := os.WriteFile(name, file.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(ctx, "java", "@"+name)
		cmd.Dir, cmd.WaitDelay = dir, 10*time.Second
		cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
		return cmd
	}
	format := java(t.Context(), "kafka.tools.StorageTool", "format", "--config", "server.properties", "--cluster-id", "taskmaster",
		"--add-scram", fmt.Sprintf("SCRAM-SHA-512=[name=%s,password=%s]", kafkaUser, o.password))
	if out, err := format.CombinedOutput(); err != nil {
		t.Fatalf("format Kafka's folder: %v\n%s", err, out)
	}
	// Kafka outlives the test's context, so that pods can be uninstalled in order.
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	server := java(ctx, "kafka.Kafka", "server.properties")
	server.Stdout, server.Stderr = t.Output(), t.Output()
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	o.kafka = server.Process
	t.Cleanup(func() { cancel(); _ = server.Wait() })
	createTopics(t, root, o, filepath.Join(dir, "ca.crt"))
}

func createTopics(t *testing.T, root string, o *outside, authority string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), clusterTimeout)
	defer cancel()
	err := system.Poll(ctx, func() error {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", o.broker)
		if err != nil {
			return err
		}
		return conn.Close()
	})
	if err != nil {
		t.Fatalf("Kafka did not start: %v", err)
	}
	topics := exec.CommandContext(ctx, "go", "run", "./infra/topics", "-brokers", o.broker, "-timeout", "2m")
	topics.Dir = root
	topics.Env = append(os.Environ(), "KAFKA_USERNAME="+kafkaUser, "KAFKA_PASSWORD="+o.password, "KAFKA_CA_FILE="+authority)
	if out, err := topics.CombinedOutput(); err != nil {
		t.Fatalf("create topics: %v\n%s", err, out)
	}
}

// kafkaPrograms returns the folder of Kafka's programs. It uses the copy of cmd/local, or fetches
// them with Maven.
func kafkaPrograms(t *testing.T, root string) string {
	t.Helper()
	if found, err := filepath.Glob(filepath.Join(root, ".local", "kafka-*", "libs")); err == nil && len(found) > 0 {
		return found[len(found)-1]
	}
	dir := t.TempDir()
	pom, err := os.ReadFile(filepath.Join(root, "cmd", "local", "broker", "kafka", "pom.xml"))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "pom.xml"), pom, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	maven := exec.CommandContext(t.Context(), "mvn", "--batch-mode", "--no-transfer-progress", "--quiet", "dependency:copy-dependencies")
	maven.Dir = dir
	if out, err := maven.CombinedOutput(); err != nil {
		t.Fatalf("fetch Apache Kafka: %v\n%s", err, out)
	}
	return filepath.Join(dir, "libs")
}

// certify writes a key and a self-signed certificate for an address. It returns the certificate as
// the authority.
func certify(t *testing.T, host, file string) (authority string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: host},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.ParseIP(host)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	both := bytes.Join([][]byte{pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), certificate}, nil)
	if err := os.WriteFile(file, both, 0o600); err != nil {
		t.Fatal(err)
	}
	return string(certificate)
}
