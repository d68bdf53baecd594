package phrase

import (
	"strconv"
	"time"
)

// clock is a time of day.
type clock struct {
	hour, minute int
	// half reports whether the time may be in either half of the day. That is true for 9 and 9:30,
	// but not for 09:30, 15:00 or 9am.
	half bool
	// byPart reports whether a part of the day may still decide the half: "8h" of "8h du soir".
	byPart bool
	// early reports whether 5 and 6 are in the first half without a part of the day: "6 Uhr".
	early bool
}

func (c clock) on(day time.Time) time.Time {
	return day.Add(time.Duration(c.hour)*time.Hour + time.Duration(c.minute)*time.Minute)
}

// in decides the half of the day. In the afternoon and evening it is the second half. Without a
// part of the day, 1 to 6 are in the second half. 7 to 12 are in the first. In the morning all are
// in the first. At night, 12 and the small hours are after midnight.
func (c clock) in(p *part) clock {
	if c.half && p == night && (c.hour < 5 || c.hour == 12) {
		return clock{hour: c.hour%12 + 24, minute: c.minute}
	}
	if c.byPart && p != nil && p.pm && c.hour < 12 {
		return clock{hour: c.hour + 12, minute: c.minute}
	}
	afternoon := c.hour <= 6 && (!c.early || c.hour < 5)
	if p != nil {
		afternoon = p.pm
	}
	if c.half && afternoon && c.hour < 12 {
		c.hour += 12
	}
	c.half = c.half && c.hour < 12
	return c
}

// half decides the half of the day of a time. If the line names no part of the day, the task may:
// "wake me at 6:45" is in the morning, "dinner at 7" in the evening, and "flight 6:45" is one of 24 hours.
func (p *parser) half(c clock) clock {
	if p.part != nil || !c.half && !c.byPart {
		return c.in(p.part)
	}
	for i := range p.words {
		if p.is(i, p.lang.timetables) > 0 && c.minute != 0 && c.half && c.hour > 4 {
			return clock{hour: c.hour, minute: c.minute}
		}
		if p.is(i, p.lang.mornings) > 0 {
			return c.in(morning)
		}
		if p.is(i, p.lang.evenings) > 0 && c.hour > 3 {
			return c.in(evening)
		}
	}
	return c.in(nil)
}

// part is a part of the day.
type part struct {
	hours []int // the usual hour, and later ones for when it has passed today
	pm    bool
}

// clock returns the time for a part of the day. If day is today, now is set and the first time
// after it counts. Otherwise now is nil.
func (p *part) clock(day time.Time, now *time.Time) clock {
	for _, hour := range p.hours {
		if c := (clock{hour: hour}); now == nil || c.on(day).After(*now) {
			return c
		}
	}
	return clock{hour: 23, minute: 59}
}

// number parses one or two digits, up to high.
func number(text string, high int, n *int) bool {
	value, err := strconv.Atoi(text)
	*n = value
	return err == nil && len(text) <= 2 && text[0] >= '0' && text[0] <= '9' && value <= high
}
