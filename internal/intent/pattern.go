package intent

import (
	"fmt"
	"strings"
)

// pattern is a form of sentences. Its text is a line of a language's table:
//
//	move: move|reschedule|push_back the? {name} to|until {when}
//
// The first word is the kind, or the name of a set for the slot {set} after "=". Words are separated by
// "|", phrases have "_" between their words, and "?" marks optional words. Slots are in braces; slot.go
// has their meaning.
type pattern struct {
	kind   Kind
	arg    string // after the kind: "priority/high"
	tokens []token
}

type token struct {
	slot     string
	phrases  [][]string
	optional bool
}

// parsePatterns returns the patterns of a table. The tables are constants, so that a bad line panics in every test.
func (l *language) parsePatterns(table string) (patterns []pattern) {
	for line := range strings.Lines(table) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		head, body, ok := strings.Cut(line, ": ")
		if !ok {
			panic(fmt.Sprintf("intent: no kind in the pattern %q", line))
		}
		kind, arg, _ := strings.Cut(head, "/")
		p := pattern{kind: Kind(kind), arg: arg}
		for text := range strings.FieldsSeq(body) {
			p.tokens = append(p.tokens, l.parseToken(text))
		}
		patterns = append(patterns, p)
	}
	return patterns
}

func (l *language) parseToken(text string) token {
	if slot, ok := strings.CutPrefix(text, "{"); ok {
		return token{slot: strings.TrimSuffix(slot, "}")}
	}
	bare := strings.TrimSuffix(text, "?")
	t := token{optional: bare != text}
	for alternative := range strings.SplitSeq(bare, "|") {
		var phrase []string
		for _, w := range l.split(strings.ReplaceAll(alternative, "_", " ")) {
			phrase = append(phrase, w.text)
		}
		t.phrases = append(t.phrases, phrase)
	}
	return t
}

// match compares words with the tokens of a pattern.
type match struct {
	*reader
	words []word
	slots map[string][]word
	// steps bounds the work of one pattern.
	steps int
}

// maxSteps is far above the steps of a real sentence. A sentence of repeated words would otherwise take
// seconds.
const maxSteps = 20_000

// try reports whether the tokens fit the words from i to the end, and keeps the words of the slots. A date
// takes as many words as it can, and a name as few.
func (m *match) try(tokens []token, i int) bool {
	if m.steps++; m.steps > maxSteps {
		return false
	}
	if len(tokens) == 0 {
		return i == len(m.words)
	}
	t, rest := tokens[0], tokens[1:]
	if t.slot != "" {
		for n := range len(m.words) - i {
			end := len(m.words) - n
			if t.slot == "name" || t.slot == "text" {
				end = i + 1 + n
			}
			if !m.holds(t.slot, m.words[i:end]) || !m.try(rest, end) {
				continue
			}
			if m.slots == nil {
				m.slots = map[string][]word{}
			}
			m.slots[t.slot] = m.words[i:end]
			return true
		}
		return false
	}
	for _, phrase := range t.phrases {
		if startsWith(m.words[i:], phrase) && m.try(rest, i+len(phrase)) {
			return true
		}
	}
	return t.optional && m.try(rest, i)
}

// holds returns fits, and remembers it: many patterns ask for the same words.
func (m *match) holds(slot string, words []word) bool {
	key := cacheKey{slot, words[0].start, words[len(words)-1].end}
	fits, known := m.cache[key]
	if !known {
		fits = m.fits(slot, words)
		m.cache[key] = fits
	}
	return fits
}

// fits reports whether a slot can hold words.
func (m *match) fits(slot string, words []word) bool {
	switch slot {
	case "name":
		return m.isName(words)
	case "when", "old", "span", "period":
		return len(words) <= maxWhen && m.readable(slot, words)
	case "prio":
		_, ok := m.lang.priorities[joined(words)]
		return ok
	case "tag", "tags":
		return m.tagsOf(words, slot == "tag") != nil
	case "set":
		_, ok := m.setOf(words)
		return ok
	case "text":
		return true
	}
	panic("intent: unknown slot " + slot)
}

// maxWhen is the largest number of words of a date: "in the afternoon of the 3rd of march 2027 at 9 am".
const maxWhen = 10
