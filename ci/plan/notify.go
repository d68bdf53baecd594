package plan

const (
	slackWebhook = "SLACK_WEBHOOK_URL"
	githubToken  = "GITHUB_TOKEN" //nolint:gosec // the name of one
)

// WorkflowVariables are what GitHub Actions tells a job about itself, without secrets.
var WorkflowVariables = []string{"GITHUB_API_URL", "GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_SHA", "GITHUB_REF", "GITHUB_RUN_ID"}

// Notice is what a notification depends on.
type Notice struct {
	// Waiting is a stack that waits for an approval; empty to tell what the last run came to.
	Waiting string
	// Workflow are the WorkflowVariables that are set, by name, and Secrets those that are set of what it is sent with.
	Workflow map[string]string
	Secrets  []string
}

// Messengers are the secrets that notifications are sent with. Who has none is not told.
var Messengers = []string{slackWebhook, githubToken}

// Notify tells people. Whoever cannot be told ends nothing.
func Notify(p Project, n Notice) Plan {
	step := Step{
		Name: "notify", Image: p.goImage(), Env: goEnv(n.Workflow),
		Args:    []string{"go", "run", "./ci/notify", "-result", ResultFile, "-preview", PreviewFile},
		Sources: append(append([]string{}, modules...), "ci/notify/*.go", "ci/plan/*.go", ResultFile, PreviewFile), Without: []string{"**/*_test.go"},
		Secrets: n.Secrets, Always: true, Optional: true,
	}
	if n.Waiting != "" {
		step.Args = append(step.Args, "-waiting", n.Waiting)
	}
	return Plan{{step}}
}
