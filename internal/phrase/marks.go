package phrase

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"taskmaster/internal/task"
)

// readMarks reads words that begin with a sign: #home, !high, !1.
func (p *parser) readMarks() {
	for i := range p.words {
		w := p.words[i]
		if priority, ok := english.priorities[w.text]; ok && p.out.Priority == "" {
			p.out.Priority = priority
			p.mark(KindPriority, i, i+1)
		}
		tag, ok := tagOf(strings.TrimRight(p.line[w.start:w.end], punctuation))
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

// tagOf returns a tag without its sign. A tag needs a letter, because #42 is usually a number in
// the title.
func tagOf(text string) (string, bool) {
	tag, ok := strings.CutPrefix(text, "#")
	if !ok || tag == "" || utf8.RuneCountInString(tag) > task.MaxTag {
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
