package dialog

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"taskmaster/internal/intent"
)

// The limits of the tools of /mcp.
const (
	maxTargets = 50
	maxFound   = 50
)

// maxChoices is the number of tasks that an ambiguous name offers.
const maxChoices = 10

// taskList is the result of find_tasks and get_tasks.
type taskList struct {
	Tasks      []Task `json:"tasks"`
	NextCursor string `json:"next_cursor"`
}

// unclear is the error of a target that does not name its tasks for certain. answer says so.
type unclear struct{ answer Answer }

func (u *unclear) Error() string { return u.answer.Text }

// targets returns the tasks that a change means. It returns an *unclear if that is not certain.
func (t *turn) targets(ctx context.Context, in intent.Intent) ([]Task, error) {
	var found []Task
	var err error
	switch {
	case in.Target.Last:
		return t.lastTasks(ctx, in)
	case in.Target.Overdue:
		found = t.plan.Overdue
	case in.Target.Today:
		found = t.dueToday()
	case in.Target.Tag != "":
		found, err = t.find(ctx, map[string]any{"tag": in.Target.Tag, "limit": maxTargets + 1}, "#"+in.Target.Tag)
	default:
		return t.named(ctx, in)
	}
	switch {
	case err != nil:
		return nil, err
	case len(found) == 0:
		return nil, &unclear{Answer{Text: t.words.nothing}}
	case len(found) > maxTargets:
		return nil, &unclear{Answer{Text: fmt.Sprintf(t.words.tooMany, maxTargets)}}
	}
	return found, nil
}

// dueToday returns the open tasks of today, with those whose time has passed.
func (t *turn) dueToday() []Task {
	var found []Task
	for _, task := range t.plan.Overdue {
		if strings.HasPrefix(task.Due, t.day(0)) {
			found = append(found, task)
		}
	}
	return append(found, t.plan.Today...)
}

func (t *turn) day(n int) string {
	return t.options.Now.In(t.options.Zone).AddDate(0, 0, n).Format("2006-01-02")
}

// find calls find_tasks, and returns the tasks of the first page.
func (t *turn) find(ctx context.Context, query map[string]any, what string) ([]Task, error) {
	var list taskList
	err := t.call(ctx, "find_tasks", query, &list, fmt.Sprintf(t.words.finding, what))
	return list.Tasks, err
}

// lastTasks returns the only task of the last answer.
func (t *turn) lastTasks(ctx context.Context, in intent.Intent) ([]Task, error) {
	if len(t.req.About) == 0 {
		return nil, &unclear{Answer{Text: t.words.whichTask}}
	}
	var list taskList
	if err := t.call(ctx, "get_tasks", map[string]any{"ids": t.req.About}, &list, t.words.looking); err != nil {
		return nil, err
	}
	if len(list.Tasks) == 1 {
		return list.Tasks, nil
	}
	return nil, t.candidates(in, fmt.Sprintf(t.words.several, len(list.Tasks)), list.Tasks)
}

// named returns the task whose title has the name, or else those that have its parts.
func (t *turn) named(ctx context.Context, in intent.Intent) ([]Task, error) {
	found, err := t.one(ctx, in, in.Target.Name, len(in.Target.Names) == 0)
	if err != nil || found != nil {
		return found, err
	}
	seen := map[string]bool{}
	for _, name := range in.Target.Names {
		part, err := t.one(ctx, in, name, true)
		if err != nil {
			return nil, err
		}
		for _, task := range part {
			if !seen[task.ID] {
				seen[task.ID] = true
				found = append(found, task)
			}
		}
	}
	return found, nil
}

// one returns the only task whose title has name. Without one it returns nil, or an *unclear if must is set.
func (t *turn) one(ctx context.Context, in intent.Intent, name string, must bool) ([]Task, error) {
	statuses := []string{"open"}
	switch in.Kind {
	case intent.Reopen:
		statuses = []string{"done"}
	case intent.Delete, intent.Show:
		statuses = []string{"open", "all"}
	default: // the others concern open tasks
	}
	for _, status := range statuses {
		tasks, err := t.find(ctx, map[string]any{"text": name, "status": status, "limit": maxFound}, quoted(name))
		if err != nil {
			return nil, err
		}
		var found []Task
		for _, task := range tasks {
			if contains(task.Title, name) {
				found = append(found, task)
			}
		}
		switch len(found) {
		case 0:
		case 1:
			return found, nil
		default:
			return nil, t.candidates(in, fmt.Sprintf(t.words.fits, quoted(name), len(found)), found)
		}
	}
	if !must {
		return nil, nil
	}
	return nil, t.notFound(ctx, in, name, statuses[len(statuses)-1])
}

// notFound returns the answer for a name that no title has. Tasks with some of its words are offered.
func (t *turn) notFound(ctx context.Context, in intent.Intent, name, status string) error {
	var hits struct {
		Results []struct{ ID string } `json:"results"`
	}
	if err := t.call(ctx, "search", map[string]any{"query": name}, &hits, fmt.Sprintf(t.words.finding, quoted(name))); err != nil {
		return err
	}
	var list taskList
	if len(hits.Results) > 0 {
		var ids []string
		for _, hit := range hits.Results[:min(len(hits.Results), maxChoices)] {
			ids = append(ids, hit.ID)
		}
		if err := t.call(ctx, "get_tasks", map[string]any{"ids": ids}, &list, t.words.looking); err != nil {
			return err
		}
	}
	var near []Task
	for _, task := range list.Tasks {
		if status == "all" || task.Completed == (status == "done") {
			near = append(near, task)
		}
	}
	if len(near) > 0 {
		return t.candidates(in, fmt.Sprintf(t.words.near, quoted(name)), near)
	}
	answer := Answer{Text: fmt.Sprintf(t.words.notFound, quoted(name))}
	if in.Kind.Changes() && in.Kind != intent.Delete && t.req.Sentence != "" {
		answer.Choices = []Choice{t.addChoice(t.req.Sentence)}
	}
	return &unclear{answer}
}

// candidates returns the answer that offers a change for each of several tasks.
func (t *turn) candidates(in intent.Intent, text string, tasks []Task) error {
	answer := Answer{Text: text + " " + t.words.unchanged}
	if !in.Kind.Changes() {
		answer.Text = text
	}
	for _, task := range tasks[:min(len(tasks), maxChoices)] {
		choice := Choice{Label: t.label(task), Sentence: ""}
		if in.Kind.Changes() {
			call, err := t.change(in, []Task{task})
			if err != nil {
				continue
			}
			choice.Call, choice.Danger = &call, in.Kind == intent.Delete
			answer.Choices = append(answer.Choices, choice)
		}
	}
	answer.Tasks = t.shown(tasks[:min(len(tasks), maxChoices)])
	return &unclear{answer}
}

// label describes a task on a button.
func (t *turn) label(task Task) string {
	if due := t.words.when(task.Due, t.options); due != "" {
		return task.Title + " – " + due
	}
	return task.Title
}

// contains reports whether a title has a name, without regard to case.
func contains(title, name string) bool {
	return strings.Contains(strings.ToLower(title), strings.ToLower(name))
}

func quoted(text string) string { return "“" + text + "”" }

// unclearAnswer returns the answer of an *unclear.
func unclearAnswer(err error) (Answer, bool) {
	u, ok := errors.AsType[*unclear](err)
	if !ok {
		return Answer{}, false
	}
	return u.answer, true
}
