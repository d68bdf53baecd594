package intent

import (
	"regexp"
	"slices"
	"strings"

	"taskmaster/internal/phrase"
)

// add returns the intent of a sentence that adds tasks.
func (r *reader) add(p pattern, slots map[string][]word) (Intent, bool) {
	if p.arg == "whole" {
		return r.added(r.sentence), true // package phrase knows "remind me to"
	}
	text := slots["text"]
	if len(text) == 0 {
		return Intent{Kind: Unknown, Wanted: Add, Missing: MissingName}, true
	}
	body := r.sentence[text[0].start:text[len(text)-1].end]
	if tags := slots["tags"]; tags != nil {
		body += " " + r.raw(tags)
	}
	return r.added(body), true
}

// lines returns the lines and the parts between semicolons of a sentence.
func (r *reader) lines() []string {
	return trimmed(regexp.MustCompile(`[;\n]`).Split(r.sentence, -1))
}

func trimmed(texts []string) []string {
	var kept []string
	for _, text := range texts {
		if text = strings.Trim(strings.TrimSpace(text), " :,-–•"); text != "" {
			kept = append(kept, text)
		}
	}
	return kept
}

// added returns the intent that adds the tasks of text. Its lines are tasks of their own. A list of single words is
// several tasks: "eggs and bread #groceries". A longer list can be one task, such as "call mum and dad".
func (r *reader) added(text string) Intent {
	lines := trimmed(strings.FieldsFunc(text, func(c rune) bool { return c == ';' || c == '\n' }))
	if len(lines) == 0 {
		return Intent{Kind: Unknown, Wanted: Add, Missing: MissingName}
	}
	if len(lines) > 1 {
		return Intent{Kind: Add, Sentences: lines}
	}
	line := lines[0]
	if r.request {
		line = strings.TrimRight(line, "? ")
	}
	parts, sure := r.list(line)
	switch {
	case parts == nil:
		return Intent{Kind: Add, Sentences: []string{line}}
	case sure:
		return Intent{Kind: Add, Sentences: parts}
	}
	return Intent{Kind: Add, Sentences: []string{line}, Parts: parts}
}

// list returns the tasks of a list, each with the date and the marks of the whole line, or nil. It
// reports whether the line is certainly a list.
func (r *reader) list(line string) (parts []string, sure bool) {
	draft, spans := phrase.Parse(line, r.Now, r.Zone, r.phraseOptions())
	if strings.ContainsAny(line, `"“”„«»`) || !strings.HasPrefix(line, draft.Title) {
		return nil, false // a date in the middle or before the list belongs to a part
	}
	var marks []string
	for _, s := range spans {
		marks = append(marks, line[s.Start:s.End])
	}
	list := &reader{Options: r.Options, lang: r.lang, sentence: draft.Title, words: r.lang.split(draft.Title)}
	items := list.parts(list.words)
	if len(items) < 2 {
		return nil, false
	}
	longest, commas := 0, strings.Contains(draft.Title, ",")
	for _, item := range items {
		longest = max(longest, len(list.bare(item)))
		parts = append(parts, strings.Join(append([]string{list.raw(item)}, marks...), " "))
	}
	for i, part := range parts {
		if d, _ := phrase.Parse(part, r.Now, r.Zone, r.phraseOptions()); d.Title != list.raw(items[i]) {
			return nil, false
		}
	}
	tagged := slices.ContainsFunc(spans, func(s phrase.Span) bool { return s.Kind == phrase.KindTag })
	switch {
	case longest == 1:
		return parts, true
	case longest == 2 && (tagged || commas && len(items) > 2):
		return parts, false
	}
	return nil, false
}
