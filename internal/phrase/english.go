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
	clocks                   map[string]clock
	priorities               map[string]task.Priority
	adverbs                  map[string]amount // such as daily
	groups                   map[string][]time.Weekday
	groupsPlural             map[string][]time.Weekday

	alike    set // names of days and times that are also other words
	names    set // a weekday after one of these is part of a name
	glue     set // one of these ends the date before it
	relating set // a day after one of these belongs to the content of the task

	on, at, in, every, other, this, next, and, the, of    set
	ofMonth, ofEveryMonth, day, am, pm, oClock, fromNow   set
	until, through, throughDate, starting, lasting, times set
	afterDone, remindMe, remindMeTo, noReminder, before   set
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

var english = language{
	weekdays: map[string]time.Weekday{
		"monday": time.Monday, "mon": time.Monday, "tuesday": time.Tuesday, "tue": time.Tuesday, "tues": time.Tuesday,
		"wednesday": time.Wednesday, "wed": time.Wednesday, "thursday": time.Thursday, "thu": time.Thursday,
		"thur": time.Thursday, "thurs": time.Thursday, "friday": time.Friday, "fri": time.Friday,
		"saturday": time.Saturday, "sat": time.Saturday, "sunday": time.Sunday, "sun": time.Sunday,
	},
	weekdaysPlural: map[string]time.Weekday{
		"mondays": time.Monday, "tuesdays": time.Tuesday, "wednesdays": time.Wednesday, "thursdays": time.Thursday,
		"fridays": time.Friday, "saturdays": time.Saturday, "sundays": time.Sunday,
	},
	alike: setOf("sat", "sun", "wed", "midnight"),
	names: setOf("the", "a", "an", "of", "my", "our", "your", "his", "her", "their", "last",
		"first", "second", "third", "fourth",
		"black", "good", "cyber", "easter", "ash", "palm", "super", "casual", "high"),
	months: map[string]time.Month{
		"january": time.January, "jan": time.January, "february": time.February, "feb": time.February, "march": time.March,
		"mar": time.March, "april": time.April, "apr": time.April, "may": time.May, "june": time.June, "jun": time.June,
		"july": time.July, "jul": time.July, "august": time.August, "aug": time.August, "september": time.September,
		"sep": time.September, "sept": time.September, "october": time.October, "oct": time.October,
		"november": time.November, "nov": time.November, "december": time.December, "dec": time.December,
	},
	numbers: map[string]int{
		"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
		"ten": 10, "eleven": 11, "twelve": 12, "a couple of": 2,
	},
	ordinals: map[string]int{
		"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "last": -1,
	},
	ordinalSuffixes: []string{"st", "nd", "rd", "th"},
	units: map[string]amount{
		"minute": {minutes: 1}, "minutes": {minutes: 1}, "min": {minutes: 1}, "mins": {minutes: 1}, "m": {minutes: 1},
		"hour": {minutes: 60}, "hours": {minutes: 60}, "hr": {minutes: 60}, "hrs": {minutes: 60}, "h": {minutes: 60},
		"day": {days: 1}, "days": {days: 1}, "d": {days: 1}, "week": {days: 7}, "weeks": {days: 7}, "w": {days: 7},
		"fortnight": {days: 14}, "fortnights": {days: 14}, "month": {months: 1}, "months": {months: 1},
		"quarter": {months: 3}, "quarters": {months: 3}, "year": {years: 1}, "years": {years: 1},
	},
	amounts: map[string]amount{
		"half an hour": {minutes: 30}, "a quarter of an hour": {minutes: 15}, "an hour and a half": {minutes: 90},
	},
	days: map[string]func(time.Time) time.Time{
		"today": daysLater(0), "tomorrow": daysLater(1), "tmrw": daysLater(1),
		"day after tomorrow": daysLater(2), "the day after tomorrow": daysLater(2),
		"this weekend": weekend, "next weekend": weekendAfter,
	},
	spans: map[string]func(time.Time) time.Time{
		"next week": nextWeek, "next month": nextMonth, "next year": nextYear,
		"end of month": endOfMonth, "end of the month": endOfMonth, "the end of the month": endOfMonth,
		"end of year": endOfYear, "end of the year": endOfYear, "the end of the year": endOfYear,
	},
	parts: map[string]*part{
		"morning": morning, "afternoon": afternoon, "evening": evening, "night": night, "at night": night,
	},
	partsSaid: map[string]*part{
		"in the morning": morning, "in the afternoon": afternoon, "in the evening": evening,
	},
	partsToday: map[string]*part{
		"tonight": night, "this morning": morning, "this afternoon": afternoon, "this evening": evening,
	},
	clocks: map[string]clock{
		"noon": {hour: 12}, "midday": {hour: 12}, "midnight": {hour: 23, minute: 59}, "end of day": {hour: 18}, "eod": {hour: 18},
	},
	priorities: map[string]task.Priority{
		"!high": task.PriorityHigh, "!1": task.PriorityHigh, "!medium": task.PriorityMedium, "!med": task.PriorityMedium,
		"!2": task.PriorityMedium, "!low": task.PriorityLow, "!3": task.PriorityLow, "!none": task.PriorityNone,
	},
	adverbs: map[string]amount{
		"daily": {days: 1}, "weekly": {days: 7}, "fortnightly": {days: 14}, "monthly": {months: 1}, "quarterly": {months: 3},
		"yearly": {years: 1}, "annually": {years: 1},
	},
	groups: map[string][]time.Weekday{
		"weekday": workdays, "workday": workdays, "working day": workdays, "business day": workdays,
		"weekend": {time.Saturday},
	},
	groupsPlural: map[string][]time.Weekday{
		"weekdays": workdays, "workdays": workdays, "weekends": {time.Saturday, time.Sunday},
	},
	glue: setOf("with", "about", "for", "to", "in", "on", "at", "from", "and", "until", "via", "because", "if", "or", "starting", "after", "through", "till"),

	relating: setOf("for", "to", "until", "till", "til", "from", "since", "about", "before", "after"),

	on:           setOf("on", "by", "due", "due on", "due by"),
	at:           setOf("at", "by", "due", "due at", "due by"),
	in:           setOf("in", "due in"),
	every:        setOf("every", "each"),
	other:        setOf("other"),
	this:         setOf("this"),
	next:         setOf("next"),
	and:          setOf("and", "&"),
	the:          setOf("the"),
	of:           setOf("of"),
	ofMonth:      setOf("of the month", "of every month", "of each month", "of a month", "in the month"),
	ofEveryMonth: setOf("of every month", "of each month"),
	day:          setOf("day"),
	am:           setOf("am", "a.m"),
	pm:           setOf("pm", "p.m"),
	oClock:       setOf("o'clock", "o’clock", "oclock"),
	fromNow:      setOf("from now"),
	until:        setOf("until", "till", "til", "up to"),
	throughDate:  setOf("through"),
	through:      setOf("through", "until the end of", "until end of", "till the end of", "up to the end of"),
	starting:     setOf("starting", "starting on", "starting from", "beginning", "beginning on", "from"),
	lasting:      setOf("for"),
	times:        setOf("times"),
	afterDone: setOf("after done", "after completion", "after completing", "after it is done", "after it's done", "after i'm done",
		"after finishing", "when done", "once done", "from completion"),
	remindMe:   setOf("remind me", "remind", "reminder", "with a reminder", "alert me"),
	remindMeTo: setOf("to"),
	noReminder: setOf("no reminder", "no reminders", "without reminder", "without a reminder", "without reminders"),
	before:     setOf("before", "earlier", "ahead", "in advance", "beforehand"),
}
