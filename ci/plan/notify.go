package plan

const (
	slackWebhook = "SLACK_WEBHOOK_URL"
	githubToken  = "GITHUB_TOKEN" //nolint:gosec // the name of a variable
)

// WorkflowVariables describe a GitHub Actions job. None of them is a secret.
var WorkflowVariables = []string{"GITHUB_API_URL", "GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_SHA", "GITHUB_REF", "GITHUB_RUN_ID"}

// Notice holds the inputs of a notification.
type Notice struct {
	// Waiting is the stack that waits for an approval. If it is empty, the notification reports the
	// last run.
	Waiting string
	// Workflow holds the WorkflowVariables that are set, by name. Secrets holds the names of the
	// available Messengers.
	Workflow map[string]string
	Secrets  []string
}

// Messengers are the secrets that send notifications. A receiver without a secret gets none.
var Messengers = []string{slackWebhook, githubToken}

// Notify sends notifications. A failed notification does not fail the run.
func Notify(p Project, n Notice) Plan {
	step := Step{
		Name: "notify", Image: p.goImage(), Env: goEnv(n.Workflow),
		Args:    []string{"go", "run", "./ci/notify", "-result", ResultFile, "-preview", PreviewFile},
		Sources: tool("ci/notify", "ci/plan/*.go", "ci/plan/*.sh", ResultFile, PreviewFile), Without: []string{"**/*_test.go"},
		Secrets: n.Secrets, Always: true, Optional: true,
	}
	if n.Waiting != "" {
		step.Args = append(step.Args, "-waiting", n.Waiting)
	}
	return Plan{{step}}
}
