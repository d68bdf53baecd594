package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"taskmaster/internal/account"
	"taskmaster/internal/task"
	"taskmaster/services/api/mcp"
)

// TestToolsAddAndChange uses each tool that adds or changes, through the SDK's own client.
func TestToolsAddAndChange(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	p.send(t, "PATCH", "/api/v1/me", map[string]any{"time_zone": "Europe/Berlin"}).want(t, 200)
	a := p.readWrite(t)

	added := a.add(t, "Dentist friday 15:00 !high #health", "Water plants every monday", "Call mum")
	want := []shownTask{
		{Title: "Dentist", Due: "2026-03-06T15:00:00+01:00", Priority: "high", Tags: []string{"health"}},
		{Title: "Water plants", Due: "2026-03-02", Repeats: "every Monday"},
		{Title: "Call mum"},
	}
	for i, got := range added {
		got.ID = ""
		if diff := cmp.Diff(want[i], got); diff != "" {
			t.Errorf("added (-want +got):\n%s", diff)
		}
	}
	dentist, plants, mum := added[0].ID, added[1].ID, added[2].ID

	moved := a.call(t, "update_tasks", args{"ids": []string{dentist}, "due": "tomorrow", "add_tags": []string{"teeth"}, "description": "Bring the card"}).Tasks[0]
	if moved.Due != "2026-03-03T15:00:00+01:00" {
		t.Errorf("moved to another day: due %s, want the time of day to stay", moved.Due)
	}
	if diff := cmp.Diff([]string{"health", "teeth"}, moved.Tags); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
	if got := a.call(t, "update_tasks", args{"name": "dentist", "clear": []string{"time"}}).Tasks[0].Due; got != "2026-03-03" {
		t.Errorf("without its time: due %s, want the day", got)
	}
	// Rescheduling keeps the recurrence, and null and "" are absent.
	plantsMoved := a.call(t, "update_tasks", args{"ids": []string{plants}, "due": "2026-03-04", "repeat": "", "title": nil}).Tasks[0]
	if plantsMoved.Repeats != "every Monday" || plantsMoved.Title != "Water plants" {
		t.Errorf("after a move: %+v, want title and recurrence as before", plantsMoved)
	}
	if got := a.call(t, "skip_tasks", args{"ids": []string{plants}}).Tasks[0].Due; got != "2026-03-09" {
		t.Errorf("skipped: due %s, want the next Monday", got)
	}
	a.call(t, "update_tasks", args{"ids": []string{mum}, "repeat": "every 1st at 9am"})
	a.call(t, "set_reminders", args{"ids": []string{mum}, "minutes_before": []int{30}, "at": []string{"tomorrow at 9"}})
	full := a.call(t, "get_tasks", args{"ids": []string{mum, dentist}}).Tasks
	if got, want := full[0].Due, "2026-04-01T09:00:00+02:00"; got != want {
		t.Errorf("a recurrence without a due date: due %s, want %s", got, want)
	}
	if diff := cmp.Diff([]string{"30 minutes before", "at 2026-03-03T09:00:00+01:00"}, full[0].Reminders); diff != "" {
		t.Errorf("reminders (-want +got):\n%s", diff)
	}
	if full[1].Description != "Bring the card" {
		t.Errorf("description %q, want the new one", full[1].Description)
	}
	if got := a.call(t, "snooze_tasks", args{"ids": []string{dentist}, "until": "tomorrow at 9"}).Tasks[0].Snoozed; got != "2026-03-03T09:00:00+01:00" {
		t.Errorf("snoozed until %s, want tomorrow at 9", got)
	}
	if !a.call(t, "complete_tasks", args{"ids": []string{dentist, mum}}).Tasks[1].Completed {
		t.Error("the task is not completed")
	}
	if a.call(t, "reopen_tasks", args{"name": "Dentist"}).Tasks[0].Completed {
		t.Error("the task is still completed")
	}
	var history []string
	for _, e := range a.call(t, "task_history", args{"ids": []string{dentist}}).Entries {
		history = append(history, e.Type)
	}
	if diff := cmp.Diff([]string{"reopened", "completed", "snoozed", "changed", "changed", "created"}, history); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
}

// TestToolsRead uses each tool that only reads.
// TestToolsReadTheLanguageOfTheAccount adds a task in German, and moves it with German and with English
// words.
func TestToolsReadTheLanguageOfTheAccount(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	p.send(t, "PATCH", "/api/v1/me", map[string]any{"time_zone": "Europe/Berlin", "language": "de"}).want(t, 200)
	a := p.readWrite(t)
	added := a.add(t, "Zahnarzt Freitag 15 Uhr", "Pflanzen gießen jeden Montag")
	if got := added[0]; got.Title != "Zahnarzt" || got.Due != "2026-03-06T15:00:00+01:00" {
		t.Errorf("got %+v, want the dentist on Friday at 15:00", got)
	}
	if got := added[1]; got.Title != "Pflanzen gießen" || got.Repeats != "every Monday" {
		t.Errorf("got %+v, want a task of every Monday", got)
	}
	for words, want := range map[string]string{"übermorgen 9 Uhr": "2026-03-04T09:00:00+01:00", "tomorrow at 9": "2026-03-03T09:00:00+01:00"} {
		if got := a.call(t, "update_tasks", args{"ids": []string{added[0].ID}, "due": words}).Tasks[0].Due; got != want {
			t.Errorf("%s: due %s, want %s", words, got, want)
		}
	}
	for words, want := range map[string]string{"jeden Dienstag": "every Tuesday", "every friday": "every Friday"} {
		if got := a.call(t, "update_tasks", args{"ids": []string{added[1].ID}, "repeat": words}).Tasks[0].Repeats; got != want {
			t.Errorf("%s: repeats %s, want %s", words, got, want)
		}
	}
}

func TestToolsRead(t *testing.T) {
	t.Parallel()
	ta := newTestAPI(t)
	a := ta.newPerson(t).readWrite(t)
	a.add(t, "Late today at 11", "Lunch with Ada today at 12 #friends", "Report friday !high", "Read about whales and ships")
	ta.advance(90 * time.Minute)
	plan := a.call(t, "plan_today", nil)
	if plan.Date != "2026-03-02" || plan.Notice == "" {
		t.Errorf("the plan is %+v, want the date and a notice", plan)
	}
	if len(plan.Overdue) != 1 || plan.Overdue[0].Title != "Late" {
		t.Errorf("overdue is %+v, want the task of 11:00", plan.Overdue)
	}
	if len(plan.Today) != 1 || plan.Today[0].Title != "Lunch with Ada" {
		t.Errorf("today is %+v, want the lunch", plan.Today)
	}
	found := a.call(t, "find_tasks", args{"due_from": "tomorrow", "due_to": "2026-03-06", "priority": "high"})
	if len(found.Tasks) != 1 || found.Tasks[0].Title != "Report" {
		t.Errorf("found %+v, want the report, whose day is included", found.Tasks)
	}
	if tags := a.call(t, "list_tags", nil).Tags; len(tags) != 1 || tags[0].Tag != "friends" {
		t.Errorf("tags %v, want friends", tags)
	}
	hits := a.call(t, "search", args{"query": "ships whales"}).Results
	if len(hits) != 1 {
		t.Fatalf("search found %v, want the task with both words", hits)
	}
	if got := a.call(t, "fetch", args{"id": hits[0].ID}); !strings.Contains(got.Text, "Status: open") {
		t.Errorf("fetch answered %q, want the task as text", got.Text)
	}
	dates := a.call(t, "preview_recurrence", args{"repeat": "every monday at 9am", "count": 3})
	if diff := cmp.Diff([]string{"2026-03-09T09:00:00Z", "2026-03-16T09:00:00Z", "2026-03-23T09:00:00Z"}, dates.Dates); diff != "" {
		t.Errorf("preview (-want +got):\n%s", diff)
	}
	first := a.call(t, "list_changes", args{"since": 0, "limit": 3})
	rest := a.call(t, "list_changes", args{"since": first.Revision, "epoch": first.Epoch})
	if len(first.Changes) != 3 || len(rest.Changes) != 1 || rest.Revision != 4 {
		t.Errorf("changes: %d, then %d up to revision %d, want 3, 1 and 4", len(first.Changes), len(rest.Changes), rest.Revision)
	}
	for i := range 25 {
		a.add(t, fmt.Sprintf("Further %d", i))
	}
	page := a.call(t, "find_tasks", args{"text": "further"})
	if len(page.Tasks) != 20 || page.NextCursor == "" {
		t.Fatalf("got %d tasks and the cursor %q, want 20 and a cursor", len(page.Tasks), page.NextCursor)
	}
	if rest := a.call(t, "find_tasks", args{"text": "further", "cursor": page.NextCursor}); len(rest.Tasks) != 5 {
		t.Errorf("the next page has %d tasks, want 5", len(rest.Tasks))
	}
}

// TestToolsAskBeforeTheyDelete shows that a deletion and a large batch change nothing in the first
// call, and that a token fits only the same tasks and arguments.
func TestToolsAskBeforeTheyDelete(t *testing.T) {
	t.Parallel()
	ta := newTestAPI(t)
	p := ta.newPerson(t)
	a := p.readWrite(t)
	tasks := append(a.add(t, "One", "Two", "Three"), a.add(t, "Four", "Five", "Six")...)
	ids := idsOf(tasks)
	open := func() int { return len(a.call(t, "find_tasks", nil).Tasks) }

	ask := a.call(t, "delete_tasks", args{"ids": ids[:2]})
	if ask.Done || ask.Token == "" || len(ask.Tasks) != 2 || open() != 6 {
		t.Fatalf("the first call answered %+v, want a list and a token", ask)
	}
	for name, arguments := range map[string]args{
		"other tasks":   {"ids": ids[2:4], "confirm_token": ask.Token},
		"more tasks":    {"ids": ids[:3], "confirm_token": ask.Token},
		"another token": {"ids": ids[:2], "confirm_token": "AAAAAAAAAAAAAAAAAAAA"},
	} {
		if got := a.call(t, "delete_tasks", arguments); got.Done || open() != 6 {
			t.Errorf("%s: %+v, want a question", name, got)
		}
	}
	if got := a.call(t, "complete_tasks", args{"ids": ids[:2], "confirm_token": ask.Token}); !got.Done {
		t.Error("a small batch asked for a token")
	}
	if a.call(t, "delete_tasks", args{"ids": ids[:2], "confirm_token": ask.Token}).Done {
		t.Error("tasks that changed since the question were deleted")
	}
	ask = a.call(t, "delete_tasks", args{"ids": ids[2:4]})
	ta.advance(16 * time.Minute)
	if a.call(t, "delete_tasks", args{"ids": ids[2:4], "confirm_token": ask.Token}).Done {
		t.Error("an expired token was accepted")
	}
	ask = a.call(t, "delete_tasks", args{"ids": ids[2:4]})
	if !a.call(t, "delete_tasks", args{"ids": []string{ids[3], ids[2]}, "confirm_token": ask.Token}).Done {
		t.Error("the confirmed call did not delete")
	}
	a.refused(t, "get_tasks", args{"ids": ids[2:3]}, "there is no task with the id")

	six := idsOf(append(a.add(t, "A", "B", "C"), a.add(t, "D", "E", "F")...))
	batch := a.call(t, "update_tasks", args{"ids": six, "priority": "high"})
	if batch.Done {
		t.Fatal("a batch of six did not ask")
	}
	if a.call(t, "update_tasks", args{"ids": six, "priority": "low", "confirm_token": batch.Token}).Done {
		t.Error("a token for one change was accepted for another")
	}
	if got := a.call(t, "update_tasks", args{"ids": six, "priority": "high", "confirm_token": batch.Token}); len(got.Tasks) != 6 || got.Tasks[5].Priority != "high" {
		t.Errorf("the confirmed batch answered %+v, want six tasks of priority high", got)
	}
}

// TestNameOfTasksOnTwoPages shows that a name is ambiguous if the second task with it is on another page of the
// list than the first. Between them are tasks that have the name only in their descriptions.
func TestNameOfTasksOnTwoPages(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	var tasks []task.Task
	for i := range 210 {
		x := task.Task{
			ID: uuid.New(), Title: fmt.Sprint("Errand ", i), Description: "for the plumber", TimeZone: "UTC", Priority: task.PriorityNone,
			Tags: []string{}, Reminders: []task.Reminder{}, CreatedAt: testStart, DueAt: new(testStart.Add(time.Duration(i) * time.Minute)),
		}
		if i == 0 || i == 209 {
			x.Title = "Call the plumber"
		}
		tasks = append(tasks, x)
	}
	p.send(t, "POST", "/api/v1/import", exportOf(t, tasks...)).want(t, 200)
	p.readWrite(t).refused(t, "complete_tasks", args{"name": "plumber"}, "fits 2 tasks", "nothing was changed")
}

// TestToolsRefuseWithWords shows that a refused call changes nothing and explains itself.
func TestToolsRefuseWithWords(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	a := p.readWrite(t)
	milk := a.add(t, "Buy milk tomorrow", "Milk the goat", "Bread")
	said := a.refused(t, "complete_tasks", args{"name": "milk"}, milk[0].ID, milk[1].ID, "nothing was changed", "due 2026-03-03")
	if strings.Contains(said, milk[2].ID) {
		t.Error("the candidates include a task without the name")
	}
	if n := len(a.call(t, "find_tasks", args{"status": "done"}).Tasks); n > 0 {
		t.Errorf("%d tasks are done, want none", n)
	}
	id := milk[0].ID
	for _, c := range []struct {
		tool string
		args args
		want string
	}{
		{"complete_tasks", args{}, "ids: or name is required, and only one of them"},
		{"complete_tasks", args{"ids": []string{""}}, "ids[0]: is not the id of a task"},
		{"complete_tasks", args{"name": "cheese"}, `no task with status open has "cheese" in its title`},
		{"update_tasks", args{"ids": []string{id}}, "no field was given"},
		{"update_tasks", args{"ids": []string{id}, "due": "soonish"}, "due: is not a day (2026-12-31)"},
		{"update_tasks", args{"ids": []string{id}, "repeat": "sometimes"}, "repeat: is not words"},
		{"update_tasks", args{"ids": []string{id}, "repeat": "FREQ=NEVER"}, "repeat: "},
		{"update_tasks", args{"ids": []string{id}, "priority": "urgent"}, "priority: is not one of none, low, medium, high"},
		{"update_tasks", args{"ids": []string{id}, "colour": "red"}, "colour: is not a known field"},
		{"update_tasks", args{"ids": id}, "ids: is a JSON string, which does not fit"},
		{"snooze_tasks", args{"ids": []string{id}}, "minutes: or until is required"},
		{"skip_tasks", args{"ids": []string{id}}, "the task does not repeat"},
		{"add_tasks", args{}, "sentences: is required"},
		{"add_tasks", args{"sentences": []string{"x every hour"}}, "more often than daily"},
		{"find_tasks", args{"limit": 500}, "limit: is not between 1 and 200"},
		{"list_changes", args{"since": -1}, "since: is negative"},
	} {
		said := a.refused(t, c.tool, c.args, c.want)
		for _, word := range []string{"json:", "unmarshal", "struct", "int64", "Go "} {
			if strings.Contains(said, word) {
				t.Errorf("%s %v refused with %q, which has a word of Go", c.tool, c.args, said)
			}
		}
	}
	readOnly := p.newAssistant(t, p.newToken(t, account.ScopeTasksRead))
	if _, err := readOnly.CallTool(t.Context(), &sdk.CallToolParams{Name: "complete_tasks", Arguments: args{"ids": []string{id}}}); err == nil {
		t.Error("a token without tasks:write completed a task")
	}
	other := p.newPerson(t).readWrite(t)
	other.refused(t, "get_tasks", args{"ids": []string{id}}, "there is no task")
	if n := len(other.call(t, "search", args{"query": "milk"}).Results); n > 0 {
		t.Errorf("another user found %d tasks", n)
	}
}

// TestToolsRepeatOnce shows that a request_id makes a repeated call harmless, also on another replica.
func TestToolsRepeatOnce(t *testing.T) {
	t.Parallel()
	ta := newTestAPI(t)
	p := ta.newPerson(t)
	second := ta.newReplica(t)
	a := p.newAssistant(t, p.newToken(t, account.ScopeTasksRead, account.ScopeTasksWrite), ta, second)
	call := args{"sentences": []string{"Eggs", "Bread"}, "request_id": "shopping"}
	first, again := a.call(t, "add_tasks", call), a.call(t, "add_tasks", call)
	if diff := cmp.Diff(idsOf(first.Tasks), idsOf(again.Tasks)); diff != "" {
		t.Errorf("the repeated call added tasks (-first +second):\n%s", diff)
	}
	if n := len(a.call(t, "find_tasks", nil).Tasks); n != 2 {
		t.Errorf("there are %d tasks, want 2", n)
	}
	ask := a.call(t, "delete_tasks", args{"ids": idsOf(first.Tasks)})
	if !a.call(t, "delete_tasks", args{"ids": idsOf(first.Tasks), "confirm_token": ask.Token}).Done {
		t.Error("a replica did not accept the token of the other one")
	}
}

// TestEveryToolIsListed compares the list that a client gets with the one of the documents.
func TestEveryToolIsListed(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t).newPerson(t).readWrite(t)
	list, err := a.ListTools(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for _, tool := range list.Tools {
		listed[tool.Name] = true
	}
	for _, tool := range mcp.Tools() {
		if !listed[tool.Name] {
			t.Errorf("%s is not listed", tool.Name)
		}
	}
}
