package main

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"
)

// minJava is what Kafka's server needs.
const minJava = 17

// errNoKafka names the ways to a Kafka on a machine that cannot start one.
func errNoKafka(lack string) error {
	return fmt.Errorf("%s; Apache Kafka needs Java %d or newer, and Maven the first time: install both (Debian: apt-get install "+
		"default-jre-headless maven), or name a Kafka that runs in KAFKA_BROKERS=host:port with KAFKA_USERNAME, KAFKA_PASSWORD and KAFKA_CA_FILE, "+
		"or start one in a container: docker run -d -p 9092:9092 apache/kafka:%s, then KAFKA_BROKERS=localhost:9092 and -broker kafka-plaintext",
		lack, minJava, kafkaVersion())
}

// kafkaVersion is the version in the pom.
func kafkaVersion() string {
	var project struct {
		Dependencies []struct {
			ArtifactID string `xml:"artifactId"`
			Version    string `xml:"version"`
		} `xml:"dependencies>dependency"`
	}
	if err := xml.Unmarshal(kafkaPOM(), &project); err != nil || len(project.Dependencies) == 0 {
		panic(fmt.Sprintf("kafka/pom.xml: %v", err)) // it is part of this program
	}
	return project.Dependencies[0].Version
}

func kafkaPOM() []byte {
	b, err := kafkaFiles.ReadFile("kafka/pom.xml")
	if err != nil {
		panic(err) // it is part of this program
	}
	return b
}

// kafkaDir is where Kafka's programs are kept, shared by all that run it.
func kafkaDir(root string) string { return filepath.Join(root, ".local", "kafka-"+kafkaVersion()) }

func javaProgram(getenv func(string) string) string {
	if home := getenv("JAVA_HOME"); home != "" {
		return filepath.Join(home, "bin", "java")
	}
	return "java"
}

var javaVersion = regexp.MustCompile(`version "(\d+)`)

// findJava returns the java command if it is recent enough.
func findJava(ctx context.Context, getenv func(string) string) (string, error) {
	java, err := exec.LookPath(javaProgram(getenv))
	if err != nil {
		return "", errNoKafka("there is no Java (" + err.Error() + ")")
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, java, "-version").CombinedOutput()
	if err != nil {
		return "", errNoKafka(fmt.Sprintf("Java does not run (%s -version: %v)", java, err))
	}
	version := javaVersion.FindSubmatch(out)
	if version == nil {
		return java, nil // an unusual one; Kafka will say what it thinks of it
	}
	if major, err := strconv.Atoi(string(version[1])); err == nil && major < minJava {
		return "", errNoKafka(fmt.Sprintf("%s is Java %d", java, major))
	}
	return java, nil
}

const installTimeout = 10 * time.Minute

// fetch fetches Kafka's programs, unless they are there. Several may at a time. The folder is complete or not there at all.
func (kafkaBroker) fetch(ctx context.Context, root string, log *lines) error {
	dir := kafkaDir(root)
	unlock, err := waitLock(dir + ".lock")
	if err != nil {
		return err
	}
	defer unlock()
	if have, err := os.ReadFile(filepath.Join(dir, "pom.xml")); err == nil && bytes.Equal(have, kafkaPOM()) {
		return nil
	}
	mvn, err := exec.LookPath("mvn")
	if err != nil {
		return errNoKafka("there is no Maven (" + err.Error() + ")")
	}

	log.Printf("fetching Apache Kafka %s with Maven; this is done once", kafkaVersion())
	tmp, err := os.MkdirTemp(filepath.Dir(dir), ".kafka-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp) // there only after a failure
	if err := os.WriteFile(filepath.Join(tmp, "pom.xml"), kafkaPOM(), 0o600); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, installTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, mvn, "--batch-mode", "--no-transfer-progress", "--quiet", "--strict-checksums", "dependency:copy-dependencies")
	cmd.Dir, cmd.WaitDelay = tmp, 5*time.Second
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	if out, err := cmd.CombinedOutput(); err != nil {
		first, _, _ := bytes.Cut(bytes.TrimSpace(out), []byte("\n"))
		return fmt.Errorf("fetch Apache Kafka with Maven: %w: %s", err, first)
	}
	return errors.Join(os.RemoveAll(dir), os.Rename(tmp, dir))
}
