package todoist

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"taskmaster/internal/importer"
	"taskmaster/internal/phrase"
	"taskmaster/internal/task"
)

// maxDate is the maximum length of a readable date, in characters.
const maxDate = 200

// zone returns the time zone of a line. It returns an error if the line's zone is unknown, together
// with the account's zone.
func (r *reader) zone(x row) (*time.Location, error) {
	account, err := task.LoadZone(r.o.Zone)
	if err != nil {
		account = time.UTC
	}
	name := x.get("TIMEZONE")
	if name == "" {
		return account, nil
	}
	_, zone, ok := importer.FindZone(name)
	if !ok {
		return account, fmt.Errorf("the time zone %q is not known, %s was taken", name, account)
	}
	return zone, nil
}

// due reads DATE, or DEADLINE if there is no date. It keeps unreadable text in the description.
func (p *pending) due(now time.Time, zone *time.Location) {
	date, deadline := p.get("DATE"), p.get("DEADLINE")
	if date != "" && !p.readDate(date, now, zone) {
		reason := "the date cannot be read"
		if language := p.get("DATE_LANG"); language != "" && !strings.HasPrefix(language, "en") {
			reason += fmt.Sprintf(", its language is %q", language)
		}
		p.keep("Date", date, reason)
	}
	switch {
	case deadline == "":
	case date == "" && p.readDate(deadline, now, zone):
		p.changed = append(p.changed, fmt.Sprintf("has a deadline and no date: it is due at the deadline, %q", deadline))
	default:
		p.keep("Deadline", deadline, "tasks have no deadline besides the date on which they are due")
	}
}

// readDate parses a date of the file: ISO 8601 or typed text.
func (p *pending) readDate(text string, now time.Time, zone *time.Location) bool {
	if day, err := time.Parse(time.DateOnly, text); err == nil && inRange(day) {
		p.task.DueOn = new(task.DateOf(day))
		return true
	}
	if at, ok := iso(text, zone); ok {
		p.task.DueAt = &at
		return true
	}
	if utf8.RuneCountInString(text) > maxDate {
		return false
	}
	language, _, _ := strings.Cut(strings.ToLower(p.get("DATE_LANG")), "_")
	typed, afterDone := text, false
	if !slices.Contains(phrase.Languages[1:], language) {
		typed, afterDone = dialect(text)
	}
	const title = "task"
	draft, _ := phrase.Parse(title+" "+typed, now, zone, phrase.Options{Language: language})
	if draft.Title != title || draft.DueAt == nil && draft.DueOn == nil || len(draft.Tags) > 0 || draft.Priority != "" || draft.Reminders != nil {
		return false // the text contains more than a date
	}
	p.task.DueAt, p.task.DueOn, p.task.Recurrence = draft.DueAt, draft.DueOn, draft.Recurrence
	if afterDone && draft.Recurrence != nil {
		p.task.Recurrence.Anchor = task.AnchorCompletion
	}
	return true
}

// dialects are phrases of Todoist with their equivalents in internal/phrase.
var dialects = []struct {
	todoist *regexp.Regexp
	phrase  string
}{
	{regexp.MustCompile(`^ev `), "every "},
	{regexp.MustCompile(`^tom\b`), "tomorrow"},
	{regexp.MustCompile(` @ `), " at "},
	{regexp.MustCompile(` ending `), " until "},
	// Sat 7 Nov is 7 Nov.
	{regexp.MustCompile(`^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]* (\d{1,2} [a-z]{3}|[a-z]{3,9} \d{1,2}\b)`), "$1"},
	// Every 27 is a day of the month. Every 2nd friday is the second Friday of the month, like
	// every 3rd friday.
	{regexp.MustCompile(`^every (1|21|31)( at .*)?$`), "every ${1}st$2"},
	{regexp.MustCompile(`^every (2|22)( at .*)?$`), "every ${1}nd$2"},
	{regexp.MustCompile(`^every (3|23)( at .*)?$`), "every ${1}rd$2"},
	{regexp.MustCompile(`^every (\d{1,2})( at .*)?$`), "every ${1}th$2"},
	{regexp.MustCompile(`^every 2nd ((?:mon|tue|wed|thu|fri|sat|sun)[a-z]*)`), "every 2nd $1 of the month"},
}

// dialect converts a date of Todoist to one that internal/phrase reads. "every! 3 days" and "after
// 3 days" count from the completion.
func dialect(text string) (typed string, afterDone bool) {
	typed = strings.Join(strings.Fields(strings.ToLower(text)), " ")
	if rest, ok := strings.CutPrefix(typed, "after "); ok {
		typed, afterDone = "every "+rest, true
	}
	if strings.Contains(typed, "every!") {
		typed, afterDone = strings.ReplaceAll(typed, "every!", "every"), true
	}
	for _, d := range dialects {
		typed = d.todoist.ReplaceAllString(typed, d.phrase)
	}
	return typed, afterDone
}

// iso parses a local time or an instant.
func iso(text string, zone *time.Location) (time.Time, bool) {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, inRange(at)
	}
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04"} {
		if at, err := time.ParseInLocation(layout, text, zone); err == nil {
			return at, inRange(at)
		}
	}
	return time.Time{}, false
}

func inRange(t time.Time) bool { return t.Year() >= 1971 && t.Year() <= 9998 }
