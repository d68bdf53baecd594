package task

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Fit makes a task of another program keep the limits, and returns a description of each change. It
// loses no text. The excess of a title or of tags moves to the description. The excess of a
// description moves to further tasks after the task. Only reminders beyond MaxReminders are
// dropped.
func Fit(t Task) (fitted []Task, changed []string) {
	var moved []string
	t.Title, t.Description = clean(t.Title), clean(t.Description)
	title := dropHidden(strings.Join(strings.Fields(t.Title), " "))
	if !isVisible(title) {
		title = "Untitled"
		changed = append(changed, "had no title")
	}
	if utf8.RuneCountInString(title) > MaxTitle {
		moved = append(moved, title)
		title = cut(title, MaxTitle-1) + "…"
		changed = append(changed, fmt.Sprintf("the title is longer than %d characters: the whole of it is in the description", MaxTitle))
	}
	t.Title = title

	var tags, others []string
	for _, tag := range t.Tags {
		tag = strings.Join(strings.Fields(strings.TrimPrefix(strings.TrimSpace(clean(tag)), "#")), " ")
		switch {
		case tag == "" || slices.Contains(tags, tag):
		case utf8.RuneCountInString(tag) > MaxTag || len(tags) == MaxTags:
			others = append(others, tag)
		default:
			tags = append(tags, tag)
		}
	}
	t.Tags = tags
	if len(others) > 0 {
		moved = append(moved, "Tags: "+strings.Join(others, ", "))
		changed = append(changed, fmt.Sprintf("tags beyond %d, or longer than %d characters, are in the description", MaxTags, MaxTag))
	}
	if len(t.Reminders) > MaxReminders {
		t.Reminders = t.Reminders[:MaxReminders]
		changed = append(changed, fmt.Sprintf("reminders beyond %d are left out", MaxReminders))
	}
	t.Description = strings.TrimSpace(strings.Join(append([]string{t.Description}, moved...), "\n\n"))
	return fitDescription(t, changed)
}

// fitDescription moves the excess of a description to further tasks.
func fitDescription(t Task, changed []string) ([]Task, []string) {
	rest := []rune(t.Description)
	if len(rest) <= MaxDescription {
		return []Task{t}, changed
	}
	t.Description = string(rest[:MaxDescription])
	fitted := []Task{t}
	for rest = rest[MaxDescription:]; len(rest) > 0; rest = rest[min(len(rest), MaxDescription):] {
		more := Task{
			Title:       cut(t.Title, MaxTitle-30) + fmt.Sprintf(" (more notes, part %d)", len(fitted)+1),
			Description: string(rest[:min(len(rest), MaxDescription)]),
			Completed:   t.Completed, CompletedAt: t.CompletedAt, Tags: t.Tags, TimeZone: t.TimeZone, CreatedAt: t.CreatedAt, Reminders: []Reminder{},
		}
		fitted = append(fitted, more)
	}
	return fitted, append(changed, fmt.Sprintf("the notes are longer than %d characters: the rest is in further tasks", MaxDescription))
}

// clean removes the characters that storable refuses.
func clean(s string) string { return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "") }

// cut returns the first n characters.
func cut(s string, n int) string {
	if runes := []rune(s); len(runes) > n {
		return strings.TrimSpace(string(runes[:n]))
	}
	return s
}
