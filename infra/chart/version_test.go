//go:build !race

package chart

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"os"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chart/loader"
)

// version and content identify the chart's templates, rules, values and schema. Changed content needs a
// new version, so that the version in a cluster identifies its objects. After a change, raise the
// version in Chart.yaml and copy the values that the test prints.
const (
	version = "0.7.0"
	content = "809a45fe497e429ae6f6c8bc27a0847e4b2489e931cc71479b0b1ed0b6ec12e3"
)

func TestAnotherChartHasAnotherVersion(t *testing.T) {
	t.Parallel()
	loaded, err := loader.Load(".")
	if err != nil {
		t.Fatal(err)
	}
	hash := sha256.New()
	err = fs.WalkDir(os.DirFS("."), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasPrefix(name, "templates/") && !strings.HasPrefix(name, "monitoring/") && name != "values.yaml" && name != "values.schema.json" {
			return err
		}
		file, err := os.ReadFile(name)
		hash.Write([]byte(name))
		hash.Write(file)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	switch got := hex.EncodeToString(hash.Sum(nil)); {
	case got != content && loaded.Metadata.Version == version:
		t.Errorf("the chart has changed but still has version %s: raise it in Chart.yaml and here", version)
	case got != content || loaded.Metadata.Version != version:
		t.Errorf("set version = %q and content = %q here", loaded.Metadata.Version, got)
	}
}
