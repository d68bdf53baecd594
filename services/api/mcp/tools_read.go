package mcp

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"time"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/event"
	"taskmaster/internal/phrase"
	"taskmaster/internal/task"
)

func readingTools() []tool {
	return []tool{
		define(Tool{"plan_today", "Plan today", "Today's date, the overdue tasks and the tasks that are due today, in the account's time zone.", Reads}, true, planToday),
		define(Tool{"find_tasks", "Find tasks", "List tasks by status, tag, priority, due date or text. Answers with 20 tasks and a cursor for more.", Reads}, true, findTasks),
		define(Tool{"get_tasks", "Get tasks", "All fields of tasks by their ids: description, reminders, recurrence.", Reads}, true, getTasks),
		define(Tool{"list_tags", "List tags", "The tags of open tasks, with the number of tasks.", Reads}, true, listTags),
		define(Tool{"task_history", "Task history", "What happened to a task, the newest first.", Reads}, true, taskHistory),
		define(Tool{"list_changes", "List changes", "The tasks that changed after a revision. The answer holds the revision to ask with next time.", Reads}, true, listChanges),
		define(Tool{"preview_recurrence", "Preview a recurrence", "The next dates of a recurrence in words or as a rule. It changes nothing.", Reads}, true, previewRecurrence),
	}
}

type planResult struct {
	Date     string `json:"date"`
	Now      string `json:"now"`
	TimeZone string `json:"time_zone"`
	Language string `json:"language" doc:"the language of the sentences of new tasks"`
	// WeekStart is a time.Weekday.
	WeekStart int    `json:"week_start" doc:"the first day of the week: 0 is Sunday, 1 is Monday"`
	LineSigns string `json:"line_signs" doc:"the signs of the sentences of new tasks: own (#tag, !high), or todoist for @tag and p1 too"`
	Overdue   []view `json:"overdue"`
	Today     []view `json:"today"`
	// More reports whether there are more tasks than these.
	More bool `json:"more,omitempty" doc:"true if there are more tasks: ask find_tasks"`
	untrusted
}

func planToday(ctx context.Context, c *client, _ struct{}) (planResult, error) {
	late, today, more, err := c.dueToday(ctx)
	now := c.now.In(c.account.Zone)
	return planResult{
		Date: now.Format(time.DateOnly), Now: now.Format(time.RFC3339), TimeZone: c.account.Zone.String(), Language: c.account.Language, WeekStart: int(c.account.WeekStart), LineSigns: c.account.LineSigns,
		Overdue: c.views(late, c.brief), Today: c.views(today, c.brief), More: more, untrusted: untrusted{notice},
	}, err
}

// dueToday returns the open tasks that are overdue, and those due until the end of the day.
func (c *client) dueToday(ctx context.Context) (late, today []task.Task, more bool, err error) {
	tomorrow := task.DateOf(c.now.In(c.account.Zone)).AddDays(1).Start(c.account.Zone)
	tasks, more, err := c.listAll(ctx, url.Values{"status": {"open"}, "due_before": {tomorrow.Format(time.RFC3339)}})
	for _, t := range tasks {
		if t.Overdue(c.now) {
			late = append(late, t)
		} else {
			today = append(today, t)
		}
	}
	return late, today, more, err
}

type findInput struct {
	Status   string `json:"status,omitempty" enum:"open done all" doc:"By default open."`
	Text     string `json:"text,omitempty" doc:"A text in the title or description."`
	Tag      string `json:"tag,omitempty" doc:"A tag without #."`
	Priority string `json:"priority,omitempty" enum:"none low medium high"`
	DueFrom  string `json:"due_from,omitempty" doc:"The first day (2026-12-31, or words such as tomorrow) or time (2026-12-31T15:00)."`
	DueTo    string `json:"due_to,omitempty" doc:"The last day, included, or the end as a time."`
	Order    string `json:"order,omitempty" enum:"due completed" doc:"completed lists done tasks, the last completed first."`
	Details  bool   `json:"details,omitempty" doc:"true for all fields of each task."`
	Limit    int    `json:"limit,omitempty" doc:"The number of tasks, at most 200. By default 20."`
	Cursor   string `json:"cursor,omitempty" doc:"The next_cursor of the answer before."`
}

type taskList struct {
	Tasks      []view `json:"tasks"`
	NextCursor string `json:"next_cursor,omitempty" doc:"With it as cursor, the next tasks follow."`
	untrusted
}

// defaultLimit is the number of items in an answer. Models read each of them.
const defaultLimit = 20

func findTasks(ctx context.Context, c *client, in findInput) (taskList, error) {
	query := url.Values{"status": {"open"}}
	if in.Order == "completed" {
		query.Set("status", "done")
	}
	for name, value := range map[string]string{
		"status": in.Status, "q": in.Text, "tag": in.Tag, "priority": in.Priority, "order": in.Order, "cursor": in.Cursor,
	} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if in.DueFrom != "" {
		from, err := c.readMoment("due_from", in.DueFrom, c.account.Zone)
		if err != nil {
			return taskList{}, err
		}
		query.Set("due_after", from.start(c.account.Zone).Format(time.RFC3339))
	}
	if in.DueTo != "" {
		to, err := c.readMoment("due_to", in.DueTo, c.account.Zone)
		if err != nil {
			return taskList{}, err
		}
		query.Set("due_before", to.end(c.account.Zone).Format(time.RFC3339))
	}
	if in.Limit == 0 {
		in.Limit = defaultLimit
	}
	tasks, next, err := c.list(ctx, query, in.Limit)
	show := c.brief
	if in.Details {
		show = c.full
	}
	return taskList{Tasks: c.views(tasks, show), NextCursor: next, untrusted: untrusted{notice}}, err
}

type getInput struct {
	target
}

func getTasks(ctx context.Context, c *client, in getInput) (taskList, error) {
	tasks, err := c.tasks(ctx, in.target, "all")
	if err != nil {
		return taskList{}, err
	}
	return taskList{Tasks: c.views(tasks, c.full), untrusted: untrusted{notice}}, nil
}

type tagCount struct {
	Tag  string `json:"tag"`
	Open int    `json:"open"`
}

type tagList struct {
	Tags []tagCount `json:"tags"`
	untrusted
}

func listTags(ctx context.Context, c *client, _ struct{}) (tagList, error) {
	out := tagList{Tags: []tagCount{}, untrusted: untrusted{notice}}
	counts, err := c.tags(ctx)
	for _, tag := range slices.Sorted(maps.Keys(counts)) {
		out.Tags = append(out.Tags, tagCount{tag, counts[tag]})
	}
	return out, err
}

// tags returns the number of open tasks by tag.
func (c *client) tags(ctx context.Context) (map[string]int, error) {
	tasks, _, err := c.listAll(ctx, url.Values{"status": {"open"}})
	counts := map[string]int{}
	for _, t := range tasks {
		for _, tag := range t.Tags {
			counts[tag]++
		}
	}
	return counts, err
}

type historyInput struct {
	target
	Limit int `json:"limit,omitempty" doc:"The number of entries, at most 200. By default 20."`
}

type historyEntry struct {
	At      string       `json:"at"`
	Type    string       `json:"type" doc:"created, changed, completed, reopened, snoozed, reminded, skipped or followed"`
	Changes []fieldShift `json:"changes,omitempty"`
}

type fieldShift struct {
	Field string `json:"field"`
	Old   string `json:"old" doc:"The old value as JSON."`
	New   string `json:"new" doc:"The new value as JSON."`
}

type historyResult struct {
	Task    view           `json:"task"`
	Entries []historyEntry `json:"entries"`
	untrusted
}

func taskHistory(ctx context.Context, c *client, in historyInput) (historyResult, error) {
	tasks, err := c.tasks(ctx, in.target, "all")
	if err != nil {
		return historyResult{}, err
	}
	if len(tasks) > 1 {
		return historyResult{}, task.Invalid("ids", "has more than one task: ask for one history at a time")
	}
	if in.Limit == 0 {
		in.Limit = defaultLimit
	}
	var page apiv1.Page[apiv1.HistoryItem]
	if err := c.get(ctx, taskPath(tasks[0].ID.String())+"/history", url.Values{"limit": {strconv.Itoa(in.Limit)}}, &page); err != nil {
		return historyResult{}, err
	}
	out := historyResult{Task: c.brief(tasks[0]), Entries: []historyEntry{}, untrusted: untrusted{notice}}
	for _, item := range page.Items {
		entry := historyEntry{At: c.local(tasks[0], &item.At), Type: item.Type}
		for _, change := range item.Changes {
			entry.Changes = append(entry.Changes, fieldShift{change.Field, string(change.Old), string(change.New)})
		}
		out.Entries = append(out.Entries, entry)
	}
	return out, nil
}

type changesInput struct {
	Since int64  `json:"since" doc:"The revision of the last answer. 0 is the beginning."`
	Epoch string `json:"epoch,omitempty" doc:"The epoch of the last answer."`
	Limit int    `json:"limit,omitempty" doc:"The number of changes, at most 200. By default 20."`
}

type change struct {
	Revision int64 `json:"revision"`
	Deleted  bool  `json:"deleted,omitempty"`
	Task     view  `json:"task"`
}

type changesResult struct {
	Changes    []change `json:"changes"`
	Revision   int64    `json:"revision" doc:"Send it as since to go on."`
	Epoch      string   `json:"epoch"`
	More       bool     `json:"more,omitempty" doc:"true if further changes follow now."`
	Incomplete bool     `json:"incomplete,omitempty" doc:"true if older changes are no longer stored: list the tasks instead."`
	untrusted
}

func listChanges(ctx context.Context, c *client, in changesInput) (changesResult, error) {
	if in.Limit == 0 {
		in.Limit = defaultLimit
	}
	query := url.Values{"since": {strconv.FormatInt(in.Since, 10)}, "limit": {strconv.Itoa(in.Limit)}}
	if in.Epoch != "" {
		query.Set("epoch", in.Epoch)
	}
	var page apiv1.ChangePage
	if err := c.get(ctx, "/changes", query, &page); err != nil {
		return changesResult{}, err
	}
	out := changesResult{
		Changes: []change{}, Revision: page.Revision, Epoch: page.Epoch, More: page.NextCursor != "", Incomplete: page.Resync, untrusted: untrusted{notice},
	}
	for _, item := range page.Items {
		out.Changes = append(out.Changes, change{item.Revision, item.Type == event.TaskDeleted, c.brief(item.Task)})
		if out.More {
			out.Revision = item.Revision
		}
	}
	return out, nil
}

type previewInput struct {
	Repeat string `json:"repeat" doc:"Words such as “every 1st at 9am until june”, or a rule such as FREQ=WEEKLY;BYDAY=MO."`
	Start  string `json:"start,omitempty" doc:"The first day (2026-12-31) or time (2026-12-31T15:00). By default the first that the words name, or today."`
	Count  int    `json:"count,omitempty" doc:"The number of dates, at most 50. By default 5."`
}

type previewResult struct {
	Words string   `json:"words"`
	RRule string   `json:"rrule"`
	Dates []string `json:"dates"`
	Ends  bool     `json:"ends" doc:"true if no date follows the last one."`
}

const maxPreview = 50

func previewRecurrence(_ context.Context, c *client, in previewInput) (previewResult, error) {
	if in.Count == 0 {
		in.Count = 5
	}
	if in.Count < 1 || in.Count > maxPreview {
		return previewResult{}, task.Invalid("count", "is not between 1 and "+strconv.Itoa(maxPreview))
	}
	d, err := c.readRepeat(in.Repeat, c.account.Zone)
	if err != nil {
		return previewResult{}, err
	}
	if in.Start != "" {
		start, err := c.readMoment("start", in.Start, c.account.Zone)
		if err != nil {
			return previewResult{}, err
		}
		d.DueOn, d.DueAt = start.on, start.at
	}
	if d.DueOn == nil && d.DueAt == nil {
		d.DueOn = new(task.DateOf(c.now.In(c.account.Zone)))
	}
	d.Title, d.TimeZone = "task", c.account.Zone.String()
	t := d.Task()
	if err := t.Validate(); err != nil {
		return previewResult{}, err
	}
	following, err := t.Occurrences(in.Count)
	if err != nil {
		return previewResult{}, err
	}
	out := previewResult{Words: phrase.SayTask(t), RRule: t.Recurrence.RRule, Dates: []string{c.due(t)}, Ends: len(following) < in.Count}
	for _, at := range following[:min(len(following), in.Count-1)] {
		if t.DueOn != nil {
			out.Dates = append(out.Dates, string(task.DateOf(at)))
		} else {
			out.Dates = append(out.Dates, c.local(t, &at))
		}
	}
	return out, nil
}
