package main

import "taskmaster/ci/plan"

// readNotice reads the GitHub Actions variables of the job and lists the available notification
// secrets.
func (c *config) readNotice(getenv func(string) string) {
	c.notice.Workflow = map[string]string{}
	for _, name := range plan.WorkflowVariables {
		if value := getenv(name); value != "" {
			c.notice.Workflow[name] = value
		}
	}
	for _, name := range plan.Messengers {
		if getenv(name) != "" {
			c.notice.Secrets = append(c.notice.Secrets, name)
		}
	}
}
