// Package importertest checks the results of the readers of files in tests.
package importertest

import (
	"testing"

	"taskmaster/internal/importer"
	"taskmaster/internal/task"
)

// Bounds on the text that a reader returns for a file, in bytes. A reader that repeats a part of a file
// for each of its lines would take all memory for a file of a few megabytes.
const (
	mostPerByte = 100
	mostAtLeast = 16 << 10
)

// Check fails the test if a file of a size is refused with an error that is not for callers, if a task
// is not valid or has no key, or if the reader returns more text or tasks than its bounds.
func Check(t *testing.T, file importer.File, err error, size, limit int) {
	t.Helper()
	if err != nil && task.ErrorCode(err) != task.CodeInvalid {
		t.Fatalf("got the error %v, want one with code invalid", err)
	}
	text := 0
	for _, x := range file.Tasks {
		if x.Key == "" {
			t.Fatalf("line %d: the task has no key", x.Line)
		}
		text += len(x.Task.Title) + len(x.Task.Description)
		for _, tag := range x.Task.Tags {
			text += len(tag)
		}
		x.Task.Normalize()
		if err := x.Task.Validate(); err != nil {
			t.Fatalf("line %d: the task %+v is not valid: %v", x.Line, x.Task, err)
		}
	}
	for _, note := range file.Notes {
		text += len(note.Message)
	}
	if most := mostAtLeast + mostPerByte*size; text > most {
		t.Errorf("got %d bytes of text from a file of %d, want at most %d", text, size, most)
	}
	if most := limit + size/task.MaxDescription; len(file.Tasks) > most {
		t.Errorf("got %d tasks from a file of %d bytes, want at most %d", len(file.Tasks), size, most)
	}
}
