package ical

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"taskmaster/internal/importer"
	"taskmaster/internal/task"
)

// Read returns the VTODO components of iCalendar data in order. Times without a zone and times in UTC
// belong to the zone of the account. A task that is due on a date is due on the whole day. The
// key of a task is its UID. A task without a UID gets one from its content, and an exception to a series
// gets one of its own. Read fails for more than o.Limit tasks. Its error has code invalid and names the
// line.
func Read(data []byte, o importer.Options) (importer.File, error) {
	z, err := readZones(data, o.Zone)
	if err != nil {
		return importer.File{}, err
	}
	var file importer.File
	n, exceptions := others(data)
	if n > 0 {
		file.Notes = append(file.Notes, importer.Note{Message: fmt.Sprintf("%d events or journal entries are left out: only tasks are imported", n)})
	}
	var changed map[string][]property
	if exceptions {
		if changed, err = overrides(data); err != nil {
			return importer.File{}, err
		}
	}
	count := 0
	err = scan(data, "VTODO", func(c component) error {
		if count == o.Limit {
			return task.Errorf(task.CodeInvalid, "the file has more than %d tasks: split it", o.Limit)
		}
		count++
		if err := o.Stopped(); err != nil {
			return err
		}
		r := reader{zones: z, component: c, now: o.Now, kept: map[string]bool{}}
		if _, exception := c.get("RECURRENCE-ID"); !exception && len(changed) > 0 {
			uid := strings.TrimSpace(c.text("UID"))
			r.changed = changed[uid]
			delete(changed, uid) // Another series of the same UID keeps its dates.
		}
		if read := r.task(); !r.replaced {
			file.Add(read, r.b.Notes)
		}
		return nil
	})
	return file, err
}

// reader turns one VTODO into a task and collects its errors.
type reader struct {
	zones
	component
	now time.Time
	t   task.Task
	// started reports whether DTSTART became the due date.
	started bool
	// changed are the RECURRENCE-ID of the entries for single dates of the series. replaced reports
	// whether there are such entries for all dates of the series.
	changed  []property
	replaced bool
	// b collects the parts that are left out, and messages about them.
	b importer.Builder
	// kept are the names and lines of the properties in b.
	kept map[string]bool
}

// keep leaves a property out that cannot be read. The description keeps its value.
func (r *reader) keep(c component, name string, err error) {
	key := fmt.Sprint(name, " ", c.line)
	if p, ok := c.get(name); ok && !r.kept[key] {
		r.kept[key] = true
		r.b.Keep(p.head(), p.value, err.Error())
	}
}

// at reads a time. It returns nil if there is none.
func (r *reader) at(name string) *moment {
	m, ok, err := r.moment(r.component, name)
	if err != nil {
		r.keep(r.component, name, err)
	}
	if !ok {
		return nil
	}
	return &m
}

func (r *reader) task() importer.Task {
	r.words()
	due := r.dueDate()
	r.completion()
	r.reminders()
	r.recurrence(due)
	if created := r.at("CREATED"); created != nil {
		r.t.CreatedAt = created.at.UTC()
	}
	r.series()
	r.leftOut()
	r.b.Task = r.t
	read := importer.Task{Key: r.uid(), Line: r.line, Task: r.b.Done()}
	if id, err := uuid.Parse(r.text(propID)); err == nil {
		read.ID = id
	} else if id, err := uuid.Parse(read.Key); err == nil {
		read.ID = id
	}
	if uid := strings.TrimSpace(r.text("UID")); uid == read.Key && uid != read.ID.String() {
		read.Task.UID = uid
	}
	return read
}

// maxCompared is the size in bytes up to which a description is searched for a text that is added to
// it. Without it, a large description and many texts take quadratic time.
const maxCompared = 64 << 10

// words reads title, description, tags and priority.
func (r *reader) words() {
	r.t.Title = strings.TrimSpace(r.text("SUMMARY"))
	parts := []string{r.text("DESCRIPTION")}
	var own string
	if r.decode(propDescription, &own) && written(own) == parts[0] {
		parts[0] = own
	}
	size := len(parts[0])
	for _, p := range r.properties {
		switch {
		case p.name == "LOCATION", p.name == "URL", p.name == "COMMENT", p.name == "ATTACH" && isLink(p.value):
		default:
			continue
		}
		extra := strings.TrimSpace(unescape(p.value))
		if size > maxCompared || !slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(part, extra) }) {
			parts, size = append(parts, extra), size+len(extra)
		}
	}
	if parts[0] == "" {
		parts = parts[1:]
	}
	r.t.Description = strings.Join(parts, "\n")
	if r.t.Title == "" {
		r.t.Title = "Untitled"
	}
	r.t.Tags = []string{}
	for _, p := range r.properties {
		if p.name != "CATEGORIES" {
			continue
		}
		for _, tag := range splitList(p.value) {
			if tag = strings.TrimSpace(tag); tag != "" {
				r.t.Tags = append(r.t.Tags, tag)
			}
		}
	}
	p, _ := r.get("PRIORITY")
	switch n, _ := strconv.Atoi(strings.TrimSpace(p.value)); {
	case n >= 1 && n <= 4:
		r.t.Priority = task.PriorityHigh
	case n == 5:
		r.t.Priority = task.PriorityMedium
	case n >= 6 && n <= 9:
		r.t.Priority = task.PriorityLow
	default:
		r.t.Priority = task.PriorityNone
	}
}

// dueDate reads DUE or its substitute, and the time zone. It returns the value that became the due
// date.
func (r *reader) dueDate() *moment {
	due, start := r.at("DUE"), r.at("DTSTART")
	from := due
	if from == nil {
		from, r.started = start, true
	}
	if _, repeats := r.get("RRULE"); repeats && start != nil && due != nil && r.namesDays() && !sameDate(*start, *due) {
		// The days of the rule belong to DTSTART.
		from, r.started = start, true
	}
	r.t.TimeZone = r.accountName
	if from == nil {
		r.ownZone()
		return nil
	}
	at := from.at
	if length, ok := r.get("DURATION"); ok && due == nil {
		d, ok := ParseDuration(length.value)
		if !ok {
			r.keep(r.component, "DURATION", errors.New("DURATION is not one such as PT1H"))
		}
		at = from.at.Add(d)
	}
	if from.allDay { // in the account's zone
		r.t.DueOn = new(task.DateOf(at.In(r.account)))
		return from
	}
	r.t.DueAt = &at
	if from.zone != "" {
		r.t.TimeZone = from.zone
	} else {
		r.ownZone()
	}
	return from
}

// ownZone uses the time zone that Writer wrote.
func (r *reader) ownZone() {
	if name := r.text(propTimeZone); name != "" {
		r.t.TimeZone = name
	}
}

func sameDate(a, b moment) bool { return a.at.Format(formDate) == b.at.Format(formDate) }

// completion reads whether and when the task was completed. A cancelled task is completed too,
// because nobody will do it.
func (r *reader) completion() {
	status := strings.ToUpper(strings.TrimSpace(r.text("STATUS")))
	at := r.at("COMPLETED")
	percent, _ := r.get("PERCENT-COMPLETE")
	switch {
	case status == "COMPLETED" || status == "CANCELLED":
	case status == "" && (at != nil || strings.TrimSpace(percent.value) == "100"):
	default:
		return
	}
	for _, name := range []string{"LAST-MODIFIED", "DTSTAMP"} {
		if at == nil {
			at = r.at(name)
		}
	}
	if at == nil {
		at = &moment{at: r.now}
	}
	r.t.Completed, r.t.CompletedAt = true, &at.at
	if status == "CANCELLED" {
		r.t.Tags = append(r.t.Tags, "cancelled")
	}
}

// series reads the properties that only this system writes. It ignores values that other programs
// damaged.
func (r *reader) series() {
	if id, err := uuid.Parse(r.text(propSeries)); err == nil {
		r.t.SeriesID = &id
	}
	if at, err := time.Parse(time.RFC3339Nano, r.text(propOccurrence)); err == nil {
		r.t.Occurrence = &at
	}
	if at, err := time.Parse(time.RFC3339Nano, r.text(propSnoozedUntil)); err == nil && !r.t.Completed {
		r.t.SnoozedUntil = &at
	}
}

func (r *reader) uid() string {
	uid := strings.TrimSpace(r.text("UID"))
	if uid == "" {
		h := sha256.New()
		for _, p := range r.properties {
			fmt.Fprintf(h, "%q %q\n", p.name, p.value)
		}
		uid = fmt.Sprintf("without uid %x", h.Sum(nil))
	}
	if exception, ok := r.get("RECURRENCE-ID"); ok {
		uid += " " + exception.value
	}
	return uid
}

// maxJSON is the largest JSON that Writer wrote, in bytes. A larger list of empty elements would take
// many times its size in memory.
const maxJSON = 64 << 10

// decode reads JSON that Writer wrote. It returns false if the property is missing or damaged.
func (r *reader) decode(name string, v any) bool {
	p, ok := r.get(name)
	if !ok || len(p.value) > maxJSON {
		return false
	}
	d := json.NewDecoder(bytes.NewReader([]byte(unescape(p.value))))
	d.DisallowUnknownFields()
	return d.Decode(v) == nil
}
