package plan

// Notice holds the inputs of a notification.
type Notice struct {
	// Waiting is the stack that waits for an approval. If it is empty, the notification reports the
	// last run.
	Waiting string
	// Settings are the available Messengers.
	Settings
}

// Notify sends notifications. A failed notification does not fail the run.
func Notify(p Project, n Notice) Plan {
	step := Step{
		Name: "notify", Image: goImage, Env: goEnv(nil),
		Args:    []string{"go", "run", "./ci/notify", "-result", ResultFile, "-preview", PreviewFile},
		Sources: tool("ci/notify", "ci/plan/*.go", "ci/plan/*.sh", ResultFile, PreviewFile), Without: []string{"**/*_test.go"},
		Settings: n.Settings, Always: true, Optional: true,
	}
	if n.Waiting != "" {
		step.Args = append(step.Args, "-waiting", n.Waiting)
	}
	return Plan{{step}}
}
