package mcp

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"taskmaster/internal/task"
)

func changingTools() []tool {
	return []tool{
		define(Tool{"add_tasks", "Add tasks", "Add a task per sentence: “pay rent every 1st at 9am !high #home remind me an hour before”. Dates, recurrence, #tags, !priority and reminders are read from it.", Adds}, false, addTasks),
		define(Tool{"update_tasks", "Update tasks", "Change the given fields of tasks. A new due date moves one occurrence and keeps the recurrence.", Changes}, true, updateTasks),
		define(Tool{"set_reminders", "Set reminders", "Replace the reminders of tasks. Without any time, the tasks have no reminder.", Changes}, true, setReminders),
		define(Tool{"complete_tasks", "Complete tasks", "Mark tasks as done. A recurring task gets its next occurrence.", Changes}, true, completeTasks),
		define(Tool{"reopen_tasks", "Reopen tasks", "Mark done tasks as open again.", Changes}, true, reopenTasks),
		define(Tool{"skip_tasks", "Skip occurrences", "Move recurring tasks to their next occurrence without completing them.", Changes}, false, skipTasks),
		define(Tool{"snooze_tasks", "Snooze tasks", "Remind of tasks again later. The due date stays.", Changes}, false, snoozeTasks),
		define(Tool{"delete_tasks", "Delete tasks", "Delete tasks for good. The first call lists them, and the second one with confirm_token deletes.", Deletes}, true, deleteTasks),
	}
}

// requestID makes a call repeatable.
type requestID struct {
	RequestID string `json:"request_id,omitempty" doc:"Any text that is new for each request of the user, at most 100 characters. Repeating the call with it changes nothing twice."`
}

const maxRequestID = 100

// key returns the Idempotency-Key of one of a call's requests.
func (r requestID) key(part string) (map[string]string, error) {
	if r.RequestID == "" {
		return nil, nil
	}
	if len(r.RequestID) > maxRequestID {
		return nil, task.Invalid("request_id", "has more than "+strconv.Itoa(maxRequestID)+" characters")
	}
	return map[string]string{"Idempotency-Key": "mcp " + r.RequestID + " " + part}, nil
}

// changeResult is the result of a tool that changes tasks.
type changeResult struct {
	Done         bool      `json:"done" doc:"false if nothing was changed yet"`
	Message      string    `json:"message"`
	ConfirmToken string    `json:"confirm_token,omitempty" doc:"Send it with the same arguments to act."`
	Tasks        []view    `json:"tasks" doc:"The tasks after the change, or those that would change."`
	Failed       []failure `json:"failed,omitempty" doc:"The tasks that could not be changed."`
	untrusted
}

type failure struct {
	ID      string `json:"id,omitempty"`
	Title   string `json:"title"`
	Problem string `json:"problem"`
}

// ask returns the result that asks for a confirmation.
func (c *client) ask(token, verb string, tasks []task.Task) changeResult {
	return changeResult{
		Message:      fmt.Sprintf("Nothing was changed yet. This would %s %d tasks. Show them to the user, and call again with confirm_token after a yes.", verb, len(tasks)),
		ConfirmToken: token, Tasks: c.views(tasks, c.brief), untrusted: untrusted{notice},
	}
}

// changeAll changes each task by one request. It asks first for a large batch, or in any case if
// always is set. arguments are those of the call without its tasks and token. If all changes fail, it returns the
// error of the first one.
func (c *client) changeAll(ctx context.Context, verb string, always bool, token confirmed, arguments any, tasks []task.Task,
	one func(t task.Task) (task.Task, error)) (changeResult, error) {
	if always || len(tasks) > maxUnconfirmed {
		ask, err := c.checkConfirmed(token, verb, arguments, tasks)
		if err != nil || ask != "" {
			return c.ask(ask, verb, tasks), err
		}
	}
	out := changeResult{Done: true, Tasks: []view{}, untrusted: untrusted{notice}}
	var first error
	for _, t := range tasks {
		changed, err := one(t)
		switch {
		case err == nil:
			out.Tasks = append(out.Tasks, c.brief(changed))
		case ctx.Err() != nil:
			return changeResult{}, err
		default:
			if first == nil {
				first = err
			}
			out.Failed = append(out.Failed, failure{t.ID.String(), t.Title, c.explain(ctx, verb, err)})
		}
	}
	if len(out.Tasks) == 0 && first != nil {
		return changeResult{}, first
	}
	out.Message = fmt.Sprintf("%s: %d of %d", verb, len(out.Tasks), len(tasks))
	return out, nil
}

// post returns a function that sends a request to a route below a task.
func (c *client) post(ctx context.Context, route string, body any, id requestID) func(task.Task) (task.Task, error) {
	return func(t task.Task) (changed task.Task, err error) {
		header, err := id.key(route + " " + t.ID.String())
		if err != nil {
			return changed, err
		}
		err = c.do(ctx, http.MethodPost, taskPath(t.ID.String())+"/"+route, body, &changed, header)
		return changed, err
	}
}

type addInput struct {
	Sentences   []string `json:"sentences" doc:"One sentence per task, at most 50."`
	Description string   `json:"description,omitempty" doc:"A note for all of them."`
	Tags        []string `json:"tags,omitempty" doc:"Further tags for all of them, without #."`
	requestID
	confirmed
}

// addTasks adds a task per sentence. The request is confirmed by the sentences: the words of a relative
// date can mean another day after midnight.
func addTasks(ctx context.Context, c *client, in addInput) (changeResult, error) {
	if n := len(in.Sentences); n == 0 || n > maxTargets {
		return changeResult{}, task.Invalid("sentences", fmt.Sprintf("does not have between 1 and %d entries", maxTargets))
	}
	drafts := make([]task.Task, len(in.Sentences))
	bodies := map[int]any{}
	for i, sentence := range in.Sentences {
		if sentence == "" {
			return changeResult{}, task.Invalid(fmt.Sprintf("sentences[%d]", i), "is empty")
		}
		d := c.read(sentence, c.account.Zone)
		if d.TooOften {
			return changeResult{}, task.Invalid(fmt.Sprintf("sentences[%d]", i), "repeats more often than daily, which is not supported")
		}
		d.Tags = append(d.Tags, in.Tags...)
		drafts[i] = d.Task()
		bodies[i] = struct {
			Description string `json:"description,omitempty"`
			draft
		}{in.Description, d}
	}
	arguments := addInput{Sentences: in.Sentences, Description: in.Description, Tags: in.Tags, requestID: in.requestID}
	next := 0
	return c.changeAll(ctx, "add", false, in.confirmed, arguments, drafts, func(task.Task) (added task.Task, err error) {
		i := next
		next++
		header, err := in.key(strconv.Itoa(i))
		if err != nil {
			return added, err
		}
		err = c.do(ctx, http.MethodPost, "/tasks", bodies[i], &added, header)
		return added, err
	})
}

type batchInput struct {
	target
	requestID
	confirmed
}

// postInOrder returns a function like that of post. Its keys have the index of a task instead of its id: if a
// repeated call with a name meets the next occurrence, api refuses it.
func (c *client) postInOrder(ctx context.Context, route string, id requestID) func(task.Task) (task.Task, error) {
	next := 0
	return func(t task.Task) (changed task.Task, err error) {
		header, err := id.key(route + " " + strconv.Itoa(next))
		if err != nil {
			return changed, err
		}
		next++
		err = c.do(ctx, http.MethodPost, taskPath(t.ID.String())+"/"+route, nil, &changed, header)
		return changed, err
	}
}

func completeTasks(ctx context.Context, c *client, in batchInput) (changeResult, error) {
	tasks, err := c.tasks(ctx, in.target, "open")
	if err != nil {
		return changeResult{}, err
	}
	return c.changeAll(ctx, "complete", false, in.confirmed, nil, tasks, c.postInOrder(ctx, "complete", in.requestID))
}

func reopenTasks(ctx context.Context, c *client, in batchInput) (changeResult, error) {
	tasks, err := c.tasks(ctx, in.target, "done")
	if err != nil {
		return changeResult{}, err
	}
	return c.changeAll(ctx, "reopen", false, in.confirmed, nil, tasks, c.postInOrder(ctx, "reopen", in.requestID))
}

type deleteInput struct {
	target
	confirmed
}

func deleteTasks(ctx context.Context, c *client, in deleteInput) (changeResult, error) {
	tasks, err := c.tasks(ctx, in.target, "all")
	if err != nil {
		return changeResult{}, err
	}
	return c.changeAll(ctx, "delete", true, in.confirmed, nil, tasks, func(t task.Task) (task.Task, error) {
		// A task that changed since the confirmation was checked stays.
		match := map[string]string{"If-Match": task.ETag(t.Version(c.account.Epoch))}
		return t, c.do(ctx, http.MethodDelete, taskPath(t.ID.String()), nil, nil, match)
	})
}

type skipInput struct {
	target
	requestID
	confirmed
}

func skipTasks(ctx context.Context, c *client, in skipInput) (changeResult, error) {
	tasks, err := c.tasks(ctx, in.target, "open")
	if err != nil {
		return changeResult{}, err
	}
	return c.changeAll(ctx, "skip", false, in.confirmed, in.requestID, tasks, c.post(ctx, "skip", nil, in.requestID))
}

type snoozeInput struct {
	target
	Minutes int    `json:"minutes,omitempty" doc:"Remind after so many minutes, at most 40320."`
	Until   string `json:"until,omitempty" doc:"Or remind at a time: 2026-12-31T15:00, or words such as tomorrow at 9."`
	requestID
	confirmed
}

func snoozeTasks(ctx context.Context, c *client, in snoozeInput) (changeResult, error) {
	body := map[string]any{}
	if in.Minutes != 0 {
		body["minutes"] = in.Minutes
	}
	if in.Until != "" {
		until, err := c.readMoment("until", in.Until, c.account.Zone)
		if err != nil {
			return changeResult{}, err
		}
		body["until"] = until.start(c.account.Zone).Format(time.RFC3339)
	}
	tasks, err := c.tasks(ctx, in.target, "open")
	if err != nil {
		return changeResult{}, err
	}
	return c.changeAll(ctx, "snooze", false, in.confirmed, []any{in.Minutes, in.Until, in.requestID}, tasks, c.post(ctx, "snooze", body, in.requestID))
}
