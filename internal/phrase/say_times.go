package phrase

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// times describes the times of day of a rule: " at 09:00 and 17:00". Without BYHOUR it is the time
// of its start, which timeOfDay describes. ok is false for a rule of whole days that names hours.
func (r ruleText) times(start time.Time, timeOfDay string) (said string, ok bool) {
	if r["BYHOUR"] == "" {
		return timeOfDay, true
	}
	var times []string
	for hour := range strings.SplitSeq(r["BYHOUR"], ",") {
		n, err := strconv.Atoi(hour)
		if err != nil {
			return "", false
		}
		times = append(times, time.Date(2000, 1, 1, n, start.Minute(), 0, 0, time.UTC).Format("15:04"))
	}
	return " at " + list(times), timeOfDay != ""
}

// season describes the months in which a rule applies: " from April to October", " in May and June".
// It returns "" for a rule without them.
func (r ruleText) season() (said string, ok bool) {
	if r["BYMONTH"] == "" {
		return "", true
	}
	var months []time.Month
	for text := range strings.SplitSeq(r["BYMONTH"], ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 12 {
			return "", false
		}
		months = append(months, time.Month(n))
	}
	slices.Sort(months)
	// A season that lasts over the new year begins after the gap.
	first := 0
	for i := 1; i < len(months); i++ {
		if months[i] != months[i-1]+1 {
			first = i
		}
	}
	months = append(months[first:], months[:first]...)
	last := len(months) - 1
	if last > 1 && last < 11 && (months[0]+time.Month(last)-1)%12+1 == months[last] {
		return " from " + months[0].String() + " to " + months[last].String(), true
	}
	var names []string
	for _, month := range months {
		names = append(names, month.String())
	}
	return " in " + list(names), true
}
