//go:build clients

package clients

import (
	"os"
	"path/filepath"
	"testing"
)

// TestOpenAPITypescript generates the types of TypeScript, and compiles a program that uses them.
func TestOpenAPITypescript(t *testing.T) {
	t.Parallel()
	node := installNode(t)
	for _, version := range []string{"3.1", "3.0"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			run(t, dir, filepath.Join(node, "openapi-typescript"), document(t, version), "--output", "api.d.ts")
			write(t, filepath.Join(dir, "program.ts"), []byte(`import type { components, paths } from "./api";
type Task = components["schemas"]["Task"];
type Input = paths["/api/v1/tasks"]["post"]["requestBody"]["content"]["application/json"];
export const input: Input = { title: "Pay rent", priority: "high", due_at: null };
export const line = (t: Task): string => t.title + (t.recurrence?.anchor === "due" ? t.recurrence.rrule : "");
`))
			compileTypescript(t, node, dir, "program.ts")
		})
	}
}

// TestOpenAPIGeneratorTypescript generates a client for fetch and compiles it.
func TestOpenAPIGeneratorTypescript(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	generate(t, "typescript-fetch", dir)
	compileTypescript(t, installNode(t), dir, "index.ts")
}

// TestOpenAPIGeneratorPython generates a client and imports all its modules.
func TestOpenAPIGeneratorPython(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	generate(t, "python", dir, "--package-name=taskmaster_client")
	importAll(t, dir, "taskmaster_client")
}

// TestOpenAPIPythonClient generates a client and imports all its modules. A warning fails, because the
// generator then leaves a part out.
func TestOpenAPIPythonClient(t *testing.T) {
	t.Parallel()
	python := installPython(t)
	for _, version := range []string{"3.1", "3.0"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			run(t, ".", filepath.Join(python, "openapi-python-client"), "generate", "--config=openapi-python-client.yaml", "--fail-on-warning", "--meta=none",
				"--path="+document(t, version), "--output-path="+filepath.Join(dir, "taskmaster_client"))
			importAll(t, dir, "taskmaster_client")
		})
	}
}

// TestGo generates the clients of three generators and compiles them in the module of golang/.
func TestGo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"go.mod", "go.sum"} {
		write(t, filepath.Join(dir, name), read(t, filepath.Join("golang", name)))
	}
	t.Run("oapi-codegen", func(t *testing.T) {
		mkdir(t, filepath.Join(dir, "oapi"))
		run(t, dir, "go", "tool", "oapi-codegen", "-generate=types,client", "-package=oapi", "-o=oapi/client.go", document(t, "3.0"))
		run(t, dir, "go", "build", "./oapi")
	})
	t.Run("ogen", func(t *testing.T) {
		mkdir(t, filepath.Join(dir, "ogen"))
		run(t, dir, "go", "tool", "ogen", "-package=ogen", "-target=ogen", document(t, "3.0"))
		run(t, dir, "go", "build", "./ogen")
	})
	t.Run("openapi-generator", func(t *testing.T) {
		out := filepath.Join(dir, "openapi")
		generate(t, "go", out, "--additional-properties=withGoMod=false")
		if err := os.RemoveAll(filepath.Join(out, "test")); err != nil { // examples of tests, for another module
			t.Fatal(err)
		}
		run(t, dir, "go", "build", "./openapi")
	})
}
