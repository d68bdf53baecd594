package main

import (
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strings"

	"taskmaster/internal/phrase"
	"taskmaster/internal/task"
)

// conflict is a part of a task that was changed here and elsewhere at once.
type conflict struct {
	// Name is the part's in the API, Label what people call it. Mine and Theirs are its two versions, in words.
	Name   string `json:"name"`
	Label  string `json:"label"`
	Mine   string `json:"mine"`
	Theirs string `json:"theirs"`
}

// merged is what is to be saved, or what has to be decided before.
type merged struct {
	form      taskForm
	conflicts []conflict
}

// merge puts together what the visitor typed, and what the task is now. The form says what it was filled with (was), what the
// same browser made of it since or saw there (made), and, after a conflict, which version is kept (keep_title=mine or theirs).
func merge(mine, theirs taskForm, values url.Values) merged {
	was, made := readDigest(values.Get("was")), readDigest(values.Get("made"))
	m := merged{form: mine}
	typed, now := mine.fields(), theirs.fields()
	for _, name := range fieldNames {
		switch keep := values.Get("keep_" + name); {
		case typed[name] == now[name]:
		case keep == "theirs", keep == "" && digest(typed[name]) == was[name]:
			// It is theirs, or they alone changed it.
			m.form.take(name, theirs)
		case digest(now[name]) != was[name] && digest(now[name]) != made[name]:
			m.conflicts = append(m.conflicts, conflict{Name: name, Label: fieldLabels[name], Mine: mine.words(name), Theirs: theirs.words(name)})
		}
	}
	return m
}

var fieldLabels = map[string]string{
	"title": "Title", "description": "Notes", "due_at": "Due", "priority": "Priority", "tags": "Tags", "recurrence": "Repeats",
	"reminders": "Reminders",
}

// digest is a short stand-in for a text.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:6])
}

// digest returns the stand-ins for the parts of a form.
func (f taskForm) digest() string {
	fields := f.fields()
	var all []string
	for _, name := range fieldNames {
		all = append(all, digest(fields[name]))
	}
	return strings.Join(all, ".")
}

// readDigest returns the stand-ins by part, or nil when there are none, as in a form that was not ours.
func readDigest(text string) map[string]string {
	parts := strings.Split(text, ".")
	if len(parts) != len(fieldNames) {
		return nil
	}
	was := map[string]string{}
	for i, name := range fieldNames {
		was[name] = parts[i]
	}
	return was
}

// words says a part of a form.
func (f taskForm) words(name string) string {
	said := f.fields()[name]
	switch name {
	case "due_at":
		if f.Due == "" {
			return "no date"
		}
		return strings.Replace(f.Due, "T", " ", 1) + " (" + f.TimeZone + ")"
	case "recurrence":
		return f.repeatWords()
	case "reminders":
		var all []string
		for _, r := range f.Reminders {
			if r.At != "" {
				all = append(all, strings.Replace(r.At, "T", " ", 1))
			} else {
				all = append(all, r.N+" "+r.Unit+" before")
			}
		}
		said = strings.Join(all, ", ")
	}
	if said == "" {
		return "none"
	}
	return said
}

func (f taskForm) repeatWords() string {
	zone, err := task.LoadZone(f.TimeZone)
	if err != nil {
		return f.Repeat.text()
	}
	due, err := f.dueAt(zone)
	if err != nil {
		return f.Repeat.text()
	}
	recurrence, err := f.Repeat.recurrence(due, zone)
	if err != nil {
		return f.Repeat.text()
	}
	if recurrence == nil {
		return "never"
	}
	return phrase.Say(*recurrence, *due, zone)
}
