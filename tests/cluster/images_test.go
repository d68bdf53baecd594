package cluster

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
)

// loadImages builds every service, makes an image of each, and brings them to the cluster. It returns how they are named.
func (c *cluster) loadImages(build string) map[string]string {
	c.t.Helper()
	arch := strings.TrimSpace(c.run("", "kubectl", "get", "nodes", "--output", "jsonpath={.items[0].status.nodeInfo.architecture}"))
	images := map[string]string{}
	dir := c.t.TempDir()
	for _, service := range services {
		program := filepath.Join(dir, service)
		c.run("", "env", "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch,
			"go", "build", "-trimpath", "-ldflags", "-s -w -buildid="+build, "-o", program, "./services/"+service)
		content, err := os.ReadFile(program)
		if err != nil {
			c.t.Fatal(err)
		}
		name, archive, err := image(service, arch, content)
		if err != nil {
			c.t.Fatal(err)
		}
		file := program + ".tar"
		if err := os.WriteFile(file, archive, 0o600); err != nil {
			c.t.Fatal(err)
		}
		c.run("", append(c.load, file)...)
		images[service] = name
	}
	return images
}

// image makes an OCI archive (https://github.com/opencontainers/image-spec, image-layout) of a static program, and nothing
// else. Its name has its digest.
func image(service, arch string, program []byte) (name string, archive []byte, err error) {
	layer, err := tarOf(map[string][]byte{service: program})
	if err != nil {
		return "", nil, err
	}
	files := map[string][]byte{"oci-layout": []byte(`{"imageLayoutVersion":"1.0.0"}`)}
	// descriptor adds a blob and returns what refers to it.
	descriptor := func(mediaType string, content []byte) map[string]any {
		sum := sha256.Sum256(content)
		digest := hex.EncodeToString(sum[:])
		files["blobs/sha256/"+digest] = content
		return map[string]any{"mediaType": mediaType, "digest": "sha256:" + digest, "size": len(content)}
	}
	encoded := func(v any) []byte {
		b, encodeErr := json.Marshal(v)
		if err == nil {
			err = encodeErr
		}
		return b
	}
	layers := descriptor("application/vnd.oci.image.layer.v1.tar", layer)
	config := descriptor("application/vnd.oci.image.config.v1+json", encoded(map[string]any{
		"architecture": arch, "os": "linux",
		"config": map[string]any{"Entrypoint": []string{"/" + service}, "User": "65532:65532"},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []any{layers["digest"]}},
	}))
	const manifestType = "application/vnd.oci.image.manifest.v1+json"
	manifest := descriptor(manifestType, encoded(map[string]any{
		"schemaVersion": 2, "mediaType": manifestType, "config": config, "layers": []any{layers},
	}))
	name = "taskmaster.test/" + service + "@" + manifest["digest"].(string)
	// What containerd calls the image.
	manifest["annotations"] = map[string]string{"io.containerd.image.name": name}
	files["index.json"] = encoded(map[string]any{"schemaVersion": 2, "manifests": []any{manifest}})
	if err != nil {
		return "", nil, err
	}
	archive, err = tarOf(files)
	return name, archive, err
}

func tarOf(files map[string][]byte) ([]byte, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for name, content := range files {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(content))}); err != nil {
			return nil, err
		}
		if _, err := w.Write(content); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return b.Bytes(), err
}
