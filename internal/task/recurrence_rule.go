package task

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/teambition/rrule-go"
)

// The limits of a rule. Together with the horizon of expand they bound the work of any rule.
const (
	maxRRule      = 512           // in bytes
	maxInterval   = math.MaxInt32 // the largest INTEGER of RFC 5545
	maxCount      = 10_000
	maxTimesOfDay = 24
)

// rule is a parsed RRULE value.
type rule struct {
	text   string        // upper case, without the prefix "RRULE:"
	option rrule.ROption // the pattern without DTSTART, COUNT and UNTIL
	count  int           // 0 without a COUNT
	until  until
	plain  bool // only a frequency and an interval, without days or times
	clamp  bool // use the last day of a month that lacks the day
}

// until is the UNTIL of a rule. Its UTC form is compared with instants, and its other two forms
// with wall times. The zero value means no limit.
type until struct {
	last time.Time
	utc  bool
}

// passed reports whether an occurrence is after the UNTIL.
func (u until) passed(wall, at time.Time) bool {
	if u.utc {
		return at.After(u.last)
	}
	return !u.last.IsZero() && wall.After(u.last)
}

// ruleText returns the text of a rule in upper case, without the prefix "RRULE:".
func ruleText(text string) string {
	return strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(text)), "RRULE:")
}

// RuleParts returns the parts of the rule by name, in upper case: {"FREQ": "WEEKLY", "BYDAY": "MO"}.
// A shorthand such as monthly has the single part FREQ. It differs from the rule FREQ=MONTHLY, so
// shorthand reports it.
func (r Recurrence) RuleParts() (parts map[string]string, shorthand bool) {
	text := ruleText(r.RRule)
	if !strings.Contains(text, "=") {
		return map[string]string{"FREQ": text}, true
	}
	parts = map[string]string{}
	for part := range strings.SplitSeq(text, ";") {
		name, value, _ := strings.Cut(part, "=")
		parts[name] = value
	}
	return parts, false
}

// parseRule parses daily, weekly, monthly, yearly or an RFC 5545 RRULE value in any case. Its
// errors complete a sentence that starts with the name of the field.
func parseRule(text string) (rule, error) {
	if len(text) > maxRRule {
		return rule{}, fmt.Errorf("is longer than %d bytes", maxRRule)
	}
	text = ruleText(text)
	r := rule{text: text, plain: true}
	if freq, ok := frequency(text); ok {
		r.option.Freq, r.clamp = freq, true
		return r, nil
	}
	if strings.Contains(text, "DTSTART") {
		return rule{}, errors.New("has a DTSTART: leave it out, the series starts at due_at")
	}

	seen := map[string]bool{}
	for part := range strings.SplitSeq(text, ";") {
		name, value, _ := strings.Cut(part, "=")
		if value == "" {
			return rule{}, errors.New("is neither daily, weekly, monthly, yearly nor an RRULE such as FREQ=WEEKLY;BYDAY=MO,TH")
		}
		if seen[name] {
			return rule{}, fmt.Errorf("has %s twice: put all its values in one", name)
		}
		seen[name] = true
		if err := r.set(name, value); err != nil {
			return rule{}, err
		}
		r.plain = r.plain && !strings.HasPrefix(name, "BY")
	}
	if !seen["FREQ"] {
		return rule{}, errors.New("has no FREQ: add FREQ=DAILY, WEEKLY, MONTHLY or YEARLY")
	}
	return r, r.check()
}

// set applies one NAME=VALUE part.
func (r *rule) set(name, value string) (err error) {
	o := &r.option
	switch name {
	case "FREQ":
		freq, ok := frequency(value)
		if !ok {
			return fmt.Errorf("has FREQ=%s: use DAILY, WEEKLY, MONTHLY or YEARLY", value)
		}
		o.Freq = freq
	case "INTERVAL":
		o.Interval, err = number(name, value, 1, maxInterval, false)
	case "COUNT":
		r.count, err = number(name, value, 1, maxCount, false)
	case "UNTIL":
		r.until, err = parseUntil(value)
	case "WKST":
		o.Wkst, err = weekday(value)
		if err == nil && o.Wkst.N() != 0 {
			return fmt.Errorf("has the numbered day %s in WKST: use MO or SU", value)
		}
	case "BYDAY":
		o.Byweekday, err = list(value, weekday)
	case "BYMONTH":
		o.Bymonth, err = numbers(name, value, 1, 12, false)
	case "BYMONTHDAY":
		o.Bymonthday, err = numbers(name, value, 1, 31, true)
	case "BYYEARDAY":
		o.Byyearday, err = numbers(name, value, 1, 366, true)
	case "BYSETPOS":
		o.Bysetpos, err = numbers(name, value, 1, 366, true)
	case "BYHOUR":
		o.Byhour, err = numbers(name, value, 0, 23, false)
	case "BYMINUTE":
		o.Byminute, err = numbers(name, value, 0, 59, false)
	case "BYSECOND":
		return errors.New("has BYSECOND, which is not supported: leave it out, seconds are those of due_at")
	case "BYWEEKNO":
		return errors.New("has BYWEEKNO, which is not supported: use BYMONTH with BYDAY")
	default:
		return fmt.Errorf("has the unknown part %s", name)
	}
	return err
}

// check refuses combinations of parts that RFC 5545 section 3.3.10 forbids or leaves undefined.
func (r *rule) check() error {
	o := &r.option
	ordinals := 0
	for _, day := range o.Byweekday {
		n := day.N()
		if n == 0 {
			continue
		}
		ordinals++
		switch {
		case o.Freq != rrule.MONTHLY && o.Freq != rrule.YEARLY:
			return errors.New("has a numbered day such as 2MO in BYDAY: that needs FREQ=MONTHLY or YEARLY")
		case (o.Freq == rrule.MONTHLY || len(o.Bymonth) > 0) && (n < -5 || n > 5):
			return errors.New("has a numbered day outside -5 to 5 in BYDAY: no month has it")
		}
	}
	switch {
	case r.count > 0 && !r.until.last.IsZero():
		return errors.New("has both COUNT and UNTIL: keep one")
	case ordinals > 0 && ordinals < len(o.Byweekday):
		return errors.New("mixes numbered and plain days in BYDAY: number all (1MO,3MO) or none (MO)")
	case o.Freq == rrule.WEEKLY && len(o.Bymonthday) > 0:
		return errors.New("has BYMONTHDAY with FREQ=WEEKLY: use FREQ=MONTHLY or DAILY")
	case o.Freq != rrule.YEARLY && len(o.Byyearday) > 0:
		return errors.New("has BYYEARDAY: that needs FREQ=YEARLY")
	case len(o.Bysetpos) > 0 && len(o.Bymonth)+len(o.Bymonthday)+len(o.Byyearday)+len(o.Byweekday)+len(o.Byhour)+len(o.Byminute) == 0:
		return errors.New("has BYSETPOS alone: it selects from another part such as BYDAY")
	case max(1, len(o.Byhour))*max(1, len(o.Byminute)) > maxTimesOfDay:
		return fmt.Errorf("has more than %d times of day in BYHOUR and BYMINUTE", maxTimesOfDay)
	}
	return nil
}

// firstTime returns a start with the rule's first time of day, if the rule names times. A series that
// restarts at its second time would leave out the others of the first day.
func (r *rule) firstTime(start time.Time) time.Time {
	hour, minute := start.Hour(), start.Minute()
	if hours := r.option.Byhour; len(hours) > 0 {
		hour = slices.Min(hours)
	}
	if minutes := r.option.Byminute; len(minutes) > 0 {
		minute = slices.Min(minutes)
	}
	return time.Date(start.Year(), start.Month(), start.Day(), hour, minute, start.Second(), 0, start.Location())
}

// withCount returns the text of the rule with another COUNT.
func (r *rule) withCount(count int) string {
	parts := strings.Split(r.text, ";")
	i := slices.IndexFunc(parts, func(part string) bool { return strings.HasPrefix(part, "COUNT=") })
	parts[i] = "COUNT=" + strconv.Itoa(count)
	return strings.Join(parts, ";")
}
