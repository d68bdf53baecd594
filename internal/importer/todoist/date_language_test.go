package todoist

import (
	"testing"
	"time"
)

// TestReadDateLanguages checks the dates that Todoist writes in other languages.
func TestReadDateLanguages(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	for _, tt := range []struct{ language, date, want string }{
		{"de", "jeden Tag", "daily"}, {"fr", "tous les jours", "daily"}, {"es", "cada día", "daily"}, {"es_ES", "todos los días", "daily"},
		{"fr", "tous les lundis", "FREQ=WEEKLY;BYDAY=MO"}, {"de", "alle 3 Tage", "FREQ=DAILY;INTERVAL=3"}, {"en", "every day", "daily"}, {"", "every day", "daily"},
	} {
		var p pending
		p.row = row{columns: map[string]int{"DATE_LANG": 0}, fields: []string{tt.language}}
		if !p.readDate(tt.date, now, time.UTC) || p.task.Recurrence == nil || p.task.Recurrence.RRule != tt.want {
			t.Errorf("%s %q: got %+v, want %s", tt.language, tt.date, p.task.Recurrence, tt.want)
		}
	}
}
