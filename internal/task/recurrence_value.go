package task

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/teambition/rrule-go"
)

func frequency(value string) (rrule.Frequency, bool) {
	switch value {
	case "DAILY":
		return rrule.DAILY, true
	case "WEEKLY":
		return rrule.WEEKLY, true
	case "MONTHLY":
		return rrule.MONTHLY, true
	case "YEARLY":
		return rrule.YEARLY, true
	}
	return 0, false
}

func weekdays() []rrule.Weekday {
	return []rrule.Weekday{rrule.MO, rrule.TU, rrule.WE, rrule.TH, rrule.FR, rrule.SA, rrule.SU}
}

// weekday parses a day of the week, with or without a number: MO, 2MO, -1FR.
func weekday(value string) (rrule.Weekday, error) {
	for _, day := range weekdays() {
		ordinal, ok := strings.CutSuffix(value, day.String())
		if !ok {
			continue
		}
		if ordinal == "" {
			return day, nil
		}
		n, err := number("BYDAY", ordinal, 1, 53, true)
		return day.Nth(n), err
	}
	return rrule.Weekday{}, fmt.Errorf("has the day %q: use MO, TU, WE, TH, FR, SA or SU", value)
}

// number parses a whole number from low to high. With negative it also accepts -high to -low.
func number(name, value string, low, high int, negative bool) (int, error) {
	n, err := strconv.Atoi(value)
	if err == nil && (low <= n && n <= high || negative && -high <= n && n <= -low) {
		return n, nil
	}
	if negative {
		return 0, fmt.Errorf("has %q in %s: use %d to %d or -%d to -%d", value, name, low, high, high, low)
	}
	return 0, fmt.Errorf("has %q in %s: use %d to %d", value, name, low, high)
}

func numbers(name, value string, low, high int, negative bool) ([]int, error) {
	return list(value, func(item string) (int, error) { return number(name, item, low, high, negative) })
}

// list parses comma-separated items and removes duplicates.
func list[T comparable](value string, parse func(string) (T, error)) ([]T, error) {
	var items []T
	for text := range strings.SplitSeq(value, ",") {
		item, err := parse(text)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(items, item) {
			items = append(items, item)
		}
	}
	return items, nil
}

// parseUntil parses the three forms of UNTIL. The date form includes the whole day.
func parseUntil(value string) (until, error) {
	if t, err := time.Parse("20060102T150405Z", value); err == nil {
		return until{last: t, utc: true}, nil
	}
	if t, err := time.Parse("20060102T150405", value); err == nil {
		return until{last: t}, nil
	}
	if t, err := time.Parse("20060102", value); err == nil {
		return until{last: t.AddDate(0, 0, 1).Add(-1)}, nil
	}
	return until{}, fmt.Errorf("has UNTIL=%s: use 20261231, 20261231T235959 or 20261231T235959Z", value)
}
