package dialog

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"taskmaster/internal/intent"
	"taskmaster/internal/phrase"
)

// TestWordsAreComplete checks that each language has each text, with the same places for values.
func TestWordsAreComplete(t *testing.T) {
	t.Parallel()
	want := reflect.ValueOf(languages["en"])
	for _, language := range phrase.Languages {
		got := reflect.ValueOf(languages[language])
		for i := range want.NumField() {
			name := want.Type().Field(i).Name
			switch field := got.Field(i); field.Kind() {
			case reflect.String:
				if a, b := places(want.Field(i).String()), places(field.String()); field.String() == "" || !slices.Equal(a, b) {
					t.Errorf("%s: %s is %q, with the places %v, want %v", language, name, field.String(), b, a)
				}
			default:
				if field.Len() == 0 || field.Len() != want.Field(i).Len() {
					t.Errorf("%s: %s has %d entries, want %d", language, name, field.Len(), want.Field(i).Len())
				}
			}
		}
	}
	for kind := range tools {
		for language, w := range languages {
			for _, text := range []string{w.verbs[kind], w.past[kind], w.pasts[kind]} {
				if got := places(text); !slices.Equal(got, []string{"%s"}) {
					t.Errorf("%s: a text of %s is %q, want one place", language, kind, text)
				}
			}
		}
	}
}

// places returns the sorted places of a format.
func places(format string) (found []string) {
	for i := range format {
		if format[i] == '%' && i+1 < len(format) {
			found = append(found, format[i:i+2])
		}
	}
	slices.Sort(found)
	return found
}

// TestSuggestionsAreUnderstood checks that each suggestion is a sentence that the rules read.
func TestSuggestionsAreUnderstood(t *testing.T) {
	t.Parallel()
	for language, w := range languages {
		o := intent.Options{Now: time.Date(2026, 12, 2, 9, 0, 0, 0, time.UTC), Zone: time.UTC, Language: language, WeekStart: time.Monday}
		for _, sentence := range w.suggest {
			if got := intent.Read(sentence, o); got.Kind == intent.Unknown {
				t.Errorf("%s: %q is not understood", language, sentence)
			}
		}
		move := map[string]string{"en": "move milk", "de": "Verschiebe Milch", "fr": "Déplace le lait", "es": "Mueve la leche"}[language]
		for _, day := range w.days {
			if got := intent.Read(move+" "+day, o); got.Kind != intent.Move {
				t.Errorf("%s: %q is %s, want a move", language, move+" "+day, got.Kind)
			}
		}
	}
}
