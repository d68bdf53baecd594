package dialog

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"taskmaster/internal/intent"
)

// arguments are those of the tools that change tasks.
type arguments struct {
	IDs       []string `json:"ids,omitempty"`
	Sentences []string `json:"sentences,omitempty"`
	Due       string   `json:"due,omitempty"`
	Until     string   `json:"until,omitempty"`
	Priority  string   `json:"priority,omitempty"`
	Add       []string `json:"add_tags,omitempty"`
	Remove    []string `json:"remove_tags,omitempty"`
	Clear     []string `json:"clear,omitempty"`
	RequestID string   `json:"request_id,omitempty"`
	Token     string   `json:"confirm_token,omitempty"`
}

// tools names the changing tools of the kinds.
var tools = map[intent.Kind]string{
	intent.Add: "add_tasks", intent.Move: "update_tasks", intent.Undate: "update_tasks", intent.Prioritize: "update_tasks",
	intent.Tag: "update_tasks", intent.Untag: "update_tasks", intent.Complete: "complete_tasks", intent.Reopen: "reopen_tasks",
	intent.Skip: "skip_tasks", intent.Snooze: "snooze_tasks", intent.Delete: "delete_tasks",
}

// changeResult is the result of a tool that changes tasks.
type changeResult struct {
	Done   bool   `json:"done"`
	Token  string `json:"confirm_token"`
	Tasks  []Task `json:"tasks"`
	Failed []struct {
		Title   string `json:"title"`
		Problem string `json:"problem"`
	} `json:"failed"`
}

func newCall(tool string, a arguments) (Call, error) {
	raw, err := json.Marshal(a)
	if err != nil {
		return Call{}, fmt.Errorf("encode the arguments of %s: %w", tool, err)
	}
	return Call{Tool: tool, Arguments: raw}, nil
}

// change returns the call that changes tasks as an intent says.
func (t *turn) change(in intent.Intent, tasks []Task) (Call, error) {
	var a arguments
	for _, task := range tasks {
		a.IDs = append(a.IDs, task.ID)
	}
	switch in.Kind {
	case intent.Move:
		due, err := t.newDue(in, tasks)
		if err != nil {
			return Call{}, err
		}
		a.Due = due
	case intent.Undate:
		a.Clear = []string{"due"}
	case intent.Snooze:
		a.Until = in.Due
	case intent.Prioritize:
		a.Priority = in.Priority
	case intent.Tag:
		a.Add = in.NewTags
	case intent.Untag:
		a.Remove = in.NewTags
	default: // the other changes need no value
	}
	return newCall(tools[in.Kind], a)
}

const (
	dayLayout    = time.DateOnly
	minuteLayout = "2006-01-02T15:04"
)

// newDue returns the new due date of tasks. A shift and a time of day count from the present date, which has to
// be the same for all of them.
func (t *turn) newDue(in intent.Intent, tasks []Task) (string, error) {
	if in.Due != "" {
		return in.Due, nil
	}
	due := tasks[0].Due
	if slices.ContainsFunc(tasks, func(task Task) bool { return task.Due != due }) {
		return "", &unclear{Answer{Text: t.words.oneByOne}}
	}
	if in.Clock != "" {
		day := t.day(0)
		if len(due) >= len(dayLayout) && due[:len(dayLayout)] > day {
			day = due[:len(dayLayout)]
		}
		return day + "T" + in.Clock, nil
	}
	at, err := time.Parse(time.RFC3339, due)
	if err == nil {
		at = at.In(t.options.Zone)
		if in.Shift.Minutes != 0 {
			return at.Add(time.Duration(in.Shift.Minutes) * time.Minute).Format(time.RFC3339), nil
		}
		return at.AddDate(0, 0, in.Shift.Days).Format(minuteLayout), nil
	}
	day, err := time.Parse(dayLayout, due)
	if err != nil || in.Shift.Minutes != 0 {
		return "", &unclear{Answer{Text: t.words.noTime}}
	}
	return day.AddDate(0, 0, in.Shift.Days).Format(dayLayout), nil
}

// allowed are the tools that a request can name. Package dialog offers no other.
var allowed = map[string]bool{
	"add_tasks": true, "update_tasks": true, "complete_tasks": true, "reopen_tasks": true, "skip_tasks": true, "snooze_tasks": true,
	"delete_tasks": true,
}

// act makes a call that an earlier answer offered.
func (t *turn) act(ctx context.Context, call Call) (Answer, error) {
	var a arguments
	if err := json.Unmarshal(call.Arguments, &a); err != nil || !allowed[call.Tool] {
		return Answer{}, fmt.Errorf("%w: the call is not one that an answer offers", ErrRequest)
	}
	adds := call.Tool == "add_tasks"
	if (len(a.IDs) == 0) != adds || len(a.IDs) > maxTargets || (len(a.Sentences) == 0) == adds {
		return Answer{}, fmt.Errorf("%w: the call does not name its tasks", ErrRequest)
	}
	var before taskList
	if !adds {
		if err := t.call(ctx, "get_tasks", map[string]any{"ids": a.IDs}, &before, t.words.looking); err != nil {
			return Answer{}, err
		}
	}
	return t.apply(ctx, call, a, before.Tasks)
}

// apply makes a changing call and returns its answer.
func (t *turn) apply(ctx context.Context, call Call, a arguments, before []Task) (Answer, error) {
	if a.RequestID == "" {
		a.RequestID = t.req.ID
	}
	var send any = a
	if call.Tool == "delete_tasks" {
		send = struct {
			IDs   []string `json:"ids"`
			Token string   `json:"confirm_token,omitempty"`
		}{a.IDs, a.Token}
	}
	kind := kindOf(call.Tool, a)
	var result changeResult
	if err := t.call(ctx, call.Tool, send, &result, t.words.doing(kind, max(len(a.IDs), len(a.Sentences)))); err != nil {
		return Answer{}, err
	}
	if !result.Done {
		if call.Undo && len(a.IDs) == 1 && a.Token == "" {
			a.Token = result.Token
			return t.apply(ctx, call, a, before)
		}
		return t.ask(kind, call.Tool, a, result)
	}
	answer := Answer{Text: t.changed(kind, result.Tasks), Changed: true, Tasks: t.shown(result.Tasks)}
	for i := range answer.Tasks {
		task := &answer.Tasks[i]
		task.Deleted = kind == intent.Delete
		was := slices.IndexFunc(before, func(b Task) bool { return b.ID == task.ID })
		undo, err := undoOf(kind, a, *task, before, was)
		if err != nil {
			return Answer{}, err
		}
		task.Undo = undo
	}
	for _, failed := range result.Failed {
		answer.Text += "\n" + quoted(failed.Title) + ": " + failed.Problem
	}
	return answer, nil
}

// ask returns the answer that asks for the confirmation of a call, with the tasks that it would change.
func (t *turn) ask(kind intent.Kind, tool string, a arguments, result changeResult) (Answer, error) {
	a.Token = result.Token
	confirmed, err := newCall(tool, a)
	if err != nil {
		return Answer{}, err
	}
	n := len(result.Tasks)
	return Answer{
		Text:    fmt.Sprintf(t.words.confirm, t.words.question(kind, n)),
		Tasks:   t.shown(result.Tasks),
		Choices: []Choice{{Label: t.words.question(kind, n), Call: &confirmed, Danger: kind == intent.Delete}},
	}, nil
}

// kindOf returns the kind of change that a call makes.
func kindOf(tool string, a arguments) intent.Kind {
	switch {
	case tool != "update_tasks":
		for kind, name := range tools {
			if name == tool {
				return kind
			}
		}
	case a.Due != "":
		return intent.Move
	case a.Priority != "":
		return intent.Prioritize
	case a.Add != nil:
		return intent.Tag
	case a.Remove != nil:
		return intent.Untag
	}
	return intent.Undate
}

// undoOf returns the call that takes a change of a task back, or nil. was is the index of the task before the change.
func undoOf(kind intent.Kind, a arguments, task Task, before []Task, was int) (*Call, error) {
	back := arguments{IDs: []string{task.ID}}
	tool := "update_tasks"
	switch {
	case kind == intent.Add:
		tool = "delete_tasks"
	case was < 0:
		return nil, nil
	case kind == intent.Complete:
		tool = "reopen_tasks"
	case kind == intent.Reopen:
		tool = "complete_tasks"
	case kind == intent.Move || kind == intent.Undate:
		switch old := before[was].Due; {
		case old == "":
			back.Clear = []string{"due"}
		case !strings.Contains(old, "T"):
			back.Due, back.Clear = old, []string{"time"}
		default:
			back.Due = old
		}
	case kind == intent.Prioritize:
		back.Priority = before[was].Priority
		if back.Priority == "" {
			back.Priority = "none"
		}
	case kind == intent.Tag:
		back.Remove = slices.DeleteFunc(slices.Clone(a.Add), func(tag string) bool { return slices.Contains(before[was].Tags, tag) })
	case kind == intent.Untag:
		back.Add = slices.DeleteFunc(slices.Clone(a.Remove), func(tag string) bool { return !slices.Contains(before[was].Tags, tag) })
	default:
		return nil, nil // a deletion, a skipped occurrence and a snooze stay
	}
	if (kind == intent.Tag || kind == intent.Untag) && len(back.Add)+len(back.Remove) == 0 {
		return nil, nil
	}
	call, err := newCall(tool, back)
	call.Undo = kind == intent.Add
	return &call, err
}
