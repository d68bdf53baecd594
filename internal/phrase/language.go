package phrase

import (
	"time"

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
	or, to, from, atClock, except                         set
	ofMonth, ofEveryMonth, day, am, pm, oClock, fromNow   set
	until, through, throughDate, starting, lasting, times set
	afterDone, remindMe, remindMeTo, noReminder, before   set
	dayBefore, onDay, past, moving, seasons, unreadLimits set
	unreadOften, few, connecting                          set
	weekOn, amountFrom, blockUnits, exactly, rangeAnd     set
	between, zoneTime, toLast, monthOf, hourly, weekend   set
	season                                                set

	mornings, evenings set // tasks of one half of the day: "wake me at 6", "dinner at 7"
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
)

// Languages are the languages that Parse reads, in the order of a list for people.
var Languages = []string{"en", "de", "fr", "es"}

var languages = map[string]*language{"en": english().complete()}

// languageOf returns a language, or English for an unknown one.
func languageOf(name string) *language {
	if l, known := languages[name]; known {
		return l
	}
	return languages["en"]
}

// complete adds the forms that follow from others.
func (l *language) complete() *language { return l }
