package phrase

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ordinals reports whether the weekdays of a rule are numbered within the month.
func (r ruleText) ordinals() bool {
	return strings.ContainsAny(r["BYDAY"], "0123456789") || r["BYSETPOS"] != "" && r["BYDAY"] != ""
}

// days describes the days of a rule. If the rule names none, it describes those of its start. ok is
// false for unsupported rules.
func (r ruleText) days(start time.Time, shorthand bool) (said string, named, ok bool) {
	switch {
	case r["BYDAY"] != "" && r["BYMONTHDAY"] != "":
		return "", false, false
	case r["BYDAY"] != "":
		said, ok = r.weekdays()
		return said, true, ok
	case r["BYMONTHDAY"] != "":
		said, ok = r.monthDays()
		return said, true, ok
	case r["BYSETPOS"] != "":
		return "", false, false
	case r["FREQ"] == "WEEKLY":
		return start.Weekday().String(), false, true
	case shorthand && start.Day() > 28:
		return ordinal(start.Day()) + " or last day", false, true
	}
	return ordinal(start.Day()), false, true
}

func (r ruleText) weekdays() (string, bool) {
	var names []string
	for item := range strings.SplitSeq(r["BYDAY"], ",") {
		at := max(0, len(item)-2)
		day := slices.Index(shortDays[:], item[at:])
		if day < 0 {
			return "", false
		}
		name := time.Weekday(day).String()
		if number := item[:at]; number != "" {
			n, err := strconv.Atoi(number)
			if err != nil {
				return "", false
			}
			name = ordinalOrLast(n) + name
		}
		names = append(names, name)
	}
	said := list(names)
	if r["BYDAY"] == "MO,TU,WE,TH,FR" {
		said = "weekday"
	}
	if r["BYSETPOS"] != "" {
		var positions []string
		for position := range strings.SplitSeq(r["BYSETPOS"], ",") {
			n, err := strconv.Atoi(position)
			if err != nil {
				return "", false
			}
			positions = append(positions, strings.TrimSpace(ordinalOrLast(n)))
		}
		return list(positions) + " " + said, said == "weekday" || len(names) == 1
	}
	return said, true
}

func (r ruleText) monthDays() (string, bool) {
	var numbers []int
	for item := range strings.SplitSeq(r["BYMONTHDAY"], ",") {
		n, err := strconv.Atoi(item)
		if err != nil {
			return "", false
		}
		numbers = append(numbers, n)
	}
	if r["BYSETPOS"] != "" {
		// Some months lack the 29th to 31st. A rule for such a day lists all days from the 28th on,
		// of which the last counts.
		// Days before them count by their positions: 15,28,29,30 with 1,-1.
		last, at28 := slices.Max(numbers), slices.Index(numbers, 28)
		positions := "-1"
		var names []string
		for i := at28 - 1; i >= 0; i-- {
			positions = strconv.Itoa(i+1) + "," + positions
			names = append([]string{ordinal(numbers[i])}, names...)
		}
		names = append(names, ordinal(last)+" or last day")
		return list(names), at28 >= 0 && r["BYSETPOS"] == positions && slices.IsSorted(numbers) && len(numbers) == at28+last-27
	}
	var names []string
	for _, n := range numbers {
		if n < 0 {
			names = append(names, ordinalOrLast(n)+"day")
		} else {
			names = append(names, ordinal(n))
		}
	}
	return list(names), true
}

// list joins names with commas and "and".
func list(names []string) string {
	last := len(names) - 1
	if last == 0 {
		return names[0]
	}
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

func ordinal(n int) string {
	suffix := "th"
	if n/10 != 1 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return fmt.Sprintf("%d%s", n, suffix)
}

// ordinalOrLast returns "1st " for 1, "last " for -1 and "2nd last " for -2.
func ordinalOrLast(n int) string {
	switch {
	case n == -1:
		return "last "
	case n < 0:
		return ordinal(-n) + " last "
	}
	return ordinal(n) + " "
}
