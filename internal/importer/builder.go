package importer

import (
	"fmt"
	"strings"

	"taskmaster/internal/task"
)

// Builder collects a task of a file, the paragraphs of its description and the messages about it.
type Builder struct {
	Task task.Task
	// Notes are messages about changed and omitted parts.
	Notes   []string
	written []string
}

// Write adds a paragraph to the description.
func (b *Builder) Write(paragraph string) {
	if paragraph = strings.TrimSpace(paragraph); paragraph != "" {
		b.written = append(b.written, paragraph)
	}
}

// maxNotes is the maximum number of messages about a task. Without it, a list of bad dates makes a
// message of each.
const maxNotes = 50

// Note adds a message about the task.
func (b *Builder) Note(format string, args ...any) {
	if len(b.Notes) == maxNotes {
		return
	}
	b.Notes = append(b.Notes, fmt.Sprintf(format, args...))
}

// Keep adds a value without a field to the description, and a message with the reason.
func (b *Builder) Keep(name, value, reason string) {
	b.written = append(b.written, name+": "+value)
	b.Note("%s: %q is in the description", reason, Shorten(value))
}

// Done returns the task with its description.
func (b *Builder) Done() task.Task {
	b.Task.Description, b.written = b.text(b.Task.Description), nil
	return b.Task
}

// text returns a description with the written paragraphs.
func (b *Builder) text(description string) string {
	if len(b.written) == 0 {
		return description
	}
	return strings.TrimSpace(description + "\n\n" + strings.Join(b.written, "\n\n"))
}

// Shorten cuts a text that a note quotes.
func Shorten(s string) string {
	const most = 80
	if runes := []rune(s[:min(len(s), 4*most)]); len(runes) > most || len(s) > 4*most {
		return string(runes[:min(len(runes), most)]) + "…"
	}
	return s
}
