package phrase

import (
	"regexp"
	"slices"
	"strings"
)

// A word that looks like a date or time next to one that was taken belongs to it, even if the parser
// cannot read it: "31 november 18:00". Then nothing is assumed, because a wrong date is worse than
// none.

// datelike matches dates and times that may not exist: 31.11.2026, 25:00, 13pm, 32nd.
var datelike = regexp.MustCompile(`^(?:\d{1,2}[-./]\d{1,2}[-./](?:\d{2}|\d{4})|\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}/\d{1,2}|\d{4}-\d{2}-?\d*(?:t.*)?|\d{1,2}:\d{1,2}(?::\d{2})?\s?(?:[ap]m?)?|\d{1,2}(?:[.:]\d{2})?[ap]m|3[2-9](?:st|nd|rd|th)|\d{2}:\d{2}:\d{2}|0\d{3}|\d{1,2}(?:[:.]\d{2})?-?ish)$`)

// severalTimes matches the number of times that something is done: 3x.
var severalTimes = regexp.MustCompile(`^\d{1,2}x$`)

// dotted matches a day and a month that may not exist: 31.11.
var dotted = regexp.MustCompile(`^\d{1,2}\.\d{1,2}\.$`)

// doubtful reports whether the line has a part that may change the meaning of the dates and times
// that were taken.
func (p *parser) doubtful() bool {
	if p.date == nil && p.clock == nil && p.rule == nil && p.instant == nil && p.part == nil {
		return false
	}
	if p.others != nil && p.rule == nil {
		return true
	}
	if p.clock != nil && p.date == nil && p.rule == nil && p.day == nil && p.namesFeast() {
		return true // "new year's eve party at 9pm" is not today
	}
	for i, w := range p.words {
		switch {
		case w.glued && (w.kind == "") != (p.words[i-1].kind == "") && p.words[i-1].kind+w.kind != KindTag:
			return true // only a part of 3-4pm was taken
		case w.kind != "":
		case p.rule != nil && p.timesBefore(i), p.endsBefore(i), p.partOf(i):
			return true
		case p.joins(i), p.dangles(i), p.sharesWeeks(i), p.lang.unclear[p.text(i)] && p.ofTime(i+1), p.unreadEvery(i), p.ofTime(i-1) && p.unreadAfter(i), p.unreadBefore(i):
			return true
		}
	}
	return p.moves()
}

// joins reports whether "and" or "or" at i joins a day or time that was taken to one that was not:
// "tomorrow or friday", "every tuesday and the 15th", "8 und 20 Uhr".
func (p *parser) joins(i int) bool {
	or := p.is(i, p.lang.or)
	next := max(or, p.is(i, p.lang.and))
	if next == 0 || i == 0 {
		return false
	}
	if _, number := p.readNumber(next); or > 0 && number > 0 && p.ofTime(i-1) && p.ends(number) {
		return true // "in a day or two"
	}
	if half := p.is(next, p.lang.halves); half > 0 && p.ofTime(i-1) {
		return true // "in a week and a half"
	}
	if p.ofTime(i-1) && !p.words[i-1].stop {
		return p.namesDay(p.skip(p.skip(next, p.lang.on), p.lang.the))
	}
	return p.ofTime(next) && (or > 0 && p.namesDay(i-1) || p.clockAt == next && digits(p.text(i-1)) && len(p.text(i-1)) <= 2)
}

// dangles reports whether "and" or "every" at i belongs to a date or time that ends its clause: "tue &
// [thu 6pm]", "every [end of month]".
func (p *parser) dangles(i int) bool {
	next := max(p.is(i, p.lang.or), p.is(i, p.lang.and))
	if every := p.is(i, p.lang.every); every > 0 && p.ofTime(every) {
		return true
	}
	if next == 0 || i == 0 || !p.ofTime(next) {
		return false
	}
	for next < len(p.words) && p.words[next].kind != "" && !p.words[next-1].stop {
		next++
	}
	return next == len(p.words) || p.words[next-1].stop
}

// timesBefore reports whether a number of times stands before a recurrence: "3x daily", "10 times every
// monday".
func (p *parser) timesBefore(i int) bool {
	if severalTimes.MatchString(p.text(i)) {
		return p.ofTime(i + 1)
	}
	_, number := p.readNumber(i)
	times := p.is(number, p.lang.times)
	return number > 0 && times > 0 && p.ofTime(times)
}

// partOf reports whether "of" at i joins words that were not taken to a recurrence: "le 5 et 20 de
// [chaque mois]".
func (p *parser) partOf(i int) bool {
	of := p.is(i, p.lang.of)
	return p.rule != nil && of > 0 && i > 0 && of < len(p.words) && p.words[of].kind == KindRecurrence
}

// endsBefore reports whether the end of a period is at i, before the period: "end of [next week]".
func (p *parser) endsBefore(i int) bool {
	_, next := find(p, p.lang.monthEnds, i)
	return next > 0 && p.ofTime(next)
}

// sharesWeeks reports whether the word at i names only some weeks: "every even week", "semaine paire".
// The parser does not know which ones these are.
func (p *parser) sharesWeeks(i int) bool {
	_, before := find(p, p.lang.units, i-1)
	_, after := find(p, p.lang.units, i+1)
	return p.lang.sharedWeeks[p.text(i)] && (before == i || after > 0 || p.rule != nil && p.ofTime(i-1))
}

// namesFeast reports whether the line names a feast that was not taken.
func (p *parser) namesFeast() bool {
	for i := range p.words {
		if _, next := find(p, p.lang.feasts, i); next > 0 {
			return true
		}
	}
	return false
}

// namesDay reports whether a weekday, tomorrow or a day of the month stands at i.
func (p *parser) namesDay(i int) bool {
	_, weekday := find(p, p.lang.weekdays, i)
	_, day := find(p, p.lang.days, i)
	_, ordinal := p.readOrdinal(i)
	return weekday > 0 && !p.lang.alike[p.text(i)] || day > 0 || ordinal > 0 && (p.lang.ordinalOf(p.text(i)) > 0 || digits(p.text(i)) || p.lang.ordinals[p.text(i)] != 0 && p.nameOfTime(ordinal))
}

// unreadEvery reports whether a recurrence stands at i that was not taken: "every 2 hours".
func (p *parser) unreadEvery(i int) bool {
	if p.lang.unreadOften[p.text(i)] && p.ends(i+1) {
		return true
	}
	if _, next := find(p, p.lang.adverbs, i); next > 0 && p.ends(next) {
		return true
	}
	every := p.is(i, p.lang.every)
	if every == 0 || p.words[every-1].stop {
		return false
	}
	if p.lang.few[p.text(every)] {
		every++
	}
	if p.is(every, p.lang.other) > 0 {
		return true // "every other sprint"
	}
	if end := p.lang.dayEnding; end != "" && len(p.text(every)) > len(end) && strings.HasSuffix(p.text(every), end) {
		return true // "every schoolday"
	}
	_, number := p.readNumber(every)
	_, ordinal := p.readOrdinal(every)
	if _, unit := find(p, p.lang.units, every+1); unit > 0 && p.free(every) && !p.words[every].stop {
		return true // "every school day"
	}
	for _, j := range []int{every, number, ordinal} {
		if j > 0 && p.nameOfTime(j) {
			return true
		}
	}
	return false
}

// tooOften reports whether the line names a recurrence more often than daily: "every 2 hours".
func (p *parser) tooOften() bool {
	for i := range p.words {
		if p.lang.hourly[p.text(i)] && p.ends(i+1) {
			return true
		}
		every := p.is(i, p.lang.every)
		if every == 0 || p.words[every-1].stop {
			continue
		}
		unit, next := find(p, p.lang.units, every)
		if next == 0 {
			unit, next = p.readAmount(every)
		}
		if next > 0 && unit.minutes > 0 && p.ends(next) {
			return true
		}
	}
	return false
}

// nameOfTime reports whether a unit, a weekday, a month or a part of the day stands at i.
func (p *parser) nameOfTime(i int) bool {
	_, unit := find(p, p.lang.units, i)
	_, weekday := find(p, p.lang.weekdays, i)
	_, month := find(p, p.lang.months, i)
	_, part := find(p, p.lang.parts, i)
	return unit+weekday+month+part > 0 || p.lang.seasons[p.text(i)] && p.ends(i+1)
}

// unreadAfter reports whether a date or time stands at i, after one that was taken.
func (p *parser) unreadAfter(i int) bool {
	j := i
	for n := 0; n < 3 && p.lang.connecting[p.text(j)]; n++ {
		j++
	}
	if p.rule != nil && p.is(i, p.lang.except) > 0 {
		return true
	}
	if week, next := find(p, p.lang.weeks, i); p.rule != nil && next > 0 && week == 0 {
		return true // "every day this week" has an end
	}
	if month, next := find(p, p.lang.monthsSaid, i); p.rule != nil && next > 0 && month == 0 {
		return true
	}
	if _, end := find(p, p.lang.monthEnds, i); p.rule != nil && end > 0 && p.ends(end) {
		return true // "every month end"
	}
	if days, _ := p.readAnyWeekdays(i); len(days) > 1 {
		return true // "on monday wednesday friday"
	}
	if limit := p.is(i, p.lang.unreadLimits); limit > 0 && p.rule != nil {
		k := p.skip(limit, p.lang.the)
		if _, number := p.readNumber(k); number > 0 || p.looksLikeTime(k) > 0 || p.lang.seasons[p.text(k)] || p.nameOfTime(k) {
			return true
		}
	}
	if p.free(j) && (p.lang.seasons[p.text(j)] || p.nameOfTime(j)) && p.ends(j+1) && (p.rule != nil || j == i || p.nameOfTime(j)) {
		return true
	}
	text := trimBrackets(p.text(j))
	if text != "" && p.ends(j+1) && len(text) <= 4 && !p.words[i-1].stop && (j == i || p.lang.at[p.text(j-1)]) {
		if digits(text) {
			return true // "friday 3"
		}
	}
	return p.looksLikeTime(i) > 0 || p.looksLikeTime(j) > 0 || p.lang.am[p.text(i)] && len(p.text(i)) > 1 || p.lang.pm[p.text(i)] && len(p.text(i)) > 1
}

// unreadBefore reports whether a date or time begins at i and ends before one that was taken.
func (p *parser) unreadBefore(i int) bool {
	next := p.looksLikeTime(i)
	if next == 0 || i > 0 && p.words[i-1].kind == "" && p.lang.or[p.text(i-1)] {
		return next > 0
	}
	for n := 0; n < 3 && next < len(p.words) && p.lang.connecting[p.text(next)]; n++ {
		next++
	}
	if !p.ofTime(next) || p.words[next-1].stop && next-1 == i && !p.ofTime(next) {
		return false
	}
	// "cake for saturday" is the task of "on friday", but "open till 9pm tomorrow" names one time.
	_, clock, _ := p.readClock(i)
	return !p.relates(i) || next == p.clockAt || clock >= beside
}

// looksLikeTime returns the index after a date or time at i, or 0. It may not exist.
func (p *parser) looksLikeTime(i int) int {
	if !p.free(i) {
		return 0
	}
	if dotted.MatchString(p.raw(i)) {
		return i + 1 // "31.11."
	}
	if datelike.MatchString(trimBrackets(p.text(i))) {
		if _, s, _ := p.readClock(i); s != marked || p.text(i)[0] == '0' {
			return i + 1
		}
	}
	if _, next := find(p, p.lang.units, i+1); p.lang.few[p.text(i)] && next > 0 {
		return next // "in a few days"
	}
	if next := p.is(i, p.lang.past); next > 0 {
		return next
	}
	if next := p.looksLikeMonthDate(i); next > 0 {
		return next
	}
	conflict := p.conflict
	defer func() { p.conflict = conflict }()
	if _, s, next := p.readDate(i); next > 0 && (s == strong || p.endsDay(next)) {
		return next
	}
	if a, _, next := p.readIn(i); next > 0 && a.minutes > 0 && p.ends(next) {
		return next
	}
	if _, s, next := p.readClock(i); s >= beside && p.ends(next) {
		return next
	}
	if _, next := find(p, p.lang.weekdays, i); next == 0 {
		bracket := trimBrackets(p.text(i))
		_, weekday := p.lang.weekdays[bracket]
		_, day := p.lang.days[bracket]
		if bracket != p.text(i) && (weekday || day) {
			return i + 1
		}
	}
	return 0
}

// looksLikeMonthDate returns the index after a month and a number at i, or 0.
func (p *parser) looksLikeMonthDate(i int) int {
	end := 0
	numbered := func(i int) bool { return digits(p.text(i)) && len(p.text(i)) <= 2 || p.lang.ordinalOf(p.text(i)) > 0 }
	if _, month := find(p, p.lang.months, i); month > 0 && numbered(month) {
		end = month + 1
	} else if numbered(i) {
		_, end = find(p, p.lang.months, p.skip(i+1, p.lang.of))
	}
	if end > 0 && digits(p.text(end)) && len(p.text(end)) == 4 {
		end++
	}
	return end
}

// moves reports whether the line moves something from one day to another: "move lunch friday to
// monday" and "lunch moved from friday to monday" name no due date.
func (p *parser) moves() bool {
	move := slices.IndexFunc(p.words, func(w word) bool { return w.kind == "" && p.lang.moving[w.text] })
	if move < 0 || move > 0 && !p.ofTime(move+1) {
		return false
	}
	for i := range p.words {
		if p.ofTime(i) && p.lang.to[p.words[i].text] || !p.ofTime(i) && p.ofTime(i-1) && p.lang.to[p.text(i)] {
			return true
		}
	}
	return false
}

func digits(text string) bool {
	for _, c := range text {
		if c < '0' || c > '9' {
			return false
		}
	}
	return text != ""
}
