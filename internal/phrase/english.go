package phrase

import (
	"time"

	"taskmaster/internal/task"
)

// english returns the words of English.
func english() *language {
	return &language{
		hours: map[string]int{
			"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12,
		},
		weekdays: map[string]time.Weekday{
			"monday": time.Monday, "mon": time.Monday, "tuesday": time.Tuesday, "tue": time.Tuesday, "tues": time.Tuesday,
			"wednesday": time.Wednesday, "wed": time.Wednesday, "weds": time.Wednesday, "thursday": time.Thursday, "thu": time.Thursday,
			"thur": time.Thursday, "thurs": time.Thursday, "friday": time.Friday, "fri": time.Friday,
			"saturday": time.Saturday, "sat": time.Saturday, "sunday": time.Sunday, "sun": time.Sunday,
		},
		weekdaysPlural: map[string]time.Weekday{
			"mondays": time.Monday, "tuesdays": time.Tuesday, "wednesdays": time.Wednesday, "thursdays": time.Thursday,
			"fridays": time.Friday, "saturdays": time.Saturday, "sundays": time.Sunday,
		},
		alike: setOf("sat", "sun", "wed", "midnight"),
		names: setOf("twice", "thrice", "the", "a", "an", "of", "my", "our", "your", "his", "her", "their", "last",
			"first", "second", "third", "fourth",
			"black", "good", "cyber", "easter", "ash", "palm", "super", "casual", "high", "blue", "ruby", "bloody", "manic", "giving",
			"shrove", "maundy", "taco"),
		dotted: setOf("jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec",
			"mon", "tue", "tues", "wed", "thu", "thur", "thurs", "fri", "sat", "sun"),
		people: setOf("call", "phone", "ring", "ask", "tell", "email", "mail", "text", "message", "meet", "see", "visit", "pay", "thank",
			"help", "invite", "write", "contact", "ping", "remind", "give", "send", "lend", "owe", "with", "to", "for", "from", "by", "and", "&",
			"about", "of", "uncle", "cousin", "brother", "friend", "major", "peeping", "mr", "dr", "my", "our", "the", "or"),
		months: map[string]time.Month{
			"january": time.January, "jan": time.January, "february": time.February, "feb": time.February, "march": time.March,
			"mar": time.March, "april": time.April, "apr": time.April, "may": time.May, "june": time.June, "jun": time.June,
			"july": time.July, "jul": time.July, "august": time.August, "aug": time.August, "september": time.September,
			"sep": time.September, "sept": time.September, "october": time.October, "oct": time.October,
			"november": time.November, "nov": time.November, "december": time.December, "dec": time.December,
		},
		numbers: map[string]int{
			"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
			"ten": 10, "eleven": 11, "twelve": 12, "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60,
			"ninety": 90, "a couple of": 2, "a couple": 2, "couple of": 2,
		},
		ordinals: map[string]int{
			"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "last": -1, "second to last": -2, "second last": -2,
			"second-to-last": -2, "next to last": -2, "penultimate": -2, "third to last": -3, "third last": -3, "third-to-last": -3,
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
			"half an hour": {minutes: 30}, "half hour": {minutes: 30}, "a half hour": {minutes: 30}, "a quarter of an hour": {minutes: 15},
			"quarter of an hour": {minutes: 15}, "an hour and a half": {minutes: 90}, "one and a half hours": {minutes: 90},
			"two and a half hours": {minutes: 150}, "three quarters of an hour": {minutes: 45}, "half a day": {minutes: 720},
			"half a year": {months: 6}, "half year": {months: 6}, "a year and a half": {months: 18},
		},
		days: map[string]func(time.Time) time.Time{
			"today": daysLater(0), "tomorrow": daysLater(1), "tmrw": daysLater(1),
			"tmr": daysLater(1), "tmw": daysLater(1), "2moro": daysLater(1), "2morrow": daysLater(1), "tomorow": daysLater(1),
			"tommorow":  daysLater(1), //nolint:misspell // people write it
			"tommorrow": daysLater(1), "later today": daysLater(0),
			"day after tomorrow": daysLater(2), "the day after tomorrow": daysLater(2), "overmorrow": daysLater(2),
			"this weekend": weekend, "next weekend": weekendAfter, "on the weekend": weekend, "at the weekend": weekend,
		},
		spans: map[string]func(time.Time) time.Time{
			"next month": nextMonth, "next year": nextYear, "end of month": endOfMonth,
			"end of year": endOfYear, "end of the year": endOfYear, "the end of the year": endOfYear,
		},
		abbreviations: map[string]func(time.Time) time.Time{"tom": daysLater(1), "tod": daysLater(0)},
		weeks: map[string]int{
			"this week": 0, "next week": 1, "the week after next": 2, "week after next": 2, "the following week": 1, "the coming week": 1,
		},
		monthsSaid: map[string]int{"this month": 0, "the month": -1, "the current month": 0, "next month": 1, "the next month": 1},
		monthEnds: map[string]int{
			"end of": -1, "the end of": -1, "last day of": -1, "the last day of": -1, "first day of": 1, "the first day of": 1,
			"beginning of": 1, "the beginning of": 1, "start of": 1, "the start of": 1, "end": -1,
		},
		feasts: map[string]monthDay{
			"christmas eve": {time.December, 24}, "xmas eve": {time.December, 24}, "christmas day": {time.December, 25},
			"christmas": {time.December, 25}, "xmas": {time.December, 25}, "boxing day": {time.December, 26},
			"new year's eve": {time.December, 31}, "new years eve": {time.December, 31}, "new year’s eve": {time.December, 31},
			"nye": {time.December, 31}, "new year's day": {time.January, 1}, "new years day": {time.January, 1}, "new year’s day": {time.January, 1},
			"valentine's day": {time.February, 14}, "valentines day": {time.February, 14}, "halloween": {time.October, 31},
		},
		clockOffsets: map[string]int{
			"half past": 30, "quarter past": 15, "a quarter past": 15, "quarter to": -15, "a quarter to": -15, "ten past": 10,
			"twenty past": 20, "ten to": -10, "twenty to": -20, "five past": 5, "five to": -5,
		},
		zones: map[string]string{
			"utc": "UTC", "gmt": "UTC", "cet": "Europe/Berlin", "cest": "Europe/Berlin", "bst": "Europe/London", "eet": "Europe/Athens",
			"eest": "Europe/Athens", "est": "America/New_York", "edt": "America/New_York", "mst": "America/Denver", "mdt": "America/Denver",
			"cdt": "America/Chicago", "pst": "America/Los_Angeles", "pdt": "America/Los_Angeles", "jst": "Asia/Tokyo", "kst": "Asia/Seoul",
			"aest": "Australia/Sydney", "aedt": "Australia/Sydney", "akst": "America/Anchorage", "hst": "Pacific/Honolulu",
			"eastern time": "America/New_York", "central time": "America/Chicago", "mountain time": "America/Denver",
			"pacific time": "America/Los_Angeles", "uk time": "Europe/London", "german time": "Europe/Berlin",
			// Two letters are a zone only in capitals, and other names have several meanings.
			"et": "America/New_York", "ct": "America/Chicago", "mt": "America/Denver", "pt": "America/Los_Angeles",
			"cst": "", "ist": "", "ast": "", "sst": "", "msk": "Europe/Moscow", "us time": "", "local time": "Local", "my time": "Local",
		},
		parts: map[string]*part{
			"morning": morning, "afternoon": afternoon, "evening": evening, "night": night, "at night": night,
		},
		partsSaid: map[string]*part{
			"in the morning": morning, "in the afternoon": afternoon, "in the evening": evening,
		},
		partsBefore: map[string]*part{
			"the evening before": evening, "the night before": night, "the morning before": morning, "the afternoon before": afternoon,
			"on the evening before": evening, "the previous evening": evening,
		},
		partsToday: map[string]*part{
			"tonight": night, "tonite": night, "2nite": night, "this morning": morning, "this afternoon": afternoon, "this evening": evening,
		},
		clocks: map[string]clock{
			"noon": {hour: 12}, "midday": {hour: 12}, "12 noon": {hour: 12}, "midnight": {hour: 23, minute: 59}, "end of day": {hour: 18}, "eod": {hour: 18},
		},
		priorities: map[string]task.Priority{
			"!high": task.PriorityHigh, "!1": task.PriorityHigh, "!medium": task.PriorityMedium, "!med": task.PriorityMedium,
			"!2": task.PriorityMedium, "!low": task.PriorityLow, "!3": task.PriorityLow, "!none": task.PriorityNone,
		},
		adverbs: map[string]amount{
			"daily": {days: 1}, "weekly": {days: 7}, "fortnightly": {days: 14}, "monthly": {months: 1}, "quarterly": {months: 3},
			"yearly": {years: 1}, "annually": {years: 1}, "biweekly": {days: 14}, "bi-weekly": {days: 14}, "everyday": {days: 1},
			"semiannually": {months: 6}, "semi-annually": {months: 6}, "half-yearly": {months: 6}, "biennially": {years: 2},
			"once a day": {days: 1}, "once a week": {days: 7}, "once a month": {months: 1}, "once a year": {years: 1},
			"once per day": {days: 1}, "once per week": {days: 7}, "once per month": {months: 1}, "once per year": {years: 1},
		},
		groups: map[string][]time.Weekday{
			"weekday": workdays, "workday": workdays, "working day": workdays, "business day": workdays,
			"weekend": {time.Saturday},
		},
		groupsPlural: map[string][]time.Weekday{
			"weekdays": workdays, "workdays": workdays, "weekends": {time.Saturday, time.Sunday},
		},
		glue: setOf("except", "excluding", "but", "-", "–", "—", "with", "about", "for", "to", "in", "on", "at", "from", "and", "until", "via", "because", "if", "or", "starting", "after", "through", "till"),

		relatingClock: setOf("until", "till", "til", "for", "to", "since", "than", "of", "past"),
		relating:      setOf("for", "to", "until", "till", "til", "from", "since", "about", "before", "after", "than"),

		on:           setOf("on", "by", "due", "due on", "due by"),
		at:           setOf("at", "by", "due", "due at", "due by", "@", "at about", "at around"),
		atClock:      setOf("before", "after", "around", "about", "from", "between", "starting", "starting at", "starting from"),
		or:           setOf("or"),
		to:           setOf("to", "-", "–", "—", "till", "until", "til", "through", "thru"),
		from:         setOf("from", "between"),
		except:       setOf("except", "except for", "except on", "except in", "excluding", "but not", "but not on", "but not in", "other than", "not on", "besides"),
		in:           setOf("in", "due in"),
		every:        setOf("every", "each", "every single", "once every", "ev"),
		other:        setOf("other", "alternate"),
		this:         setOf("this"),
		next:         setOf("next"),
		and:          setOf("and", "&", "/", "and on", "and the", "and on the", "+"),
		the:          setOf("the"),
		of:           setOf("of"),
		ofMonth:      setOf("of the month", "of every month", "of each month", "of a month", "in the month", "in every month", "in each month"),
		ofEveryMonth: setOf("of every month", "of each month", "every month", "each month", "in every month", "monthly"),
		day:          setOf("day"),
		am:           setOf("am", "a.m", "a"),
		pm:           setOf("pm", "p.m", "p"),
		oClock:       setOf("o'clock", "o’clock", "oclock"),
		fromNow:      setOf("from now"),
		until:        setOf("until", "till", "til", "up to", "ending", "ending on", "ends", "ends on", "end", "up until", "up to and including"),
		throughDate:  setOf("through", "thru", "to", "-", "–", "until and including"),
		through:      setOf("through", "until the end of", "until end of", "till the end of", "up to the end of"),
		starting:     setOf("starting", "starting on", "starting from", "beginning", "beginning on", "from", "starts", "starts on", "starting with", "as of", "begins", "beginning from"),
		lasting:      setOf("for", "for the next", "over the next"),
		times:        setOf("times", "time", "occurrences", "repetitions"),
		afterDone: setOf("after done", "after completion", "after completing", "after it is done", "after it's done", "after i'm done",
			"after finishing", "when done", "once done", "from completion", "after i finish", "after finishing it", "after last completion", "from when it is done"),
		remindMe:   setOf("remind me", "remind", "reminder", "with a reminder", "with reminder", "alert me", "and remind me", "notify me", "reminder on"),
		remindMeTo: setOf("to"),
		noReminder: setOf("no reminder", "no reminders", "without reminder", "without a reminder", "without reminders"),
		before:     setOf("before", "earlier", "ahead", "in advance", "beforehand", "early", "prior", "before it", "ahead of time", "before that", "before due"),
		dayBefore:  setOf("the day before", "a day before", "on the day before", "day before", "the previous day"),
		onDay:      setOf("on the day", "the same day", "on the same day", "that day", "on that day", "on the day itself"),
		past: setOf("yesterday", "ago", "last week", "last month", "last year", "last night", "last monday", "last tuesday", "last wednesday",
			"last thursday", "last friday", "last saturday", "last sunday"),
		moving: setOf("move", "postpone", "reschedule", "shift", "change", "delay", "push", "moved", "rebook", "bring"),
		seasons: setOf("spring", "summer", "autumn", "fall", "winter", "easter", "thanksgiving", "ramadan", "hanukkah", "diwali", "pentecost",
			"lent", "passover", "holidays", "weekend", "quarter", "semester", "term"),
		unreadOften: setOf("hourly", "bimonthly", "bi-monthly", "biannually", "semimonthly", "half-hourly"),
		few:         setOf("few", "couple", "several", "half"),
		connecting:  setOf("on", "at", "and", "or", "-", "–", "—", "to", "from", "the", "of", "in", "by", "@", "&", "/", "during", "until", "till"),
		mornings:    setOf("wake", "wakeup", "alarm", "breakfast", "get up", "sunrise"),
		evenings:    setOf("dinner", "supper", "sunset"),
		works:       setOf("watch", "read", "listen", "see", "stream", "rewatch"),
		weekOn:      setOf("on"),
		amountFrom:  setOf("from", "after"),
		blockUnits:  setOf("h", "hrs", "hours"),
		exactly:     setOf("at", "@"),
		rangeAnd:    setOf("and"),
		between:     setOf("between"),
		zoneTime:    setOf("time"),
		toLast:      setOf("to last", "last"),
		monthOf:     setOf("of", "in"),
		hourly:      setOf("hourly"),
		weekend:     setOf("weekend"),
		season:      setOf("in", "during", "from", "between", "only in"),
		unreadLimits: setOf("until", "till", "til", "except", "excluding", "unless", "ending", "starting", "beginning", "through", "thru", "skipping",
			"skip", "but not", "not on", "other than", "between"),
	}
}
