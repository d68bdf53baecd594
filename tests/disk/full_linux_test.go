//go:build disk

package disk

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"taskmaster/tests/system"
)

// fullWords is the detail of the answer to a change for which there is no room.
const fullWords = "the server's disk is full, nothing was saved"

// While the disk is full, changes are refused in words, reads work, and health names the reason. With
// room changes are saved again. No saved change is lost, and no refused change is there.
func TestFullDisk(t *testing.T) {
	f := newFixture(t)
	f.mustSave("before the disk is full")
	f.fill()

	refused := f.refusals(20)
	for _, p := range refused {
		if p.Status != http.StatusInsufficientStorage || p.Code != "disk_full" || !strings.Contains(p.Body, fullWords) {
			t.Errorf("a change was answered with %v, want 507 disk_full and %q", p, fullWords)
		}
	}
	if got := len(f.titles()); got != len(f.saved) {
		t.Errorf("%d tasks can be read while the disk is full, want the %d saved ones", got, len(f.saved))
	}
	if _, err := f.person.Page(t.Context(), "/all"); err != nil {
		t.Errorf("read the page while the disk is full: %v", err)
	}
	if got, want := f.health(), (health{Status: "degraded", Problem: "disk_full"}); got != want {
		t.Errorf("health is %+v while the disk is full, want %+v", got, want)
	}

	f.free()
	f.recovers()
	f.wantSaved()
	f.wantTold()
	f.wantLines("database disk full, changes are refused", 1)
	f.wantLines("database disk has room again", 1)
	f.wantLines("request failed", 0)
	f.wantLines("postgres  ", 0) // it would log every refused change
	f.wantLines("ended", 0)
}

// PostgreSQL ends when it cannot extend its write-ahead log, and cannot start on a full disk. Until
// there is room, changes and reads are refused in words. Then the supervisor starts PostgreSQL, and
// no saved change is lost.
func TestFullDiskEndsPostgreSQL(t *testing.T) {
	f := newFixture(t)
	f.mustSave("before the disk is full")
	repeats := f.create(map[string]any{"title": "Daily", "due_at": "2030-01-01T09:00:00Z", "recurrence": map[string]any{"rrule": "daily"}})
	f.fill()
	f.refusals(1)
	f.endPostgreSQL()

	for _, p := range f.refusals(20) {
		if p.Status != http.StatusInsufficientStorage || !strings.Contains(p.Body, fullWords) {
			t.Errorf("a change was answered with %v while the database is away, want 507 and %q", p, fullWords)
		}
	}
	var p *system.Problem
	if err := f.person.Do(t.Context(), "GET", "/tasks", nil, nil); !errors.As(err, &p) || p.Status != http.StatusServiceUnavailable ||
		!strings.Contains(p.Body, "the server's disk is full, this cannot be read until there is room") {
		t.Errorf("reading was answered with %v while the database is away, want 503 in words", err)
	}
	if got := f.health(); got.Code != "disk_full" {
		t.Errorf("health is %+v while the database is away, want the code disk_full", got)
	}

	f.free()
	f.recovers()
	f.wantSaved()
	f.wantTold()
	f.complete(repeats)
	f.wantTitle("Daily", 2) // an event created the next occurrence
	f.wantLines("the disk is full and postgres ended", 1)
	f.until("the supervisor logs the recovery", func() error {
		if !strings.Contains(f.Tail(wholeLog), "full disk: this is over") {
			return errors.New("it does not")
		}
		return nil
	})
	f.wantLines("database disk full, changes are refused", 1)
	f.wantLines("database disk has room again", 1)
	f.wantLines("request failed", 0)
	f.wantLines("postgres  ", 0)
}

// endPostgreSQL fills the write-ahead log until PostgreSQL ends. Meanwhile the person adds tasks. It
// returns when the supervisor has logged the end.
func (f *fixture) endPostgreSQL() {
	f.t.Helper()
	state, err := f.State()
	if err != nil {
		f.t.Fatal(err)
	}
	conn, err := pgx.Connect(f.t.Context(), state.DatabaseURL)
	if err != nil {
		f.t.Fatal(err)
	}
	defer conn.Close(f.t.Context())
	f.until("the supervisor logs the end of PostgreSQL", func() error {
		if p := f.save("while PostgreSQL ends"); p != nil {
			f.wantWords(p)
		}
		_, err := conn.Exec(f.t.Context(), `SELECT pg_logical_emit_message(true, 'fill', repeat('x', 500000))`)
		if !strings.Contains(f.Tail(wholeLog), "the disk is full and postgres ended") {
			return fmt.Errorf("it does not; the last statement ended with: %w", err)
		}
		return nil
	})
}

// wantWords checks that a person understands the answer to a failed change.
func (f *fixture) wantWords(p *system.Problem) {
	f.t.Helper()
	for code, words := range map[string]string{
		"disk_full":       fullWords,
		"unavailable":     "try again shortly",
		"outcome_unknown": "look before you repeat it",
	} {
		if p.Code == code && strings.Contains(p.Body, words) {
			return
		}
	}
	f.t.Errorf("a change was answered with %v, want words that a person understands", p)
}

// health is an answer of /readyz, ready or not.
type health struct{ Status, Problem, Code string }

func (f *fixture) health() (h health) {
	f.t.Helper()
	api, err := f.Process(system.RoleService, "api", 1)
	if err != nil {
		f.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(f.t.Context(), http.MethodGet, "http://"+api.Address+"/readyz", nil)
	if err != nil {
		f.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		f.t.Fatal(err)
	}
	defer res.Body.Close()
	// The status of a problem is a number, and that of readiness a word.
	var raw map[string]any
	if err := json.NewDecoder(res.Body).Decode(&raw); err != nil {
		f.t.Fatal(err)
	}
	h.Status, _ = raw["status"].(string)
	h.Problem, _ = raw["problem"].(string)
	h.Code, _ = raw["code"].(string)
	return h
}
