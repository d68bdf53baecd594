package phrase

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// punctuation may follow a word without belonging to it.
const punctuation = ",.;:!?"

// word is a part of the line between blanks, or between the commas of a list.
type word struct {
	text       string          // in lower case without trailing punctuation; "" when it is quoted
	start, end int             // bytes of the line, including punctuation
	stop       bool            // punctuation follows
	glued      bool            // no blank precedes: "26" in "24-26"
	kind       Kind            // "" for words of the title
	phrases    [longest]string // the texts of the words from this one on, joined
}

// longest is the largest number of words in a phrase.
const longest = 6

// split returns the words of a line. Text in double quotes is one word. A range such as 3-4pm is
// three words.
func (l *language) split(line string) []word {
	var words []word
	for i := 0; i < len(line); {
		c, size := utf8.DecodeRuneInString(line[i:])
		if unicode.IsSpace(c) {
			i += size
			continue
		}
		end, quoted := wordEnd(line, i)
		if quoted {
			words = append(words, word{start: i, end: end})
		} else {
			for n, length := range l.divide(line[i:end]) {
				w := l.newWord(line, i, i+length)
				w.glued = n > 0
				words = append(words, w)
				i += length
			}
		}
		i = end
	}
	l.spellDays(words)
	for i := range words {
		phrase := words[i].text
		for n := range longest {
			words[i].phrases[n] = phrase
			if i+n+1 < len(words) {
				phrase += " " + words[i+n+1].text
			}
		}
	}
	return words
}

// spellDays replaces weekdays of two letters in a list of them, such as "mo we fr", by longer ones. A
// single one may be another word.
func (l *language) spellDays(words []word) {
	short := func(i int) bool { return i >= 0 && i < len(words) && l.shortDays[words[i].text] != "" }
	list := make([]bool, len(words))
	for i := range words {
		next := i + 1
		for next < len(words) && (l.and[words[next].text] || words[next].text == "-" && words[next].glued) {
			next++
		}
		if short(i) && short(next) {
			list[i], list[next] = true, true
		}
	}
	for i, listed := range list {
		if listed {
			words[i].text = l.shortDays[words[i].text]
		}
	}
}

func (l *language) newWord(line string, start, end int) word {
	lower := l.plain(line[start:end])
	w := word{text: strings.TrimRight(lower, punctuation), start: start, end: end}
	w.stop = w.text != lower
	if lower == w.text+"." && l.dotted[w.text] {
		w.stop = false // "Dec." and "Mon." do not end a clause
	}
	return w
}

func wordEnd(line string, start int) (end int, quoted bool) {
	for open, closing := range map[string]string{`"`: `"`, "“": "”"} {
		if inside, ok := strings.CutPrefix(line[start:], open); ok {
			if n := strings.Index(inside, closing); n >= 0 {
				start, quoted = start+len(open)+n+len(closing), true
				break
			}
		}
	}
	for i, c := range line[start:] {
		if unicode.IsSpace(c) {
			return start + i, quoted
		}
		if c == ',' && !quoted {
			if next, _ := utf8.DecodeRuneInString(line[start+i+1:]); unicode.IsLetter(next) {
				return start + i + 1, false
			}
		}
	}
	return len(line), quoted
}

// inRange matches one end of a range: 24, 24th, 24.12., 24.12.2026, 9:30, 3pm.
var inRange = regexp.MustCompile(`^\d{1,2}(?:st|nd|rd|th|[ap]m?|h|\.|\.\d{1,2}\.?(?:\d{4})?|[:.h]\d{2}(?:[ap]m?)?)?$`)

// timeList matches a list of times such as 8am/8pm and 9:00/17:00. It is divided so that the parser sees
// times that it does not read, and assumes nothing.
var timeList = regexp.MustCompile(`^\d{1,2}(?:[ap]m|[:h]\d{2}(?:[ap]m)?)(?:/\d{1,2}(?:[ap]m|[:h]\d{2}(?:[ap]m)?))+[,;:!?]*$`)

// divide returns the lengths of the words in a text without blanks: of 3-4pm, mon-fri, mon/wed/fri,
// @9:30 and ~9:30. Any other text is one word.
func (l *language) divide(text string) []int {
	for _, sign := range []string{"@", "~"} {
		rest, ok := strings.CutPrefix(text, sign)
		if !ok {
			continue
		}
		bare := l.plain(strings.TrimRight(rest, punctuation))
		if _, named := l.clocks[bare]; named || bare != "" && bare[0] >= '0' && bare[0] <= '9' {
			return []int{1, len(rest)}
		}
	}
	if rest, ok := strings.CutPrefix(l.plain(text), l.elided); ok && l.elided != "" && rest != "" && rest[0] >= 'a' && rest[0] <= 'z' {
		apostrophe := strings.IndexAny(text, "'’")
		_, size := utf8.DecodeRuneInString(text[apostrophe:])
		return []int{apostrophe + size, len(text) - apostrophe - size}
	}
	lower := strings.ToLower(text)
	for _, part := range l.compound {
		if n := strings.Index(lower, part); n > 0 && len(lower) == len(text) && strings.TrimRight(lower[n:], punctuation) == part {
			if _, ok := l.weekdays[lower[:n]]; ok {
				return []int{n, len(text) - n}
			}
		}
	}
	for _, sign := range []string{"-", "–", "/", "+", "&"} {
		parts, list := strings.Split(text, sign), sign != "-" && sign != "–"
		if len(parts) < 2 || len(parts) > 7 || !list && len(parts) != 2 {
			continue
		}
		var lengths []int
		kinds := map[int]bool{}
		for i, part := range parts {
			if i > 0 {
				lengths = append(lengths, len(sign))
			}
			lengths = append(lengths, len(part))
			kinds[l.rangeKind(part, i == len(parts)-1)] = true
		}
		if len(kinds) == 1 && !kinds[0] && (!list || kinds[2] || kinds[1] && timeList.MatchString(l.plain(text))) {
			return lengths
		}
	}
	return []int{len(text)}
}

// rangeKind returns 1 for a number, 2 for a weekday, 3 for a month and 0 for any other text.
func (l *language) rangeKind(text string, last bool) int {
	text = l.plain(text)
	if last {
		text = strings.TrimRight(text, ",;:!?")
	}
	bare := strings.TrimRight(text, ".")
	switch _, plural := l.weekdaysPlural[bare]; {
	case inRange.MatchString(text), last && inRange.MatchString(bare):
		return 1
	case plural:
		return 2
	}
	if _, ok := l.weekdays[bare]; ok || l.shortDays[bare] != "" {
		return 2
	}
	if _, ok := l.months[bare]; ok {
		return 3
	}
	return 0
}
