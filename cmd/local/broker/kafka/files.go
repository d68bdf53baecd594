package kafka

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"text/template"
	"time"
)

//go:embed server.properties log4j2.properties pom.xml
var files embed.FS

// writeFiles writes Kafka's configuration. Arguments of the java command are in files that only the
// owner can read, because they contain the password.
func (b *Broker) writeFiles() error {
	properties, err := b.serverProperties()
	if err != nil {
		return fmt.Errorf("write Kafka's configuration: %w", err)
	}
	log, err := files.ReadFile("log4j2.properties")
	if err != nil {
		return fmt.Errorf("write Kafka's configuration: %w", err)
	}
	for name, content := range map[string][]byte{
		"server.properties": properties,
		"client.properties": b.clientProperties(),
		"log4j2.properties": log,
		// Out of memory Kafka exits and is started again. Otherwise it would go on half working.
		"run.args": b.javaArguments("-Xms64m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError",
			"kafka.Kafka", "server.properties"),
		"format.args": b.javaArguments("-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
			"kafka.tools.StorageTool", "format", "--config", "server.properties", "--cluster-id", "taskmaster", "--ignore-formatted",
			"--add-scram", fmt.Sprintf("SCRAM-SHA-512=[name=%s,password=%s]", user, b.config.Password)),
	} {
		if err := os.WriteFile(filepath.Join(b.config.Dir, name), content, 0o600); err != nil {
			return fmt.Errorf("write Kafka's configuration: %w", err)
		}
	}
	return nil
}

// serverProperties returns the server's settings, then the options. The last value of a name counts.
func (b *Broker) serverProperties() ([]byte, error) {
	server, err := template.ParseFS(files, "server.properties")
	if err != nil {
		return nil, err
	}
	var properties bytes.Buffer
	err = server.Execute(&properties, map[string]any{
		"Secure": b.config.Ports[0], "Advertised": b.config.Address, "Plaintext": b.config.Ports[1], "Controller": b.config.Ports[2],
		"Certificate": filepath.ToSlash(certificateFile(b.config.Dir)),
		"Data":        filepath.ToSlash(filepath.Join(b.config.Dir, "data")),
	})
	if err != nil {
		return nil, err
	}
	for _, option := range b.config.Options {
		properties.WriteString(option + "\n")
	}
	return properties.Bytes(), nil
}

// clientProperties returns the settings of Kafka's own clients, such as the console consumer.
func (b *Broker) clientProperties() []byte {
	access := b.access()
	var file bytes.Buffer
	fmt.Fprintf(&file, "# For Kafka's own programs. Every start writes this file again.\nbootstrap.servers=%s\n", access.brokers)
	if access.username == "" {
		return file.Bytes()
	}
	fmt.Fprintf(&file, "security.protocol=SASL_SSL\nsasl.mechanism=SCRAM-SHA-512\n"+
		"sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username=%q password=%q;\n"+
		"ssl.truststore.type=PEM\nssl.truststore.location=%s\n", access.username, access.password, filepath.ToSlash(access.caFile))
	return file.Bytes()
}

// javaArguments returns an argument file of the java command.
func (b *Broker) javaArguments(arguments ...string) []byte {
	libs := filepath.ToSlash(filepath.Join(programsDir(b.config.Root, version(b.config.Getenv)), "libs", "*"))
	log := filepath.ToSlash(filepath.Join(b.config.Dir, "log4j2.properties"))
	var file bytes.Buffer
	for _, argument := range slices.Concat([]string{"-cp", libs, "-Dlog4j2.configurationFile=" + log}, arguments) {
		fmt.Fprintf(&file, "%q\n", argument)
	}
	return file.Bytes()
}

// formatTimeout ends a format that hangs. A format takes seconds.
const formatTimeout = time.Minute

// format creates the data folder with the user in it, unless the folder exists.
func (b *Broker) format(ctx context.Context, java string) error {
	if _, err := os.Stat(filepath.Join(b.config.Dir, "data", "meta.properties")); err == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, formatTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, java, "@"+filepath.Join(b.config.Dir, "format.args"))
	cmd.Dir, cmd.Env, cmd.WaitDelay = b.config.Dir, b.config.Env, time.Second
	if out, err := cmd.CombinedOutput(); err != nil {
		// Earlier lines may contain the password's stored form. The last line contains the error.
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		return fmt.Errorf("format the broker's folder: %w: %s", err, lines[len(lines)-1])
	}
	return nil
}
