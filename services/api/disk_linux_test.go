package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/postgres"
	"taskmaster/internal/testkit"
)

// fillDisk leaves no space for an empty table. It replaces the table's file by /dev/full, which
// refuses every write with ENOSPC. free makes room again.
func (ta *testAPI) fillDisk(t *testing.T, table string) (free func()) {
	t.Helper()
	var dir, file string
	err := ta.db.InTx(t.Context(), func(tx pgx.Tx) error {
		return tx.QueryRow(t.Context(), `SELECT current_setting('data_directory'), pg_relation_filepath($1)`, table).Scan(&dir, &file)
	})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, file)
	if err := os.Rename(path, path+".empty"); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/dev/full", path); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := os.Rename(path+".empty", path); err != nil {
			t.Fatal(err)
		}
		ta.exec(t, `TRUNCATE `+table+` CASCADE`) // a new file, which every connection opens
	}
}

// TestFullDisk shows that a change which does not fit on the disk is refused with a reason.
// Everything can still be read, and health names the reason. The log has one line at the beginning
// and one at the end.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	log := &lines{}
	a.log = slog.New(slog.NewTextHandler(log, nil))
	a.db.ShareDisk(postgres.NewDisk(a.log))
	a.handler = checked(t, a.service.handler())
	p := a.newPerson(t)
	type health struct{ Status, Problem, Detail string }
	readyz := func() health {
		return decoded[health](t, a.send(t, "GET", "/readyz", nil).want(t, 200))
	}
	if got := readyz(); got != (health{Status: "ready"}) {
		t.Errorf("before: got health %+v, want ready", got)
	}

	free := a.fillDisk(t, "tasks")
	for range 3 {
		r := p.send(t, "POST", "/api/v1/tasks", object{"title": "pay rent"}, header("Idempotency-Key", "pay rent once")).wantProblem(t, 507, "disk_full")
		if want := "the server's disk is full, nothing was saved"; !strings.Contains(string(r.Body), want) {
			t.Errorf("got %s, want it to say %q", r.Body, want)
		}
		p.send(t, "GET", "/api/v1/tasks", nil).want(t, 200)
	}
	if got := readyz(); got.Status != "degraded" || got.Problem != "disk_full" {
		t.Errorf("got health %+v, want degraded by disk_full", got)
	}

	free()
	p.send(t, "POST", "/api/v1/tasks", object{"title": "pay rent"}, header("Idempotency-Key", "pay rent once")).want(t, 201)
	testkit.Eventually(t, "the service is ready again", func() bool { return readyz().Status == "ready" })
	for _, text := range []string{"database disk full", "database disk has room again"} {
		if got := log.count(text); got != 1 {
			t.Errorf("the log has %d lines %q, want 1", got, text)
		}
	}
	if got := log.count("request failed"); got != 0 {
		t.Errorf("the log has %d lines of failed requests, want none", got)
	}
}
