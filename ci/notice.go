package main

import "taskmaster/ci/plan"

// readNotice reads what GitHub Actions tells about the job, and which secrets there are to send notifications with.
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
