package main

import (
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strings"

	"taskmaster/internal/phrase"
	"taskmaster/internal/task"
)

// conflict is a part of a task that was changed here and elsewhere at the same time.
type conflict struct {
	// Name is the part's name in the API. Label is its name on the page. Mine and Theirs are its
	// two versions in words.
	Name   string `json:"name"`
	Label  string `json:"label"`
	Mine   string `json:"mine"`
	Theirs string `json:"theirs"`
}

// merged is the form to save, or the conflicts that the user has to resolve first.
type merged struct {
	form      taskForm
	conflicts []conflict
}

// merge combines the typed form with the current task. The field was holds the digest of the form's
// initial values. made holds the digest of values that the same browser saved or saw since. After a
// conflict, keep_title=mine or theirs names the version to keep.
func merge(mine, theirs taskForm, values url.Values) merged {
	was, made := readDigest(values.Get("was")), readDigest(values.Get("made"))
	m := merged{form: mine}
	typed, now := mine.fields(), theirs.fields()
	for _, name := range fieldNames {
		switch keep := values.Get("keep_" + name); {
		case typed[name] == now[name]:
		case keep == "theirs", keep == "" && digest(typed[name]) == was[name]:
			// The user chose the other version, or only others changed this part.
			m.form.take(name, theirs)
		case digest(now[name]) != was[name] && digest(now[name]) != made[name]:
			m.conflicts = append(m.conflicts, conflict{Name: name, Label: fieldLabels[name], Mine: mine.words(name), Theirs: theirs.words(name)})
		}
	}
	return m
}

var fieldLabels = map[string]string{
	"title": "Title", "description": "Notes", "due_at": "Due", "due_on": "Due", "priority": "Priority", "tags": "Tags", "recurrence": "Repeats",
	"reminders": "Reminders",
}

// digest returns a short hash of a text.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:6])
}

// digest returns the hashes of all parts of a form.
func (f taskForm) digest() string {
	fields := f.fields()
	var all []string
	for _, name := range fieldNames {
		all = append(all, digest(fields[name]))
	}
	return strings.Join(all, ".")
}

// readDigest returns the hashes by part. It returns nil for any text that formOf did not produce.
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

// words describes a part of a form.
func (f taskForm) words(name string) string {
	said := f.fields()[name]
	switch name {
	case "due_at":
		if f.Due == "" {
			return "no date"
		}
		if f.wholeDay() {
			return f.Due
		}
		return strings.Replace(f.Due, "T", " ", 1) + " (" + f.TimeZone + ")"
	case "recurrence":
		return f.repeatWords()
	case "reminders":
		var all []string
		for _, r := range f.Reminders {
			switch {
			case r.At != "":
				all = append(all, strings.Replace(r.At, "T", " ", 1))
			case r.Unit == "":
				all = append(all, r.N+" days before at "+r.Time)
			default:
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
	recurrence, err := f.recurrence(zone)
	if err != nil {
		return f.Repeat.text()
	}
	if recurrence == nil {
		return "never"
	}
	t, err := f.dueTask(zone)
	if err != nil {
		return f.Repeat.text()
	}
	t.Recurrence = recurrence
	return phrase.SayTask(t)
}
