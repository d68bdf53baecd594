//go:build browser

package browser

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// view is a page with its name.
type view struct{ name, path string }

// views returns all views of a logged-in user, including the page of a task.
func views(task string) []view {
	return []view{
		{"today", "/today"}, {"upcoming", "/upcoming"}, {"calendar", "/calendar"}, {"all", "/all"}, {"done", "/done"},
		{"tag", "/tag/home"}, {"priority", "/priority/high"}, {"search", "/search?q=rent"}, {"task", "/task/" + task},
		{"chat", "/chat"}, {"account", "/settings/account"}, {"notifications", "/settings/notifications"}, {"import", "/settings/import"},
	}
}

// household creates data that fills every view. It returns a task that uses every field.
func household(p person) string {
	p.t.Helper()
	now := time.Now().UTC().Truncate(time.Minute)
	full := p.create(fields{
		"title": "Pay rent", "description": "To **the landlord**:\n\n- IBAN in the contract\n- [terms](https://example.com/terms)",
		"due_at": today(), "priority": "high", "tags": []string{"home", "money"},
		"recurrence": fields{"rrule": "FREQ=MONTHLY;BYMONTHDAY=1"}, "reminders": []fields{{"minutes_before": 15}, {"minutes_before": 1440}},
	})
	for _, f := range []fields{
		{"title": "Call mum", "due_at": now.Add(-26 * time.Hour), "priority": "medium"},
		{"title": "Water plants", "due_at": now.AddDate(0, 0, 1), "tags": []string{"home"}, "recurrence": fields{"rrule": "FREQ=DAILY;INTERVAL=3", "anchor": "completion"}},
		{"title": "Standup with everybody who works on the new heating, every weekday until that is done at last", "due_at": now.AddDate(0, 0, 2), "tags": []string{"work"}},
		{"title": "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft", "priority": "low"},
		{"title": "Read a book"},
		{"title": "Book the dentist", "completed": true},
	} {
		p.create(f)
	}
	p.do("POST", "/channels", fields{"kind": "webhook", "url": "http://127.0.0.1:9/closed"}, nil)
	p.do("POST", "/tokens", fields{"name": "backup", "scopes": []string{"tasks:read"}}, nil)
	return full.ID
}

// maxShift is half of the cumulative layout shift that counts as good (web.dev/cls). On a busy
// machine, a page that is still being resized shifted by 0.016. Visible shifts were 0.3 and more.
const maxShift = 0.05

// Every view is accessible and not cut off, does not shift while loading, and loads few scripts.
// This holds in light and dark mode and at every width. The screenshots are for people.
func TestViews(t *testing.T) {
	p := newPerson(t)
	all := append(views(household(p)), view{"enter", "/enter"})
	for _, scheme := range []string{"light", "dark"} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			p := person{p.Person, t}
			w, out := p.window("/today"), newDevice(t).window()
			for _, v := range all {
				w := w
				if v.name == "enter" {
					w = out
				}
				lookAt(t, w, v, scheme)
			}
		})
	}
}

func lookAt(t *testing.T, w *window, v view, scheme string) {
	t.Helper()
	w.scheme(scheme)
	for _, width := range []int64{2560, 320, 1280} {
		w.width(width)
		w.open(v.path)
		w.settled()
		where := fmt.Sprintf("%s-%s-%d", v.name, scheme, width)
		m := w.measured()
		t.Logf("%s: %v", where, m)
		if m.Shift > maxShift {
			t.Errorf("%s: the layout shifts by %.4f: %s", where, m.Shift, strings.Join(m.Sources, " | "))
		}
		if m.Bytes > 100<<10 {
			t.Errorf("%s: scripts and styles have %d bytes, more than 100 KiB: %v", where, m.Bytes, m.Files)
		}
		if out := w.tooWide(); out != "" {
			t.Errorf("%s: the page needs horizontal scrolling: %s", where, out)
		}
		if places := value[int](w, `document.querySelectorAll("#waiting").length`); places != 1 && v.name != "enter" {
			t.Errorf("%s: there are %d lists of waiting changes, want 1", where, places)
		}
		w.picture(where)
	}
	w.accessible(v.name + " " + scheme)
}

// settled waits until the page is loaded and, for a logged-in user, connected.
func (w *window) settled() {
	w.t.Helper()
	w.see(`document.readyState === "complete" && (!document.getElementById("connection") || document.getElementById("connection").dataset.state === "live")`)
}
