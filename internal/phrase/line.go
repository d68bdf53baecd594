package phrase

import (
	"strings"
	"time"
	"unicode"
)

// parser holds a line and the results so far.
type parser struct {
	line  string
	lang  *language
	words []word
	now   time.Time
	today time.Time // midnight as a wall time
	zone  *time.Location
	order DateOrder
	first time.Weekday // of the week
	day   *time.Time   // the default day, at midnight as a wall time
	// titleCase reports whether all words of the line are capitalised.
	titleCase bool
	// todoist reports whether the signs of Todoist are read too.
	todoist bool
	// asking reports whether the line begins with "remind me".
	asking bool
	said
	out Draft
}

// said holds the dates and times that the line names.
type said struct {
	date      *date
	clock     *clock
	others    []clock        // further times of a recurrence: "at 9am and 5pm"
	clockAt   int            // the index of the time, or -1
	clockZone *time.Location // of the time, or nil
	zoneName  string
	part      *part
	instant   *time.Time // of "in 2 hours"
	rule      *rule
	afterDone bool
	count     int
	until     *date // the last day
	during    *amount
	before    []amount
	remind    *remind
	began     bool // the range of days of a recurrence began before today
	conflict  bool // the parts of a date contradict each other: "tuesday 7 december"
}

func newParser(line string, now time.Time, zone *time.Location, o Options) *parser {
	l := languageOf(o.Language)
	p := &parser{
		line: line, lang: l, words: l.split(line), now: now, zone: zone, order: o.DateOrder, first: time.Monday,
		today: midnight(now.In(zone)),
		out:   Draft{TimeZone: zone.String()},
		said:  said{clockAt: -1}, todoist: o.TodoistSigns,
	}
	if l.dayFirst {
		p.order = DayMonth
	}
	if o.WeekStart != nil {
		p.first = *o.WeekStart
	}
	p.titleCase, p.asking = p.inTitleCase(), p.is(0, l.remindMe) > 0
	if !o.Day.IsZero() {
		day := midnight(o.Day)
		p.day = &day
	}
	return p
}

// midnight returns the start of a time's date as a wall time.
func midnight(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
}

// free reports whether the word at i has not been taken yet.
func (p *parser) free(i int) bool {
	return i >= 0 && i < len(p.words) && p.words[i].kind == "" && p.words[i].text != ""
}

// text returns the word at i if it is free, or "".
func (p *parser) text(i int) string {
	if !p.free(i) {
		return ""
	}
	return p.words[i].text
}

// raw returns the word at i as it is written, or "".
func (p *parser) raw(i int) string {
	if !p.free(i) {
		return ""
	}
	return p.line[p.words[i].start:p.words[i].end]
}

func (p *parser) mark(kind Kind, from, to int) {
	for i := from; i < to; i++ {
		p.words[i].kind = kind
	}
}

// find returns the value of the longest phrase of a table at i, and the index after it. Without a
// match the index is 0.
func find[T any](p *parser, table map[string]T, i int) (found T, next int) {
	for n := 0; n < longest && p.free(i+n); n++ {
		if value, ok := table[p.words[i].phrases[n]]; ok {
			found, next = value, i+n+1
		}
		if p.words[i+n].stop {
			break
		}
	}
	return found, next
}

// is returns the index after a phrase of a set at i, or 0.
func (p *parser) is(i int, phrases map[string]bool) int {
	_, next := find(p, phrases, i)
	return next
}

// skip returns the index after a phrase of a set at i, or i without one.
func (p *parser) skip(i int, phrases map[string]bool) int { return max(i, p.is(i, phrases)) }

// title joins the words that were not taken.
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
	if len(p.words) > 0 && p.words[0].kind != "" && title != "" {
		title = strings.TrimLeftFunc(title, joins)
	}
	return title
}

// joins reports whether a character at an end of a title only joined it to the words that were taken.
func joins(c rune) bool { return unicode.IsSpace(c) || strings.ContainsRune(",;:-–—", c) }

// spans returns the parts of the line that were taken. Neighbours of one kind form one span, except
// tags.
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
