package plan

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestKindsOfSettings checks the kind of each setting by its name. Tokens, passwords and keys are
// secrets. Everything else is a variable, because the engine replaces the values of secrets in all
// output.
func TestKindsOfSettings(t *testing.T) {
	t.Parallel()
	secret := regexp.MustCompile(`(?i)TOKEN|PASSWORD|PASSPHRASE|SECRET|_KEY|CREDENTIALS|WEBHOOK`)
	address := regexp.MustCompile(`_REQUEST_URL$`)
	for _, name := range AllSettings.Variables {
		if secret.MatchString(name) && !address.MatchString(name) {
			t.Errorf("%s is a variable, which any output may show", name)
		}
	}
	for _, name := range AllSettings.Secrets {
		if !secret.MatchString(name) || address.MatchString(name) {
			t.Errorf("%s is a secret, and its value disappears from all output", name)
		}
	}
	kinds := map[string]int{}
	for _, names := range [][]string{AllSettings.Variables, AllSettings.Secrets, AllSettings.SecretFiles} {
		names = slices.Clone(names)
		slices.Sort(names)
		for _, name := range slices.Compact(names) {
			kinds[name]++
		}
	}
	for name, n := range kinds {
		if n != 1 {
			t.Errorf("%s has %d kinds", name, n)
		}
	}
}

// TestKindsInWorkflows checks that the workflows take a setting from GitHub's secrets exactly if it
// is a secret here.
func TestKindsInWorkflows(t *testing.T) {
	t.Parallel()
	line := regexp.MustCompile(`(?m)^ +([A-Za-z_]+): \$\{\{(.*)\}\}$`)
	checked := 0
	for _, file := range Workflows {
		raw, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(file)))
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range line.FindAllStringSubmatch(string(raw), -1) {
			name, value := match[1], match[2]
			hidden := strings.Contains(value, "secrets.") || strings.Contains(value, "github.token")
			if hidden != slices.Contains(AllSettings.Secrets, name) {
				t.Errorf("%s: %s is %s, and its kind differs in settings.go", file, name, value)
			}
			checked++
		}
	}
	if checked < 20 {
		t.Errorf("checked only %d settings", checked)
	}
}

// TestSettingsOfSteps checks that each setting of a step is declared.
func TestSettingsOfSteps(t *testing.T) {
	t.Parallel()
	declared := AllSettings.Names()
	for command, p := range plans() {
		for _, stage := range p {
			for _, s := range stage {
				for _, name := range s.Names() {
					if !slices.Contains(declared, name) {
						t.Errorf("%s: %s gets %s, which settings.go does not declare", command, s.Name, name)
					}
				}
			}
		}
	}
}
