package mcp

import (
	"context"
	"strings"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

func addPrompts(s *sdk.Server) {
	s.AddPrompt(&sdk.Prompt{
		Name: "plan_day", Title: "Plan the day", Description: "Choose and order the tasks of today.",
	}, prompt(`Plan my day. Call plan_today, and find_tasks for open tasks with priority high.
List the overdue tasks first and suggest a new day for each. Then order the tasks of today, with times where they are set.
Suggest at most three tasks without a date that would fit. Change nothing before I agree.`))
	s.AddPrompt(&sdk.Prompt{
		Name: "weekly_review", Title: "Weekly review", Description: "Look back at the week and plan the next one.",
		Arguments: []*sdk.PromptArgument{{Name: "tag", Description: "Only tasks with this tag."}},
	}, prompt(`Review my week{{tag}}. Call plan_today for the date. Call find_tasks with order completed for the tasks that I finished in the last seven days.
Call find_tasks for the open tasks that are overdue, for those of the next seven days, and for those without a date.
Sum up what I finished in two sentences. Say which overdue tasks to move, which to delete, and what next week holds. Change nothing before I agree.`))
	s.AddPrompt(&sdk.Prompt{
		Name: "break_down", Title: "Break a task down", Description: "Split a task into small steps.",
		Arguments: []*sdk.PromptArgument{{Name: "task", Description: "The id of the task, or a part of its title.", Required: true}},
	}, prompt(`Break this task down: {{task}}. Call get_tasks for it.
Suggest three to seven steps. Each begins with a verb and takes less than an hour. Keep the tags of the task, and put due dates before its own.
Show the steps as sentences for add_tasks. Add them only after I agree.`))
}

// prompt returns a prompt of one message. An argument replaces its name in double braces.
func prompt(text string) sdk.PromptHandler {
	return func(_ context.Context, req *sdk.GetPromptRequest) (*sdk.GetPromptResult, error) {
		tag := req.Params.Arguments["tag"]
		if tag != "" {
			tag = ", only tasks with the tag " + tag
		}
		said := strings.NewReplacer("{{task}}", req.Params.Arguments["task"], "{{tag}}", tag).Replace(text)
		return &sdk.GetPromptResult{Messages: []*sdk.PromptMessage{{Role: "user", Content: &sdk.TextContent{Text: said}}}}, nil
	}
}
