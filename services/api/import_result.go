package main

import (
	"fmt"
	"time"

	"taskmaster/internal/task"
)

// Limits of the lists in the answer to an import.
const (
	maxNotes  = 500
	maxSample = 20
)

// importResult is the answer to POST /import.
type importResult struct {
	importCounts
	// DryRun reports that nothing was added: the result is the one of a real import.
	DryRun bool `json:"dry_run"`
	// Sample holds the first tasks that were added.
	Sample []importSample `json:"sample"`
	// Notes list the changed and omitted parts, in the order of the file.
	Notes []importNote `json:"notes"`
}

type importCounts struct {
	Created int `json:"created"`
	// Skipped is the number of entries that the account has already.
	Skipped int `json:"skipped"`
}

// importNote describes a part of a file that was changed or omitted.
type importNote struct {
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	Title   string `json:"title,omitempty"`
	Message string `json:"message"`
}

type importSample struct {
	Title     string        `json:"title"`
	Completed bool          `json:"completed"`
	DueAt     *time.Time    `json:"due_at"`
	TimeZone  string        `json:"time_zone"`
	Priority  task.Priority `json:"priority"`
	Tags      []string      `json:"tags"`
	RRule     string        `json:"rrule,omitempty"`
}

func newImportResult(added []task.Task, entries int, notes []importNote, dryRun bool) importResult {
	result := importResult{importCounts: importCounts{Created: len(added), Skipped: entries - len(added)}, DryRun: dryRun,
		Sample: []importSample{}, Notes: []importNote{}}
	for _, t := range added[:min(len(added), maxSample)] {
		s := importSample{Title: t.Title, Completed: t.Completed, DueAt: t.DueAt, TimeZone: t.TimeZone, Priority: t.Priority, Tags: t.Tags}
		if t.Recurrence != nil {
			s.RRule = t.Recurrence.RRule
		}
		result.Sample = append(result.Sample, s)
	}
	result.Notes = append(result.Notes, notes[:min(len(notes), maxNotes)]...)
	if more := len(notes) - maxNotes; more > 0 {
		result.Notes = append(result.Notes, importNote{Message: fmt.Sprintf("there are %d more such notes", more)})
	}
	return result
}
