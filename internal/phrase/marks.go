package phrase

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"taskmaster/internal/task"
)

// todoistPriorities are the priorities of Todoist. p4 is its usual one.
var todoistPriorities = map[string]task.Priority{"p1": task.PriorityHigh, "p2": task.PriorityMedium, "p3": task.PriorityLow, "p4": task.PriorityNone}

// readMarks reads words that begin with a sign: #home, !high, !1. With Todoist's signs, p1 and @home are
// some too.
func (p *parser) readMarks() {
	for i := range p.words {
		w := p.words[i]
		priority, ok := p.lang.priorities[w.text]
		if !ok && p.todoist {
			priority, ok = todoistPriorities[w.text]
		}
		if ok && p.out.Priority == "" {
			p.out.Priority = priority
			p.mark(KindPriority, i, i+1)
		}
		text := strings.TrimRight(p.line[w.start:w.end], punctuation)
		if label, found := strings.CutPrefix(text, "@"); p.todoist && found {
			text = "#" + label
		}
		tag, ok := tagOf(text)
		if !ok {
			continue
		}
		if !slices.Contains(p.out.Tags, tag) {
			if len(p.out.Tags) == task.MaxTags {
				continue
			}
			p.out.Tags = append(p.out.Tags, tag)
		}
		p.mark(KindTag, i, i+1)
	}
}

var (
	ticket = regexp.MustCompile(`^[A-Z][A-Z0-9]*[-_/]\d+$`)
	hex    = regexp.MustCompile(`^(?:[0-9a-fA-F]{3,4}|[0-9a-fA-F]{6,40})$`)
)

// tagOf returns a tag without its sign. A tag needs a letter, because #42 is usually a number in
// the title. Colours, tickets and commits (#ff0000, #TW-13, #a1b2c3d) are no tags.
func tagOf(text string) (string, bool) {
	tag, ok := strings.CutPrefix(text, "#")
	if !ok || tag == "" || utf8.RuneCountInString(tag) > task.MaxTag || isCode(tag) {
		return "", false
	}
	letters := false
	for _, c := range tag {
		letters = letters || unicode.IsLetter(c)
		if !unicode.IsLetter(c) && !unicode.IsNumber(c) && !unicode.IsMark(c) && !strings.ContainsRune("-_/", c) {
			return "", false
		}
	}
	return tag, letters
}

// isCode reports whether a text is a code rather than a word: the number of a ticket, a colour or a
// commit. #b2b and #dad are words, although they are hexadecimal.
func isCode(tag string) bool {
	if ticket.MatchString(tag) {
		return true
	}
	if !hex.MatchString(tag) {
		return false
	}
	count, same := 0, true
	for _, c := range tag {
		same = same && byte(c) == tag[0]
		if unicode.IsDigit(c) {
			count++
		}
	}
	return same || count > 0 && len(tag) > 4 || count > 1 || count == 1 && unicode.IsDigit(rune(tag[0]))
}
