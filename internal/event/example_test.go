package event_test

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"taskmaster/internal/event"
	"taskmaster/internal/task"
)

// A consumer decodes a message and ignores the types that it does not know.
func ExampleDecode() {
	e, err := event.Decode([]byte(`{
		"specversion": "1.0", "id": "0199d2a4-7c1e-7b52-9f0a-3d2c1b0a9e8f", "type": "task.completed",
		"data": {
			"task_id": "0199a0c3-5d20-7e11-a3b4-c5d6e7f80912", "user_id": "0199a0c3-0000-7e11-a3b4-c5d6e7f80912",
			"revision": 42, "task_data": {"title": "Pay rent"}
		}
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	switch e.Type {
	case event.TaskCompleted:
		fmt.Printf("revision %d: completed %q\n", e.Data.Revision, e.Data.TaskData.Title)
	default:
		fmt.Println("ignored", e.Type)
	}
	// Output: revision 42: completed "Pay rent"
}

// A change of a task is one event for services and one for clients.
func ExampleNew() {
	user := uuid.MustParse("0199a0c3-0000-7e11-a3b4-c5d6e7f80912")
	paid := task.Task{ID: uuid.MustParse("0199a0c3-5d20-7e11-a3b4-c5d6e7f80912"), Title: "Pay rent", Revision: 42}
	now := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	for _, e := range []event.Event{
		event.New(event.TaskCompleted, user, paid, now),
		event.New(event.TaskChanged, user, paid, now),
	} {
		fmt.Println(event.Topic(e.Type), e.Type, e.Data.Revision)
	}
	// Output:
	// task-events task.completed 42
	// task-updates task.changed 42
}

// A task.updated event holds the old value of each changed field.
func ExampleChanges() {
	before := task.Task{Title: "Pay rent", Priority: task.PriorityLow}
	after := before
	after.Priority = task.PriorityHigh
	previous, err := event.Changes(before, after)
	if err != nil {
		fmt.Println(err)
		return
	}
	for field, value := range previous {
		fmt.Printf("%s was %s\n", field, value)
	}
	// Output: priority was "low"
}
