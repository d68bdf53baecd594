package intent

import (
	"slices"
	"strings"
	"unicode"

	"taskmaster/internal/phrase"
)

// The slots of patterns:
//
//	{name}    a part of a task's title
//	{set}     several tasks: "all overdue tasks", "everything tagged #home"
//	{when}    a day or a time; {old} is one that the task leaves
//	{span}    a length of time: "an hour", "2 days"
//	{period}  the days of a question: "this week"
//	{prio}    a priority
//	{tag}     one tag, with or without #; {tags} are several with #
//	{text}    any words

// maxName is the largest number of words of a name.
const maxName = 20

// isName reports whether words can be the name of a task. Words with a date in them can be misread: "done with
// milk tomorrow".
func (r *reader) isName(words []word) bool {
	if r.lang.last[joined(words)] {
		return true
	}
	words = r.bare(words)
	if len(words) == 0 || len(words) > maxName || r.lang.all[words[0].text] || r.lang.negations[words[0].text] {
		return false
	}
	if r.lang.joins[words[len(words)-1].text] && !quoted(r.raw(words)) {
		return false
	}
	if slices.ContainsFunc(words, func(w word) bool { return strings.HasPrefix(w.text, "#") }) {
		return false
	}
	if !strings.ContainsFunc(joined(words), func(c rune) bool { return unicode.IsLetter(c) || unicode.IsDigit(c) }) {
		return false
	}
	if quoted(r.raw(words)) {
		return true
	}
	_, spans := phrase.Parse(r.raw(words), r.Now, r.Zone, r.phraseOptions())
	return len(spans) == 0
}

// bare removes articles and fillers around a name.
func (r *reader) bare(words []word) []word {
	for len(words) > 0 && (r.lang.articles[words[0].text] || len(words) > 1 && r.lang.fillers[words[0].text]) {
		words = words[1:]
	}
	for len(words) > 1 && r.lang.fillers[words[len(words)-1].text] {
		words = words[:len(words)-1]
	}
	return words
}

var quotes = [][2]string{{`"`, `"`}, {"“", "”"}, {"„", "“"}, {"«", "»"}, {"'", "'"}}

func quoted(text string) bool {
	return slices.ContainsFunc(quotes, func(q [2]string) bool {
		return strings.HasPrefix(text, q[0]) && strings.HasSuffix(text, q[1]) && len(text) > len(q[0])+len(q[1])
	})
}

func unquote(text string) string {
	for _, q := range quotes {
		if quoted(text) && strings.HasPrefix(text, q[0]) {
			return strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(text, q[0]), q[1]))
		}
	}
	return text
}

// target returns the target that the words of {name} mean.
func (r *reader) target(words []word) Target {
	if r.lang.last[joined(words)] {
		return Target{Last: true}
	}
	words = r.bare(words)
	t := Target{Name: unquote(r.raw(words))}
	if t.Name != r.raw(words) {
		return t // the parts of a quoted name belong together
	}
	for _, part := range r.parts(words) {
		if part = r.bare(part); len(part) > 0 {
			t.Names = append(t.Names, r.raw(part))
		}
	}
	if len(t.Names) < 2 {
		t.Names = nil
	}
	return t
}

// parts divides words at "and" and after commas.
func (r *reader) parts(words []word) (parts [][]word) {
	first := 0
	for i, w := range words {
		switch {
		case r.lang.and[w.text]:
			parts = append(parts, words[first:i])
			first = i + 1
		case i+1 < len(words) && strings.HasSuffix(r.sentence[w.start:w.end], ","):
			parts = append(parts, words[first:i+1])
			first = i + 1
		}
	}
	parts = append(parts, words[first:])
	return slices.DeleteFunc(parts, func(p []word) bool { return len(p) == 0 })
}

// setOf returns the target that words such as "all overdue tasks" mean.
func (r *reader) setOf(words []word) (Target, bool) {
	for _, p := range r.lang.sets {
		m := match{reader: r, words: words}
		if !m.try(p.tokens, 0) {
			continue
		}
		switch p.kind {
		case "=overdue":
			return Target{Overdue: true}, true
		case "=today":
			return Target{Today: true}, true
		case "=tag":
			for _, slot := range []string{"tag", "tags"} {
				if tags := r.tagsOf(m.slots[slot], slot == "tag"); len(tags) == 1 {
					return Target{Tag: tags[0]}, true
				}
			}
		default: // the others name no group
		}
	}
	return Target{}, false
}

// tagsOf returns the tags that words name, or nil. A tag without # is one word.
func (r *reader) tagsOf(words []word, one bool) (tags []string) {
	if one && len(words) != 1 {
		return nil
	}
	for _, w := range words {
		if r.lang.and[w.text] && len(tags) > 0 {
			continue
		}
		raw := strings.Trim(r.raw([]word{w}), punctuation)
		tag, marked := strings.CutPrefix(raw, "#")
		if !marked && !one || tag == "" || strings.Contains(tag, "#") || !strings.ContainsFunc(tag, unicode.IsLetter) {
			return nil
		}
		tags = append(tags, tag)
	}
	return tags
}

// build returns the intent of a pattern whose slots are filled.
func (r *reader) build(p pattern, slots map[string][]word) (Intent, bool) {
	if p.arg == "name" {
		return Intent{Kind: Unknown, Wanted: p.kind, Missing: MissingName}, true
	}
	found := Intent{Kind: p.kind}
	if words := slots["name"]; words != nil {
		found.Target = r.target(words)
	}
	if words := slots["set"]; words != nil {
		found.Target, _ = r.setOf(words)
	}
	if words := slots["prio"]; words != nil {
		found.Priority = r.lang.priorities[joined(words)]
	}
	for _, slot := range []string{"tag", "tags"} {
		if words := slots[slot]; words != nil {
			found.NewTags = r.tagsOf(words, slot == "tag")
		}
	}
	if words := slots["when"]; words != nil {
		found.Due, found.Clock = r.when(words)
	}
	if words := slots["span"]; words != nil {
		shift, _ := r.span(words)
		found.Shift = shift
	}
	if words := slots["period"]; words != nil {
		found.From, found.To, _ = r.period(words)
	}
	switch p.kind {
	case Add:
		return r.add(p, slots)
	case Due:
		if p.arg == "today" {
			found.From, found.To = r.day(0), r.day(0)
		}
	case Prioritary:
		found.Priority = "high"
	case Prioritize:
		if found.Priority == "" {
			found.Priority = p.arg
		}
	case Tagged:
		if len(found.NewTags) != 1 {
			return Intent{}, false
		}
		found.Target.Tag, found.NewTags = found.NewTags[0], nil
	case Snooze:
		return r.snooze(found)
	case Move:
		if p.arg == "earlier" {
			found.Shift = Shift{-found.Shift.Days, -found.Shift.Minutes}
		}
		if found.Due == "" && found.Clock == "" && found.Shift == (Shift{}) {
			return Intent{Kind: Unknown, Wanted: Move, Target: found.Target, Missing: MissingWhen}, true
		}
	default: // the others have all they need
	}
	return found, true
}

// snooze turns a length of time or a time of day into the instant of a reminder.
func (r *reader) snooze(found Intent) (Intent, bool) {
	switch {
	case found.Shift != (Shift{}):
		at := r.Now.In(r.Zone).AddDate(0, 0, found.Shift.Days)
		if found.Shift.Minutes != 0 {
			at = r.Now.Add(minutes(found.Shift.Minutes)).In(r.Zone)
		}
		found.Due = at.Format(minuteLayout)
	case found.Clock != "":
		found.Due = r.next(found.Clock)
	case found.Due == "":
		return Intent{Kind: Unknown, Wanted: Snooze, Target: found.Target, Missing: MissingWhen}, true
	case len(found.Due) == len("2026-12-31"):
		found.Due += "T09:00"
	}
	found.Clock, found.Shift = "", Shift{}
	return found, true
}
