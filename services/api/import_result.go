package main

import (
	"fmt"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/task"
)

// Limits of the lists in the answer to an import.
const (
	maxNotes  = 500
	maxSample = 20
)

// newImportResult returns the answer to an import that added tasks.
func newImportResult(added []task.Task, entries int, notes []apiv1.ImportNote, dryRun bool) apiv1.ImportResult {
	result := apiv1.ImportResult{ImportCounts: apiv1.ImportCounts{Created: len(added), Skipped: entries - len(added)}, DryRun: dryRun,
		Sample: []apiv1.ImportSample{}, Notes: []apiv1.ImportNote{}}
	for _, t := range added[:min(len(added), maxSample)] {
		s := apiv1.ImportSample{Title: t.Title, Completed: t.Completed, DueAt: t.DueAt, DueOn: t.DueOn, TimeZone: t.TimeZone, Priority: t.Priority, Tags: t.Tags}
		if t.Recurrence != nil {
			s.RRule = t.Recurrence.RRule
		}
		result.Sample = append(result.Sample, s)
	}
	result.Notes = append(result.Notes, notes[:min(len(notes), maxNotes)]...)
	if more := len(notes) - maxNotes; more > 0 {
		result.Notes = append(result.Notes, apiv1.ImportNote{Message: fmt.Sprintf("there are %d more such notes", more)})
	}
	return result
}
