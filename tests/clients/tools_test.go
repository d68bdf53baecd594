//go:build clients

// Package clients generates clients from the OpenAPI documents that api serves, and compiles them.
// package.json, requirements.txt, pom.xml and golang/go.mod pin the generators. They are installed
// once into .local/clients. A missing program fails the tests.
package clients

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"taskmaster/internal/apiv1/openapi"
)

// document writes a form of the OpenAPI document and returns its path.
func document(t *testing.T, version string) string {
	t.Helper()
	content := openapi.Document
	if version == "3.0" {
		var err error
		if content, err = openapi.Document30(); err != nil {
			t.Fatal(err)
		}
	}
	name := filepath.Join(t.TempDir(), "openapi-"+version+".json")
	write(t, name, content)
	return name
}

// generate runs openapi-generator. It reads the document in OpenAPI 3.0, because its support of 3.1
// is not complete.
func generate(t *testing.T, generator, out string, args ...string) {
	t.Helper()
	run(t, ".", "java", append([]string{"-Xmx512m", "-jar", installJava(t), "generate",
		"--generator-name=" + generator, "--input-spec=" + document(t, "3.0"), "--output=" + out}, args...)...)
}

func compileTypescript(t *testing.T, node, dir, program string) {
	t.Helper()
	run(t, dir, filepath.Join(node, "tsc"), "--noEmit", "--strict", "--skipLibCheck", "false", "--target", "es2022", "--module", "esnext",
		"--moduleResolution", "bundler", "--lib", "es2022,dom,dom.iterable", program)
}

// importAll imports all modules of a Python package. A warning fails.
func importAll(t *testing.T, dir, name string) {
	t.Helper()
	run(t, ".", filepath.Join(installPython(t), "python"), "import_all.py", dir, name)
}

// installs lets one test at a time install generators.
var installs sync.Mutex

// install returns the folder of a generator. It calls do to install it there, unless that has
// happened already with the same content of the files that pin it.
func install(t *testing.T, name string, pins []string, do func(dir string)) string {
	t.Helper()
	installs.Lock()
	defer installs.Unlock()
	sum := sha256.New()
	for _, pin := range pins {
		_, _ = sum.Write(read(t, pin)) // never fails
	}
	root, err := filepath.Abs("../../.local/clients")
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(root, fmt.Sprintf("%s-%x", name, sum.Sum(nil)[:6]))
	complete := filepath.Join(dir, "complete")
	if _, err := os.Stat(complete); err == nil {
		return dir
	}
	if err := os.RemoveAll(dir); err != nil { // of an install that was interrupted
		t.Fatal(err)
	}
	mkdir(t, dir)
	for _, pin := range pins {
		write(t, filepath.Join(dir, pin), read(t, pin))
	}
	do(dir)
	write(t, complete, nil)
	return dir
}

// installNode returns the folder of the programs of package.json.
func installNode(t *testing.T) string {
	t.Helper()
	dir := install(t, "node", []string{"package.json", "package-lock.json"}, func(dir string) {
		run(t, dir, "npm", "ci", "--no-audit", "--no-fund")
	})
	return filepath.Join(dir, "node_modules", ".bin")
}

// installPython returns the folder of the programs of requirements.txt.
func installPython(t *testing.T) string {
	t.Helper()
	dir := install(t, "python", []string{"requirements.txt"}, func(dir string) {
		run(t, dir, "python3", "-m", "venv", "venv")
		run(t, dir, filepath.Join(dir, "venv", "bin", "pip"), "install", "--quiet", "--disable-pip-version-check", "--requirement=requirements.txt")
	})
	return filepath.Join(dir, "venv", "bin")
}

// installJava returns the path of openapi-generator.
func installJava(t *testing.T) string {
	t.Helper()
	dir := install(t, "java", []string{"pom.xml"}, func(dir string) {
		run(t, dir, "mvn", "--batch-mode", "--no-transfer-progress", "--quiet", "--strict-checksums", "dependency:copy-dependencies")
	})
	return filepath.Join(dir, "openapi-generator-cli.jar")
}

// run runs a command in a folder. The test fails with its output if the command fails.
func run(t *testing.T, dir, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	// openapi-python-client starts ruff, which is beside it.
	cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(cmd.Path)+string(os.PathListSeparator)+os.Getenv("PATH"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", filepath.Base(name), strings.Join(args, " "), err, out)
	}
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func write(t *testing.T, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func mkdir(t *testing.T, name string) {
	t.Helper()
	if err := os.MkdirAll(name, 0o750); err != nil {
		t.Fatal(err)
	}
}
