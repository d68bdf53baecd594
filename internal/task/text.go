package task

import (
	"strings"
	"unicode"
)

// lineBreaks are the characters that end a line in some program. A list, a notification or a
// calendar would show such a title as two.
const lineBreaks = "\n\v\f\r\u0085\u2028\u2029"

// blanks are letters and signs without a visible form: Hangul fillers, the Braille pattern without
// dots and a null notehead.
const blanks = "\u115f\u1160\u3164\uffa0\u2800\U0001d159"

// hasLineBreak reports whether s has more than one line.
func hasLineBreak(s string) bool { return strings.ContainsAny(s, lineBreaks) }

// isVisible reports whether s has a visible character. Spaces, control characters, format
// characters such as the zero width space, and marks without a letter are invisible.
func isVisible(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool {
		return !unicode.In(r, unicode.Z, unicode.Cc, unicode.Cf, unicode.M) && !strings.ContainsRune(blanks, r)
	})
}

// FitTitle makes a title one visible line. It returns the title and a description of the change, or
// "".
func FitTitle(title string) (fitted, changed string) {
	if hasLineBreak(title) {
		title, changed = strings.Join(strings.Fields(title), " "), "the title had several lines: they are one line"
	}
	if !isVisible(title) {
		return "Untitled", "had no title"
	}
	return title, changed
}
