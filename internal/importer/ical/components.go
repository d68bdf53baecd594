package ical

import "taskmaster/internal/task"

// component is an iCalendar component, from BEGIN to END.
type component struct {
	name       string
	line       int
	properties []property
	children   []component
	// broken are lines that are not content lines.
	broken []brokenLine
}

type brokenLine struct{ text, message string }

// get returns the first property with a name.
func (c component) get(name string) (property, bool) {
	for _, p := range c.properties {
		if p.name == name {
			return p, true
		}
	}
	return property{}, false
}

// text returns the value of a TEXT property, or "" if there is none.
func (c component) text(name string) string {
	p, _ := c.get(name)
	return unescape(p.value)
}

// The limits of a file beyond its size. They bound the memory for reading it.
const (
	maxDepth      = 6
	maxProperties = 1000 // per component
	maxChildren   = 200
	maxParams     = 100 // per property
)

// scan reads VCALENDAR objects. It calls f with each component of a name that is a direct child of
// one. It keeps none of them. It returns the first error of f, or an error of code invalid if the
// data is not iCalendar.
func scan(data []byte, name string, f func(component) error) error {
	l := newLines(data)
	var open []component
	for {
		text, ok := l.scan()
		if !ok {
			break
		}
		p, err := l.parse(text)
		if err != nil {
			if err := addBroken(l, open, brokenLine{text, err.Error()}, name); err != nil {
				return err
			}
			continue
		}
		switch p.name {
		case "BEGIN":
			c := component{name: upper(p.value), line: l.number}
			if len(open) == 0 && c.name != "VCALENDAR" {
				return l.errorf("begins %s outside a VCALENDAR", c.name)
			}
			if len(open) == maxDepth {
				return l.errorf("is nested too deeply")
			}
			open = append(open, c)
		case "END":
			if len(open) == 0 || open[len(open)-1].name != upper(p.value) {
				return l.errorf("ends %s, which did not begin", upper(p.value))
			}
			ended := open[len(open)-1]
			open = open[:len(open)-1]
			if err := end(l, open, ended, name, f); err != nil {
				return err
			}
		default:
			if len(open) == 0 {
				return l.errorf("stands outside a VCALENDAR: the file does not begin with BEGIN:VCALENDAR")
			}
			if err := add(l, open, p, name); err != nil {
				return err
			}
		}
	}
	if len(open) > 0 {
		return l.errorf("is the last, and %s has not ended: the file is cut off", open[len(open)-1].name)
	}
	return nil
}

// end hands a component with the name to f, and a nested component to its parent.
func end(l *lines, open []component, ended component, name string, f func(component) error) error {
	if !inside(open, name) {
		if len(open) == 1 && ended.name == name {
			return f(ended)
		}
		return nil
	}
	around := &open[len(open)-1]
	if len(around.children) == maxChildren {
		return l.errorf("ends more than %d components in one %s", maxChildren, around.name)
	}
	around.children = append(around.children, ended)
	return nil
}

// add keeps a property of a component with the name, or of a component inside one.
func add(l *lines, open []component, p property, name string) error {
	if !inside(open, name) || !known(p.name) {
		return nil
	}
	c := &open[len(open)-1]
	if len(c.properties)+len(c.broken) >= maxProperties {
		return l.errorf("is one of more than %d properties of one %s", maxProperties, c.name)
	}
	c.properties = append(c.properties, p)
	return nil
}

// addBroken keeps a line that is not a content line. Outside a VCALENDAR it is an error: the file is
// not iCalendar.
func addBroken(l *lines, open []component, b brokenLine, name string) error {
	switch {
	case len(open) == 0:
		return task.Errorf(task.CodeInvalid, "%s", b.message)
	case !inside(open, name):
		return nil
	}
	c := &open[1]
	if len(c.properties)+len(c.broken) >= maxProperties {
		return l.errorf("is one of more than %d properties of one %s", maxProperties, c.name)
	}
	c.broken = append(c.broken, b)
	return nil
}

func inside(open []component, name string) bool { return len(open) > 1 && open[1].name == name }

// known reports whether the importer reads a property.
func known(name string) bool {
	switch name {
	case "UID", "RECURRENCE-ID", "SUMMARY", "DESCRIPTION", "URL", "LOCATION", "STATUS", "COMPLETED", "PERCENT-COMPLETE", "PRIORITY",
		"CATEGORIES", "DUE", "DTSTART", "DURATION", "RRULE", "CREATED", "LAST-MODIFIED", "DTSTAMP",
		"RELATED-TO", "EXDATE", "RDATE", "COMMENT", "ATTACH",
		"ACTION", "TRIGGER", "X-APPLE-PROXIMITY",
		"TZID", "X-LIC-LOCATION", "TZOFFSETFROM", "TZOFFSETTO",
		propTimeZone, propDescription, propRecurrence, propReminders, propReminder, propID, propSeries, propOccurrence, propSnoozedUntil:
		return true
	}
	return false
}
