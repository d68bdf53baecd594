package task

import (
	"strings"
	"unicode"
)

// lineBreaks end a line somewhere: a list, a notification or a calendar would show a title with one as two titles.
const lineBreaks = "\n\v\f\r\u0085\u2028\u2029"

// blanks are letters and signs that are shown as nothing: fillers for syllables of Hangul, the Braille pattern without dots and
// a null notehead.
const blanks = "\u115f\u1160\u3164\uffa0\u2800\U0001d159"

// hasLineBreak reports whether s has more than one line.
func hasLineBreak(s string) bool { return strings.ContainsAny(s, lineBreaks) }

// isVisible reports whether a person sees anything of s. Spaces, controls, formats such as the zero width space, and marks that
// have no letter to stand on are not seen.
func isVisible(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool {
		return !unicode.In(r, unicode.Z, unicode.Cc, unicode.Cf, unicode.M) && !strings.ContainsRune(blanks, r)
	})
}

// FitTitle returns a title in one line that people see, and says what it changed; "" is nothing.
func FitTitle(title string) (fitted, changed string) {
	if hasLineBreak(title) {
		title, changed = strings.Join(strings.Fields(title), " "), "the title had several lines: they are one line"
	}
	if !isVisible(title) {
		return "Untitled", "had no title"
	}
	return title, changed
}
