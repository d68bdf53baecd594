package importer_test

import (
	"strings"
	"testing"

	"taskmaster/internal/importer"
	"taskmaster/internal/task"
)

// TestAddFittedSplitsALongTask adds a task whose description is longer than one task may hold.
func TestAddFittedSplitsALongTask(t *testing.T) {
	t.Parallel()
	var f importer.File
	f.AddFitted(importer.Task{Key: "short", Line: 1, Task: task.Task{Title: "short"}}, nil)
	f.AddFitted(importer.Task{Key: "long", Line: 2, Task: task.Task{Title: "long", Description: strings.Repeat("word ", 10_000)}}, []string{"a label is left out"})
	if len(f.Tasks) < 3 {
		t.Fatalf("got %d tasks, want one of the first and several of the second", len(f.Tasks))
	}
	for i, want := range []string{"short", "long", "long part 2"} {
		if got := f.Tasks[i].Key; got != want {
			t.Errorf("task %d has the key %q, want %q", i, got, want)
		}
	}
	for _, x := range f.Tasks {
		x.Task.Normalize()
		if err := x.Task.Validate(); err != nil {
			t.Errorf("%s: %v", x.Key, err)
		}
	}
	if len(f.Notes) != 2 {
		t.Fatalf("got notes %+v, want that of the reader and that of the split", f.Notes)
	}
	for _, n := range f.Notes {
		if n.Line != 2 || n.Title != f.Tasks[1].Task.Title {
			t.Errorf("got %+v, want a note on line 2 with the title of the first part", n)
		}
	}
}
