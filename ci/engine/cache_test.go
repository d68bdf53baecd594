package engine

import (
	"slices"
	"strings"
	"testing"

	"taskmaster/ci/plan"
)

// pure are the beginnings of the names of steps whose result depends on their inputs alone. The
// engine may return an earlier result.
var pure = []string{
	"vet", "lint", "workflows", "chart", "generated files", "licences", "language",
	"scenarios on Kafka", "installation on Redpanda", "compile ", "image of ", "configure ",
}

// TestCache checks that the result of a step that acts on or reads remote state never comes from the
// engine's cache: its query differs in each run. The query of a pure step is the same in each run.
func TestCache(t *testing.T) {
	t.Parallel()
	for command, plans := range commands(t) {
		for _, stage := range slices.Concat(plans...) {
			for _, step := range stage {
				step.Needs = nil // each step runs alone
				s := &session{}
				if _, err := run(t, s, plan.Plan{{step}}); err != nil {
					t.Fatalf("%s: %s: %v", command, step.Name, err)
				}
				cached := !strings.Contains(strings.Join(s.queries, ""), `withEnvVariable(name: "CI_RUN", value: "this-run")`)
				isPure := slices.ContainsFunc(pure, func(prefix string) bool { return strings.HasPrefix(step.Name, prefix) })
				if cached && !isPure {
					t.Errorf("%s: the result of %s comes from the cache", command, step.Name)
				}
				if !cached && isPure {
					t.Errorf("%s: %s runs always, and its result depends on its inputs alone", command, step.Name)
				}
				if len(step.Names()) > 0 && cached {
					t.Errorf("%s: %s gets %v, and its result comes from the cache", command, step.Name, step.Names())
				}
			}
		}
	}
}

// TestSettings checks that variables are passed with their values and secrets without. The engine
// replaces the value of a secret in all output. "true" as a secret would break every JSON document.
func TestSettings(t *testing.T) {
	t.Parallel()
	s := &session{}
	if _, err := run(t, s, plan.Plan{{{Name: "step", Image: "debian", Args: []string{"true"}, Settings: plan.AllSettings}}}); err != nil {
		t.Fatal(err)
	}
	queries := strings.Join(s.queries, "")
	for _, name := range plan.AllSettings.Variables {
		if !strings.Contains(queries, `withEnvVariable(name: "`+name+`", value: "/files/`+name+`")`) || strings.Contains(queries, `env://`+name+`"`) {
			t.Errorf("%s is not passed as a variable", name)
		}
	}
	for _, name := range plan.AllSettings.Secrets {
		if !strings.Contains(queries, `withSecretVariable(name: "`+name+`"`) || !strings.Contains(queries, `secret(uri: "env://`+name+`")`) || strings.Contains(queries, "/files/"+name+`"`) {
			t.Errorf("%s is not passed as a secret", name)
		}
	}
	for _, name := range plan.AllSettings.SecretFiles {
		if !strings.Contains(queries, `secret(uri: "file:///files/`+name+`")`) || !strings.Contains(queries, `path: "/run/secrets/`+name+`"`) {
			t.Errorf("%s is not mounted as a secret", name)
		}
	}
}
