package mcp

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/task"
)

// target names the tasks of a call.
type target struct {
	IDs  []string `json:"ids,omitempty" doc:"The ids of the tasks, at most 50."`
	Name string   `json:"name,omitempty" doc:"Instead of ids: a part of one task's title. If several tasks have it, nothing changes and the answer lists them."`
}

// maxTargets is the largest number of tasks in one call.
const maxTargets = 50

// tasks returns the named tasks. status is the status of tasks that a name can mean. A name of several
// tasks is refused with their ids.
func (c *client) tasks(ctx context.Context, t target, status string) ([]task.Task, error) {
	switch {
	case (len(t.IDs) == 0) == (t.Name == ""):
		return nil, task.Invalid("ids", "or name is required, and only one of them")
	case len(t.IDs) > maxTargets:
		return nil, task.Invalid("ids", fmt.Sprintf("has more than %d entries", maxTargets))
	case t.Name != "":
		found, err := c.named(ctx, t.Name, status)
		return []task.Task{found}, err
	}
	var found []task.Task
	for i, id := range t.IDs {
		if uuid.Validate(id) != nil {
			return nil, task.Invalid(fmt.Sprintf("ids[%d]", i), "is not the id of a task: find_tasks and search return ids")
		}
		if slices.Contains(t.IDs[:i], id) {
			continue
		}
		var one task.Task
		switch err := c.get(ctx, taskPath(id), nil, &one); {
		case task.ErrorCode(err) == task.CodeNotFound:
			return nil, task.Errorf(task.CodeNotFound, "there is no task with the id %s, and nothing was changed", id)
		case err != nil:
			return nil, err
		}
		found = append(found, one)
	}
	return found, nil
}

// maxCandidates is the number of tasks that the answer to an ambiguous name lists.
const maxCandidates = 10

// maxNameWords is the number of words of a name that are searched for. Longer searches are refused.
const maxNameWords = 10

// wordsOf returns a search for the first words of a title. A # in it begins no tag.
func wordsOf(name string) string {
	words := strings.Fields(name)
	for i := range words {
		words[i] = strings.TrimLeft(words[i], "#")
	}
	return strings.Join(words[:min(len(words), maxNameWords)], " ")
}

// named returns the only task whose title contains name.
func (c *client) named(ctx context.Context, name, status string) (task.Task, error) {
	tasks, more, err := c.listAll(ctx, url.Values{"q": {wordsOf(name)}, "status": {status}})
	if err != nil {
		return task.Task{}, err
	}
	if more {
		return task.Task{}, task.Errorf(task.CodeConflict, "%q fits too many tasks, and nothing was changed: give more words of the title, or ids", name)
	}
	tasks = slices.DeleteFunc(tasks, func(t task.Task) bool { return !strings.Contains(strings.ToLower(t.Title), strings.ToLower(name)) })
	switch len(tasks) {
	case 0:
		return task.Task{}, task.Errorf(task.CodeNotFound, "no task with status %s has %q in its title, and nothing was changed", status, name)
	case 1:
		var found task.Task
		err := c.get(ctx, taskPath(tasks[0].ID.String()), nil, &found)
		return found, err
	}
	var words strings.Builder
	fmt.Fprintf(&words, "%q fits %d tasks, and nothing was changed. Call again with the ids of the right ones:", name, len(tasks))
	for _, t := range tasks[:min(len(tasks), maxCandidates)] {
		fmt.Fprintf(&words, "\n%s %q", t.ID, t.Title)
		if due := c.due(t); due != "" {
			fmt.Fprintf(&words, " due %s", due)
		}
	}
	words.WriteString("\n" + notice)
	return task.Task{}, task.Errorf(task.CodeConflict, "%s", words.String())
}

// maxPage is the largest page of the API.
const maxPage = 200

// list returns a page of at most limit tasks, and the cursor of the next one.
func (c *client) list(ctx context.Context, query url.Values, limit int) ([]task.Task, string, error) {
	query.Set("limit", strconv.Itoa(limit))
	var page apiv1.Page[task.Task]
	err := c.get(ctx, "/tasks", query, &page)
	return page.Items, page.NextCursor, err
}

// maxPages bounds the pages that one call reads.
const maxPages = 10

// listAll returns all tasks of a query, with the beginning of their descriptions. more reports whether there
// are more than it reads.
func (c *client) listAll(ctx context.Context, query url.Values) (all []task.Task, more bool, err error) {
	query.Set("fields", "excerpt")
	for range maxPages {
		tasks, next, err := c.list(ctx, query, maxPage)
		all = append(all, tasks...)
		if err != nil || next == "" {
			return all, false, err
		}
		query.Set("cursor", next)
	}
	return all, true, nil
}
