package engine

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"dagger.io/dagger"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"taskmaster/ci/plan"
	"taskmaster/ci/rollout"
	"taskmaster/internal/testkit"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// session is an engine that runs nothing. It records the queries and reports success, unless fail
// returns an error.
type session struct {
	mu      sync.Mutex
	queries []string
	fail    func(query string) map[string]any
	// status is the exit status of all commands. wrote creates a file that a query exports.
	status int
	wrote  func(query string)
}

func (*session) Host() string { return "engine" }
func (*session) Close() error { return nil }

// Do answers a query.
func (s *session) Do(r *http.Request) (*http.Response, error) {
	var body struct {
		Query string `json:"query"`
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		return nil, err
	}
	query, selected, err := canonical(body.Query)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queries = append(s.queries, query)
	if s.wrote != nil {
		s.wrote(query)
	}
	answer := map[string]any{"data": s.value(selected, query)}
	if s.fail != nil {
		if failure := s.fail(query); failure != nil {
			answer = map[string]any{"errors": []any{failure}}
		}
	}
	raw, err := json.Marshal(answer)
	if err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(raw)),
	}, nil
}

// canonical formats a query with sorted arguments, one selection per line. It also returns the
// names of the nested selections.
func canonical(raw string) (query string, selected []string, err error) {
	document, err := parser.ParseQuery(&ast.Source{Input: raw})
	if err != nil {
		return "", nil, err
	}
	var text strings.Builder
	for set := document.Operations[0].SelectionSet; len(set) > 0; {
		switch chosen := set[0].(type) {
		case *ast.InlineFragment:
			fmt.Fprintf(&text, "  on %s\n", chosen.TypeCondition)
			set = chosen.SelectionSet
		case *ast.Field:
			slices.SortFunc(chosen.Arguments, func(a, b *ast.Argument) int { return strings.Compare(a.Name, b.Name) })
			var arguments []string
			for _, a := range chosen.Arguments {
				arguments = append(arguments, a.Name+": "+a.Value.String())
			}
			fmt.Fprintf(&text, "  %s(%s)\n", chosen.Name, strings.Join(arguments, ", "))
			selected = append(selected, chosen.Name)
			set = chosen.SelectionSet
		default:
			return "", nil, fmt.Errorf("a %T in %s", chosen, raw)
		}
	}
	return text.String(), selected, nil
}

// value nests the answer to the innermost selection. An ID is the hash of its query.
func (s *session) value(selected []string, query string) any {
	switch {
	case len(selected) == 0:
		return id(query)
	case selected[0] == "exitCode":
		return map[string]any{selected[0]: s.status}
	case selected[0] == "stderr":
		return map[string]any{selected[0]: "go: downloading example.com/module v1.0.0"}
	}
	return map[string]any{selected[0]: s.value(selected[1:], query)}
}

func id(query string) string {
	sum := sha256.Sum256([]byte(query))
	return hex.EncodeToString(sum[:6])
}

func run(t *testing.T, s *session, p plan.Plan) (string, error) {
	t.Helper()
	return runIn(t, "/repository", s, p)
}

// runIn runs a plan of the repository in the folder root.
func runIn(t *testing.T, root string, s *session, p plan.Plan) (string, error) {
	t.Helper()
	client, err := dagger.Connect(t.Context(), dagger.WithConn(s))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	var out bytes.Buffer
	return out.String(), (&Runner{
		Client: client, Root: root, Out: &out, ID: "this-run", Getenv: func(name string) string { return "/files/" + name },
	}).Run(t.Context(), p)
}

func project() plan.Project {
	return plan.Project{
		Revision: "0123456789abcdef0123456789abcdef01234567", Time: time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC),
		Services: []plan.Component{{Name: "web", Folders: []string{"internal/server", "services/web"}}},
		Smoke:    []string{"tests/smoke", "tests/system"},
	}
}

var release = plan.Release{Registry: "ghcr.io/owner", Username: "robot", Platforms: []string{"linux/amd64"}, Tags: []string{"latest"}, Signing: plan.Keyless}

// stack logs in with two secrets and has a command to install.
var stack = plan.Stack{
	Name: "staging", Cloud: "oke", URL: "https://staging.example.com",
	Settings: plan.Settings{Variables: []string{"ARM_USE_OIDC"}, Secrets: []string{"PULUMI_ACCESS_TOKEN", "PULUMI_CONFIG_PASSPHRASE"}, SecretFiles: []string{"KUBECONFIG"}},
}

var images = map[string]string{"web": "ghcr.io/owner/taskmaster-web@sha256:" + strings.Repeat("0", 64)}

// recorded returns the plans of a command that deploys, on stacks with two releases.
func recorded(t *testing.T, command func(*rollout.Rollout) error) []plan.Plan {
	t.Helper()
	record := plan.Record{Passed: []plan.Deployment{{Number: 1, Images: images}, {Number: 2, Images: images}}}
	exec := &rollout.Recorder{Answers: record.Outputs(stack)}
	if err := command(&rollout.Rollout{Project: project(), Release: release, Stack: stack, Exec: exec, Out: io.Discard}); err != nil {
		t.Fatal(err)
	}
	return exec.Plans
}

// commands returns the plans of all commands of the pipeline.
func commands(t *testing.T) map[string][]plan.Plan {
	t.Helper()
	return map[string][]plan.Plan{
		"check": {plan.Check(project())}, "test": {plan.Test(project())},
		"build": {plan.Build(project(), release)}, "publish": {plan.Publish(project(), release, true)},
		"notify":   {plan.Notify(project(), plan.Notice{Waiting: "prod", Settings: plan.Messengers})},
		"deploy":   recorded(t, func(r *rollout.Rollout) error { return r.Deploy(t.Context(), images, "") }),
		"promote":  recorded(t, func(r *rollout.Rollout) error { return r.Promote(t.Context(), stack, "") }),
		"rollback": recorded(t, func(r *rollout.Rollout) error { return r.Rollback(t.Context(), 0) }),
		"preview":  recorded(t, func(r *rollout.Rollout) error { return r.Preview(t.Context()) }),
	}
}

// TestGolden compares the queries of each command with the golden files.
func TestGolden(t *testing.T) {
	for _, name := range plan.AllSettings.Secrets {
		t.Setenv(name, "planted-secret")
	}
	for command, plans := range commands(t) {
		s := &session{}
		for _, p := range plans {
			if _, err := run(t, s, p); err != nil {
				t.Fatalf("%s: %v", command, err)
			}
		}
		slices.Sort(s.queries) // steps of a stage run side by side
		var queries strings.Builder
		for _, query := range slices.Compact(s.queries) {
			fmt.Fprintf(&queries, "%s is\n%s", id(query), query)
		}
		got := queries.String()
		if strings.Contains(got, "planted-secret") {
			t.Errorf("%s: a secret is in a query:\n%s", command, got)
		}
		testkit.Golden(t, *update, filepath.Join("testdata", command+".golden"), got)
	}
}

// TestFailure checks that a failed step ends the plan. The error has the step's name and output.
func TestFailure(t *testing.T) {
	t.Parallel()
	s := &session{fail: func(query string) map[string]any {
		if !strings.Contains(query, "bad-command") || !strings.Contains(query, "sync") {
			return nil
		}
		return map[string]any{"message": "process did not complete", "extensions": map[string]any{
			"_type": "EXEC_ERROR", "cmd": []string{"bad-command"}, "exitCode": 7, "stdout": "", "stderr": "the reason",
		}}
	}}
	step := func(name string) plan.Step {
		return plan.Step{Name: name, Image: "debian", Args: []string{name + "-command"}}
	}
	_, err := run(t, s, plan.Plan{{step("good"), step("bad")}, {step("later")}})
	failure, ok := errors.AsType[*plan.StepError](err)
	if !ok {
		t.Fatalf("failed with %#v, want a failure of a step", err)
	}
	if diff := cmp.Diff(&plan.StepError{Step: "bad", Output: "the reason"}, failure, cmpopts.IgnoreFields(plan.StepError{}, "Err")); diff != "" {
		t.Errorf("the failure differs (-want +got):\n%s", diff)
	}
	if !strings.Contains(failure.Error(), "exit status 7") {
		t.Errorf("the failure %q lacks the exit status", failure)
	}
	for _, query := range s.queries {
		if strings.Contains(query, "later-command") {
			t.Errorf("the next stage ran: %s", query)
		}
	}
}
