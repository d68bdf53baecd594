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

// hasHidden reports whether s has a control character other than a tab, or one that embeds or overrides
// a direction of text. Such a title can look like another one.
func hasHidden(s string) bool { return strings.ContainsFunc(s, isHidden) }

func isHidden(r rune) bool {
	return unicode.Is(unicode.Cc, r) && r != '\t' && r != 0 || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
}

// isVisible reports whether s has a visible character. Spaces, control characters, format
// characters such as the zero width space, and marks without a letter are invisible.
func isVisible(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool {
		return !unicode.In(r, unicode.Z, unicode.Cc, unicode.Cf, unicode.M) && !strings.ContainsRune(blanks, r)
	})
}

func dropHidden(s string) string {
	return strings.Map(func(r rune) rune {
		if isHidden(r) {
			return -1
		}
		return r
	}, s)
}

// FitTitle makes a title one visible line. It returns the title and a description of the change, or
// "".
func FitTitle(title string) (fitted, changed string) {
	if hasLineBreak(title) {
		title, changed = strings.Join(strings.Fields(title), " "), "the title had several lines: they are one line"
	}
	if hasHidden(title) {
		title, changed = dropHidden(title), "the title had hidden characters: they are left out"
	}
	if !isVisible(title) {
		return "Untitled", "had no title"
	}
	return title, changed
}
