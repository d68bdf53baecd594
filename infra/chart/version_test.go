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

// What a version of the chart makes and takes. Another content is another version: whoever looks at a cluster knows by it what
// they see. Write down here both that Chart.yaml says now and what the test then finds.
const (
	version = "0.1.1"
	content = "dce9a547aaa876bbfc63a772411509c4d26ca25446cfeeb477289b75391a517c"
)

func TestAnotherChartHasAnotherVersion(t *testing.T) {
	t.Parallel()
	loaded, err := loader.Load(".")
	if err != nil {
		t.Fatal(err)
	}
	hash := sha256.New()
	err = fs.WalkDir(os.DirFS("."), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasPrefix(name, "templates/") && name != "values.yaml" && name != "values.schema.json" {
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
		t.Errorf("the chart has changed, and is still version %s: raise it in Chart.yaml, and then here", version)
	case got != content || loaded.Metadata.Version != version:
		t.Errorf("write down here version = %q and content = %q", loaded.Metadata.Version, got)
	}
}
