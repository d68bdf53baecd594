package task

import (
	"fmt"
	"strings"
	"testing"
)

func TestTitles(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, title, refused string }{
		{"a word", "rent", ""},
		{"an emoji with a joiner", "👩\u200d🚀", ""},
		{"a letter with a mark", "e\u0301", ""},
		{"Hangul", "한글", ""},
		{"a right-to-left mark beside words", "\u200fשכר דירה", ""},
		{"a sign alone", "?", ""},
		{"zero width spaces", "\u200b\u200b", "no visible character"},
		{"a word joiner", "\u2060", "no visible character"},
		{"soft hyphens", "\u00ad\u00ad", "no visible character"},
		{"a mark alone", "\u0301", "no visible character"},
		{"a variation selector", "\ufe0f", "no visible character"},
		{"a Hangul filler", "\u3164", "no visible character"},
		{"half a Hangul filler", "\uffa0", "no visible character"},
		{"a Braille blank", "\u2800", "no visible character"},
		{"a control", "\u0007", "no visible character"},
		{"two lines", "a\nb", "more than one line"},
		{"two lines of Windows", "a\r\nb", "more than one line"},
		{"a return", "a\rb", "more than one line"},
		{"a vertical tab", "a\vb", "more than one line"},
		{"a form feed", "a\fb", "more than one line"},
		{"a next line", "a\u0085b", "more than one line"},
		{"a line separator", "a\u2028b", "more than one line"},
		{"a paragraph separator", "a\u2029b", "more than one line"},
	} {
		made := Task{Title: c.title}
		made.Normalize()
		err := made.Validate()
		if c.refused == "" && err != nil {
			t.Errorf("%s: got %v, want it accepted", c.name, err)
		}
		if c.refused != "" && !strings.Contains(fmt.Sprint(err), "title: has "+c.refused) {
			t.Errorf("%s: got %v, want it refused for %q", c.name, err, c.refused)
		}
		fitted, _ := FitTitle(c.title)
		made.Title = fitted
		if err := made.Validate(); err != nil {
			t.Errorf("%s: made to fit it is %q, which is refused: %v", c.name, fitted, err)
		}
	}
}
