package docs

import (
	"os"
	"regexp"
	"testing"
)

// TestSecurityIsShown fails when security.md names a test that does not exist.
func TestSecurityIsShown(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("security.md")
	if err != nil {
		t.Fatal(err)
	}
	missing := map[string]bool{}
	for _, name := range regexp.MustCompile("`(Test\\w+)`").FindAllSubmatch(page, -1) {
		missing[string(name[1])] = true
	}
	if len(missing) < 80 {
		t.Fatalf("only %d tests are named", len(missing))
	}
	declared := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	for _, dir := range []string{"../internal", "../services", "../tests", "../infra", "../ci", "../cmd", "."} {
		walk(t, dir, ".go", func(_, _ string, source []byte) {
			for _, name := range declared.FindAllSubmatch(source, -1) {
				delete(missing, string(name[1]))
			}
		})
	}
	for name := range missing {
		t.Errorf("security.md names %s, which does not exist", name)
	}
}
