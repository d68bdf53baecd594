package phrase

import (
	"maps"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"taskmaster/internal/task"
)

// language holds the words of a language in lower case. Another language needs another such table.
// Phrases of several words help with a different word order.
type language struct {
	weekdays, weekdaysPlural map[string]time.Weekday
	months                   map[string]time.Month
	numbers                  map[string]int
	ordinals                 map[string]int // -1 is the last
	ordinalSuffixes          []string
	units                    map[string]amount
	amounts                  map[string]amount // phrases other than a number and a unit
	days                     map[string]func(today time.Time) time.Time
	spans                    map[string]func(today time.Time) time.Time // days named by a period, which tasks can also be about
	parts                    map[string]*part                           // of a day that is named before
	partsSaid                map[string]*part                           // of any day
	partsToday               map[string]*part
	partsBefore              map[string]*part // of the day before
	clocks                   map[string]clock
	priorities               map[string]task.Priority
	adverbs                  map[string]amount // such as daily
	groups                   map[string][]time.Weekday
	groupsPlural             map[string][]time.Weekday

	abbreviations map[string]func(today time.Time) time.Time // of days, in lower case only
	weeks         map[string]int                             // weeks after this one
	monthsSaid    map[string]int                             // months after this one
	monthEnds     map[string]int                             // days of a month: 1 is the first, -1 the last
	feasts        map[string]monthDay
	clockOffsets  map[string]int // minutes from the hour: "half past"
	zones         map[string]string

	alike         set // names of days and times that are also other words
	dotted        set // abbreviations that may end in a full stop
	people        set // a name follows one of these: "call tom"
	names         set // a weekday after one of these is part of a name
	glue          set // one of these ends the date before it
	relatingClock set // a time after one of these belongs to the content of the task
	relating      set // a day after one of these belongs to the content of the task

	on, at, in, every, other, this, next, and, the, of    set
	or, to, from, atClock, except, but                    set
	ofMonth, ofEveryMonth, day, am, pm, oClock, fromNow   set
	until, through, throughDate, starting, lasting, times set
	afterDone, remindMe, remindMeTo, noReminder, before   set
	dayBefore, onDay, past, moving, seasons, unreadLimits set
	unreadOften, few, connecting                          set
	weekOn, amountFrom, blockUnits, exactly, rangeAnd     set
	between, zoneTime, toLast, monthOf, hourly, weekend   set
	season                                                set

	letters      map[string]string // of other alphabets, with their plain spelling: "ä", "ae"
	hours        map[string]int    // in words: "at nine"
	afterHours   map[string]int    // minutes after the hour: "huit heures et demie"
	halfPast     set               // before the hour that has passed: "half seven"
	compound     []string          // parts of the day that are written onto a weekday: "freitagabend"
	elided       string            // a prefix that is a word of its own: "d'" of "d'appeler"
	dotOrdinals  bool              // "3." is the third
	hourSign     bool              // 14h30 is a time anywhere
	dayHours     bool              // people write times of 24 hours: "6:30", "6 Uhr"
	dayFirst     bool              // 3/4 is 3 April, whatever the options say
	everyWeekday set               // before weekdays: "los lunes"
	nextAfter    set               // after its weekday: "vendredi prochain"
	comingAfter  set               // after its weekday, for the first one: "el viernes que viene"
	oneOf, inTwo set               // around a weekday: "un mardi sur deux"
	nouns        bool              // have capitals, and verbs stand last: German
	verbEnd      string            // of a verb that follows "remind me" directly: "recuérdame llamar"
	clockArticle set               // before the end of a range of times: "las"
	dayArticle   set               // a number after one of these is a day: "le 15"
	toClock      set               // before the end of a range of times, but not of days
	weeksLater   map[string]int    // after a weekday: "friday week"
	halves       set               // after an amount: "a week and a half"
	sharedWeeks  set               // weeks by their number: "every even week"
	dayEnding    string            // of a kind of day: "every schoolday"
	shortDays    map[string]string // weekdays of two letters, which are words of other kinds too
	unclear      set               // before a day, which may then be any: "übernächsten Freitag"
	usually      set               // a weekday after one of these may be any: "le lundi"

	mornings, evenings set // tasks of one half of the day: "wake me at 6", "dinner at 7"
	timetables         set // tasks whose times have 24 hours: "flight 6:45"
	remindAbout        set // "remind me in 2 hours about the oven"
	reminder           set // the noun, which can also belong to a title
	works              set // "watch Tomorrow Never Dies"
}

type set = map[string]bool

func setOf(phrases ...string) set {
	s := set{}
	for _, phrase := range phrases {
		s[phrase] = true
	}
	return s
}

var (
	workdays = []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday}

	morning   = &part{hours: []int{9, 12}}
	afternoon = &part{hours: []int{15, 18}, pm: true}
	evening   = &part{hours: []int{18, 21}, pm: true}
	night     = &part{hours: []int{20}, pm: true}
	noon      = &part{hours: []int{12}, pm: true}
	lateDay   = &part{hours: []int{18, 21}, pm: true} // "de la tarde" and "de la noche"
)

// Languages are the languages that Parse reads, in the order of a list for people.
var Languages = []string{"en", "de", "fr", "es"}

var languages = map[string]*language{"en": english(), "de": german(), "fr": french(), "es": spanish()}

// AcceptLanguage returns the first known language of an Accept-Language header (RFC 9110, 12.5.4),
// or "".
func AcceptLanguage(header string) string {
	best, most := "", 0.0
	for i, choice := range strings.Split(header, ",") {
		tag, q, _ := strings.Cut(choice, ";q=")
		weight, err := strconv.ParseFloat(strings.TrimSpace(q), 64)
		if err != nil {
			weight = 1
		}
		name, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-")
		if _, known := languages[name]; known && weight > most && i < 50 {
			best, most = name, weight
		}
	}
	return best
}

// languageOf returns a language, or English for an unknown one.
func languageOf(name string) *language {
	if l, known := languages[name]; known {
		return l
	}
	return languages["en"]
}

// with returns the priorities of a language, with the words of another for high, medium, low and none.
func (l *language) with(high, medium, low, none string) map[string]task.Priority {
	words := maps.Clone(l.priorities)
	words[high], words[medium], words[low], words[none] = task.PriorityHigh, task.PriorityMedium, task.PriorityLow, task.PriorityNone
	return words
}

// plain returns a text in lower case as the tables spell it: in German "übermorgen" is
// "uebermorgen", in French "février" is "fevrier". People type either.
func (l *language) plain(text string) string {
	text = strings.ToLower(text)
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			var b strings.Builder
			for _, c := range text {
				if spelled, ok := l.letters[string(c)]; ok {
					b.WriteString(spelled)
				} else {
					b.WriteRune(c)
				}
			}
			return b.String()
		}
	}
	return text
}
