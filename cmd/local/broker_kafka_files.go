package main

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/template"
	"time"
)

//go:embed kafka
var kafkaFiles embed.FS

// writeKafkaFiles writes Kafka's configuration. Arguments are in files, where only their owner can read them.
func (p plan) writeKafkaFiles() error {
	server, err := template.ParseFS(kafkaFiles, "kafka/server.properties")
	if err != nil {
		return err
	}
	var properties bytes.Buffer
	err = server.Execute(&properties, map[string]any{
		"Secure": p.layout.broker, "Advertised": p.brokerAddress(), "Plaintext": p.layout.brokerOther[0], "Controller": p.layout.brokerOther[1],
		"Certificate": filepath.ToSlash(certificateFile(p.brokerDir())),
		"Data":        filepath.ToSlash(filepath.Join(p.brokerDir(), "data")),
	})
	if err != nil {
		return err
	}
	log, err := kafkaFiles.ReadFile("kafka/log4j2.properties")
	if err != nil {
		return err
	}
	files := map[string][]byte{
		"server.properties": append(properties.Bytes(), p.cfg.tuning.broker.properties()...), // the last of a name counts
		"log4j2.properties": log,
		// Out of memory it ends, and is started again, rather than limp on.
		"run.args": p.javaArguments("-Xms64m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError",
			"kafka.Kafka", "server.properties"),
		"format.args": p.javaArguments("-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
			"kafka.tools.StorageTool", "format", "--config", "server.properties", "--cluster-id", "taskmaster", "--ignore-formatted",
			"--add-scram", fmt.Sprintf("SCRAM-SHA-512=[name=%s,password=%s]", kafkaUser, p.secrets.BrokerPassword)),
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(p.brokerDir(), name), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// javaArguments is an argument file of the java command.
func (p plan) javaArguments(arguments ...string) []byte {
	libs := filepath.ToSlash(filepath.Join(kafkaDir(p.cfg.root), "libs", "*"))
	log := filepath.ToSlash(filepath.Join(p.brokerDir(), "log4j2.properties"))
	var b bytes.Buffer
	for _, a := range append([]string{"-cp", libs, "-Dlog4j2.configurationFile=" + log}, arguments...) {
		fmt.Fprintf(&b, "%q\n", a)
	}
	return b.Bytes()
}

const formatTimeout = time.Minute

// formatKafka makes the folder of the data, unless there is one, with the user in it.
func (p plan) formatKafka(ctx context.Context, java string) error {
	if _, err := os.Stat(filepath.Join(p.brokerDir(), "data", "meta.properties")); err == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, formatTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, java, "@"+filepath.Join(p.brokerDir(), "format.args"))
	cmd.Dir, cmd.Env, cmd.WaitDelay = p.brokerDir(), p.systemEnv(), time.Second
	if out, err := cmd.CombinedOutput(); err != nil {
		// It may have printed what the password is stored as; what went wrong is in the last line.
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		return fmt.Errorf("format the broker's folder: %w: %s", err, lines[len(lines)-1])
	}
	return nil
}
