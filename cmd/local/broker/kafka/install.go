package kafka

import (
	"bytes"
	"cmp"
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

	"taskmaster/cmd/local/console"
	"taskmaster/internal/lock"
)

// minJava is the oldest version of Java that runs Kafka's server.
const minJava = 17

// errUnavailable explains the ways to a Kafka on a machine that cannot start one.
func errUnavailable(lack string) error {
	return fmt.Errorf("%s; Apache Kafka needs Java %d or newer, and Maven the first time: install both (Debian: apt-get install "+
		"default-jre-headless maven), or name a Kafka that runs in KAFKA_BROKERS=host:port with KAFKA_USERNAME, KAFKA_PASSWORD and KAFKA_CA_FILE, "+
		"or start one in a container: docker run -d -p 9092:9092 apache/kafka:%s, then KAFKA_BROKERS=localhost:9092 and -broker kafka-plaintext",
		lack, minJava, pinnedVersion())
}

// versionVariable names the environment variable that selects another version of Kafka, for tests.
const versionVariable = "KAFKA_VERSION"

// version returns the selected version of Kafka.
func version(getenv func(string) string) string {
	return cmp.Or(getenv(versionVariable), pinnedVersion())
}

// pinnedVersion returns the version of Kafka in pom.xml.
func pinnedVersion() string {
	var project struct {
		Dependencies []struct {
			ArtifactID string `xml:"artifactId"`
			Version    string `xml:"version"`
		} `xml:"dependencies>dependency"`
	}
	if err := xml.Unmarshal(pinnedPOM(), &project); err != nil || len(project.Dependencies) == 0 {
		panic(fmt.Sprintf("kafka/pom.xml: %v", err)) // the file is embedded
	}
	return project.Dependencies[0].Version
}

// pom returns the project that Maven reads, with a version of Kafka.
func pom(version string) []byte {
	tag := func(v string) []byte { return []byte("<version>" + v + "</version>") }
	return bytes.Replace(pinnedPOM(), tag(pinnedVersion()), tag(version), 1)
}

func pinnedPOM() []byte {
	b, err := files.ReadFile("pom.xml")
	if err != nil {
		panic(err) // the file is embedded
	}
	return b
}

// programsDir returns the folder of the programs of a version of Kafka. All installations of a
// repository share it.
func programsDir(root, version string) string { return filepath.Join(root, ".local", "kafka-"+version) }

func javaProgram(getenv func(string) string) string {
	if home := getenv("JAVA_HOME"); home != "" {
		return filepath.Join(home, "bin", "java")
	}
	return "java"
}

// javaTimeout ends a java command that does not print its version.
const javaTimeout = 10 * time.Second

var javaVersion = regexp.MustCompile(`version "(\d+)`)

// findJava returns the path of the java command. It fails if Java is too old.
func findJava(ctx context.Context, getenv func(string) string) (string, error) {
	java, err := exec.LookPath(javaProgram(getenv))
	if err != nil {
		return "", errUnavailable("there is no Java (" + err.Error() + ")")
	}
	ctx, cancel := context.WithTimeout(ctx, javaTimeout)
	defer cancel()
	out, err := exec.CommandContext(ctx, java, "-version").CombinedOutput()
	if err != nil {
		return "", errUnavailable(fmt.Sprintf("Java does not run (%s -version: %v)", java, err))
	}
	version := javaVersion.FindSubmatch(out)
	if version == nil {
		return java, nil // an unusual Java; Kafka itself will refuse one that is too old
	}
	if major, err := strconv.Atoi(string(version[1])); err == nil && major < minJava {
		return "", errUnavailable(fmt.Sprintf("%s is Java %d", java, major))
	}
	return java, nil
}

// fetchTimeout ends a download that hangs. It is long enough for a slow connection.
const fetchTimeout = 10 * time.Minute

// Fetch fetches Kafka's programs with Maven, unless they are there. Several processes may call it at
// the same time. The folder is either complete or missing.
func Fetch(ctx context.Context, root string, getenv func(string) string, log *console.Lines) error {
	version := version(getenv)
	dir, project := programsDir(root, version), pom(version)
	unlock, err := lock.Wait(dir + ".lock")
	if err != nil {
		return err
	}
	defer unlock()
	if have, err := os.ReadFile(filepath.Join(dir, "pom.xml")); err == nil && bytes.Equal(have, project) {
		return nil
	}
	mvn, err := exec.LookPath("mvn")
	if err != nil {
		return errUnavailable("there is no Maven (" + err.Error() + ")")
	}

	log.Printf("fetching Apache Kafka %s with Maven; this is done once", version)
	tmp, err := os.MkdirTemp(filepath.Dir(dir), ".kafka-*")
	if err != nil {
		return fmt.Errorf("fetch Apache Kafka: %w", err)
	}
	defer os.RemoveAll(tmp) // exists only after a failure
	if err := os.WriteFile(filepath.Join(tmp, "pom.xml"), project, 0o600); err != nil {
		return fmt.Errorf("fetch Apache Kafka: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
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
