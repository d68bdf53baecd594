package phrase

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// punctuation may follow a word without being part of it.
const punctuation = ",.;:!?"

// word is a part of the line between blanks, or between commas in a list.
type word struct {
	text       string // in lower case, without punctuation after it; "" when it is quoted
	start, end int    // bytes of the line, punctuation included
	stop       bool   // punctuation follows
	kind       Kind   // "" is the title
}

// split returns the words of a line. Something in double quotes is one.
func split(line string) []word {
	var words []word
	for i := 0; i < len(line); {
		c, size := utf8.DecodeRuneInString(line[i:])
		if unicode.IsSpace(c) {
			i += size
			continue
		}
		end, quoted := wordEnd(line, i)
		w := word{start: i, end: end}
		if !quoted {
			lower := strings.ToLower(line[i:end])
			w.text = strings.TrimRight(lower, punctuation)
			w.stop = w.text != lower
		}
		words = append(words, w)
		i = end
	}
	return words
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

// parser is a line that is being read, and what it has said so far.
type parser struct {
	line  string
	words []word
	now   time.Time
	today time.Time // midnight, as a wall time
	zone  *time.Location
	order DateOrder
	said
	out Draft
}

// said is what the line says of time.
type said struct {
	date      *date
	clock     *clock
	part      *part
	instant   *time.Time // of "in 2 hours"
	rule      *rule
	afterDone bool
	count     int
	until     *date // the last day
	during    *amount
	before    []int // minutes
	remindAt  *clock
}

func newParser(line string, now time.Time, zone *time.Location, o Options) *parser {
	here := now.In(zone)
	return &parser{
		line: line, words: split(line), now: now, zone: zone, order: o.DateOrder,
		today: time.Date(here.Year(), here.Month(), here.Day(), 0, 0, 0, 0, time.UTC),
		out:   Draft{TimeZone: zone.String()},
	}
}

// free says whether a word can still be understood as something.
func (p *parser) free(i int) bool {
	return i >= 0 && i < len(p.words) && p.words[i].kind == "" && p.words[i].text != ""
}

// text returns a free word, or "".
func (p *parser) text(i int) string {
	if !p.free(i) {
		return ""
	}
	return p.words[i].text
}

func (p *parser) mark(kind Kind, from, to int) {
	for i := from; i < to; i++ {
		p.words[i].kind = kind
	}
}

// find looks up the longest phrase of a table that stands at i, and returns the index after it, or 0.
func find[T any](p *parser, table map[string]T, i int) (found T, next int) {
	const longest = 5
	phrase := ""
	for j := i; j < i+longest && p.free(j); j++ {
		phrase += p.words[j].text
		if value, ok := table[phrase]; ok {
			found, next = value, j+1
		}
		if p.words[j].stop {
			break
		}
		phrase += " "
	}
	return found, next
}

// is returns the index after a phrase of a set, or 0.
func (p *parser) is(i int, phrases map[string]bool) int {
	_, next := find(p, phrases, i)
	return next
}

// skip returns the index after a phrase of a set, or i when there is none.
func (p *parser) skip(i int, phrases map[string]bool) int { return max(i, p.is(i, phrases)) }

// title joins what was not understood.
func (p *parser) title() string {
	var parts []string
	for i := 0; i < len(p.words); i++ {
		first := i
		for i < len(p.words) && p.words[i].kind == "" {
			i++
		}
		if i > first {
			parts = append(parts, p.line[p.words[first].start:p.words[i-1].end])
		}
	}
	title := strings.Join(parts, " ")
	if n := len(p.words); n > 0 && p.words[n-1].kind != "" {
		title = strings.TrimRightFunc(title, joins)
	}
	return title
}

// joins says whether a character is of no use at the end of a title, where it led to what was understood.
func joins(c rune) bool { return unicode.IsSpace(c) || strings.ContainsRune(",;:-–", c) }

// spans returns what was understood; neighbours of one kind are one span, tags excepted.
func (p *parser) spans() []Span {
	var spans []Span
	for i, w := range p.words {
		switch {
		case w.kind == "":
		case i > 0 && w.kind == p.words[i-1].kind && w.kind != KindTag:
			spans[len(spans)-1].End = w.end
		default:
			spans = append(spans, Span{w.kind, w.start, w.end})
		}
	}
	return spans
}
