package ical

import (
	"bytes"
	"fmt"
	"strings"

	"taskmaster/internal/importer"
	"taskmaster/internal/task"
)

// property is a content line: NAME;PARAM=value:value.
type property struct {
	name   string
	params []param
	value  string
}

type param struct{ name, value string }

// param returns the value of a parameter, or "" if there is none.
func (p property) param(name string) string {
	for _, q := range p.params {
		if q.name == name {
			return q.value
		}
	}
	return ""
}

// head returns the name with the parameters: DUE;TZID=Europe/Berlin.
func (p property) head() string {
	head := p.name
	for _, q := range p.params {
		head += ";" + q.name + "=" + q.value
	}
	return head
}

// lines yields unfolded content lines (RFC 5545 section 3.1) with the number of their first
// physical line. Lines may end with LF or CR alone, like in files from an editor.
type lines struct {
	rest   []byte
	number int
	next   int
}

func newLines(data []byte) *lines {
	data = importer.Unicode(data)
	if !bytes.Contains(data, []byte("\n")) {
		data = bytes.ReplaceAll(data, []byte("\r"), []byte("\n"))
	}
	return &lines{rest: data}
}

// scan returns the next line that is not empty. It returns false at the end.
func (l *lines) scan() (string, bool) {
	for len(l.rest) > 0 {
		l.number = l.next + 1
		line := l.physical()
		if len(l.rest) == 0 || (l.rest[0] != ' ' && l.rest[0] != '\t') {
			if len(line) > 0 {
				return importer.UTF8(string(line)), true
			}
			continue
		}
		// Folding may split a character. The bytes are joined before they are decoded.
		joined := bytes.Clone(line)
		for len(l.rest) > 0 && (l.rest[0] == ' ' || l.rest[0] == '\t') {
			joined = append(joined, l.physical()[1:]...)
		}
		return importer.UTF8(string(joined)), true
	}
	return "", false
}

func (l *lines) physical() []byte {
	l.next++
	line, rest, _ := bytes.Cut(l.rest, []byte("\n"))
	l.rest = rest
	return bytes.TrimSuffix(line, []byte("\r"))
}

// parse splits a content line. It converts names to upper case.
func (l *lines) parse(line string) (property, error) {
	i := strings.IndexAny(line, ":;")
	if i <= 0 {
		return property{}, l.errorf("is not an iCalendar line such as SUMMARY:Buy milk")
	}
	p := property{name: strings.ToUpper(line[:i])}
	for line = line[i:]; line[0] == ';'; {
		name, rest, ok := strings.Cut(line[1:], "=")
		if !ok || strings.ContainsAny(name, ":;") {
			return property{}, l.errorf("has a parameter without a value")
		}
		value, rest, ok := cutValue(rest)
		if !ok {
			return property{}, l.errorf("ends within its parameters")
		}
		if len(p.params) == maxParams {
			return property{}, l.errorf("has more than %d parameters", maxParams)
		}
		p.params = append(p.params, param{strings.ToUpper(name), value})
		line = rest
	}
	p.value = line[1:]
	return p, nil
}

// cutValue returns the value or values of a parameter without quotes. rest is the line from the
// next ";" or ":" on.
func cutValue(s string) (value, rest string, ok bool) {
	quoted := false
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"':
			quoted = !quoted
		case !quoted && (c == ';' || c == ':'):
			return strings.ReplaceAll(s[:i], `"`, ""), s[i:], true
		}
	}
	return "", "", false
}

func (l *lines) errorf(format string, args ...any) error {
	return task.Errorf(task.CodeInvalid, "line %d %s", l.number, fmt.Sprintf(format, args...))
}

// unescape decodes a TEXT value. It drops a backslash before an unknown character.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			out.WriteByte(s[i])
			continue
		}
		i++
		if s[i] == 'n' || s[i] == 'N' {
			out.WriteByte('\n')
		} else {
			out.WriteByte(s[i])
		}
	}
	return out.String()
}

// splitList splits a value at unescaped commas and decodes each part as TEXT.
func splitList(s string) []string {
	var parts []string
	start := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case ',':
			parts = append(parts, unescape(s[start:i]))
			start = i + 1
		}
	}
	return append(parts, unescape(s[start:]))
}
