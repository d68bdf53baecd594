package task

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestFit shows that a task that exceeds every limit becomes valid tasks with its whole text.
func TestFit(t *testing.T) {
	t.Parallel()
	title, notes := strings.Repeat("title ", 100)+"end", strings.Repeat("é", 2*MaxDescription)
	given := Task{Title: title + "\x00", Description: notes, TimeZone: "UTC"}
	for i := range MaxTags + 5 {
		given.Tags = append(given.Tags, fmt.Sprint("#tag", i), " tag0 ")
	}
	given.Tags = append(given.Tags, strings.Repeat("x", MaxTag+1), "")
	for range MaxReminders + 1 {
		given.Reminders = append(given.Reminders, Reminder{At: new(time.Date(2026, 3, 1, len(given.Reminders), 0, 0, 0, time.UTC))})
	}
	fitted, changed := Fit(given)
	held := ""
	for _, x := range fitted {
		x.Normalize()
		if err := x.Validate(); err != nil {
			t.Errorf("%.40s: %v", x.Title, err)
		}
		held += x.Description
	}
	if len(fitted) != 3 || len(changed) != 4 {
		t.Errorf("got %d tasks and %q, want 3 and 4 changes", len(fitted), changed)
	}
	for _, want := range []string{notes, title, "tag24", strings.Repeat("x", MaxTag+1)} {
		if !strings.Contains(held, want) {
			t.Errorf("%.40q is lost", want)
		}
	}
	if x := fitted[0]; len(x.Tags) != MaxTags || len(x.Reminders) != MaxReminders || x.Tags[0] != "tag0" {
		t.Errorf("got tags %v and %d reminders", x.Tags, len(x.Reminders))
	}

	same := Task{Title: "x", Description: "y", Tags: []string{"a"}, TimeZone: "UTC"}
	fitted, changed = Fit(same)
	if diff := cmp.Diff([]Task{same}, fitted); diff != "" {
		t.Errorf("a task within the limits differs (-want +got):\n%s", diff)
	}
	if changed != nil {
		t.Errorf("a task within the limits is changed: %q", changed)
	}
	if fitted, _ := Fit(Task{}); fitted[0].Title == "" {
		t.Error("a task without a title still has none")
	}
}
