package main

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/postgres"
	"taskmaster/internal/postgres/postgrestest"
	"taskmaster/internal/sidecar"
)

// TestRestoredDatabase restores a database that then grows to the client's revision with other
// content.
func TestRestoredDatabase(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	p := a.newPerson(t)
	made := p.newTask(t, object{"title": "one", "due_at": testStart.Add(time.Hour), "reminders": []object{{"minutes_before": 5}}})
	old := decoded[apiv1.ChangePage](t, p.send(t, "GET", "/api/v1/changes?since=0", nil).want(t, 200))
	lost := p.send(t, "PATCH", taskPath(made.ID), object{"title": "lost"}).want(t, 200)
	oldTag := lost.Header.Get("ETag")

	// The backup is older than the change. After the restore, the same task is changed in another
	// way.
	a.exec(t, `UPDATE users SET revision = 1`)
	a.exec(t, `UPDATE tasks SET revision = 1, title = $1`, made.Title)
	a.exec(t, `DELETE FROM outbox WHERE revision > 1`)
	a.exec(t, `UPDATE outbox SET published_at = created_at`)
	a.exec(t, `UPDATE reminders SET job_at = fire_at`)
	var out bytes.Buffer
	if err := restored(t.Context(), a.db, &out); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "2 events again") {
		t.Errorf("got %q, want the two events of the backup", out.String())
	}
	p.send(t, "PATCH", taskPath(made.ID), object{"title": "other"}).want(t, 200)

	me := decoded[apiv1.User](t, p.send(t, "GET", "/api/v1/me", nil).want(t, 200))
	if me.Epoch == old.Epoch || me.Revision != 2 {
		t.Errorf("got revision %d of epoch %s, want 2 of another epoch", me.Revision, me.Epoch)
	}
	got := decoded[apiv1.ChangePage](t, p.send(t, "GET", "/api/v1/changes?since=2&epoch="+old.Epoch, nil).want(t, 200))
	if !got.Resync || got.Epoch != me.Epoch || len(got.Items) > 0 {
		t.Errorf("with the old epoch: got %+v, want resync and the epoch %s", got, me.Epoch)
	}
	for _, query := range []string{"since=1&epoch=" + me.Epoch, "since=1"} {
		got := decoded[apiv1.ChangePage](t, p.send(t, "GET", "/api/v1/changes?"+query, nil).want(t, 200))
		if got.Resync || len(got.Items) != 1 {
			t.Errorf("%s: got %+v, want one change", query, got)
		}
	}

	if tag := p.send(t, "GET", taskPath(made.ID), nil).want(t, 200).Header.Get("ETag"); tag == oldTag || !strings.HasSuffix(tag, `-2"`) {
		t.Errorf("got ETag %s, which was %s before the restore", tag, oldTag)
	}
	for _, tag := range []string{oldTag, `"2"`} { // the second has the form from before there were epochs
		p.send(t, "PATCH", taskPath(made.ID), object{"title": "unseen"}, header("If-Match", tag)).wantProblem(t, 412, "precondition_failed")
		p.send(t, "POST", taskPath(made.ID, "/complete"), nil, header("If-Match", tag)).wantProblem(t, 412, "precondition_failed")
		p.send(t, "DELETE", taskPath(made.ID), nil, header("If-Match", tag)).wantProblem(t, 412, "precondition_failed")
		p.send(t, "GET", taskPath(made.ID), nil, header("If-None-Match", tag)).want(t, 200)
	}
	if n := a.count(t, `SELECT count(*) FROM reminders WHERE job_at IS NOT NULL`); n > 0 {
		t.Errorf("%d reminders are marked as scheduled, want none", n)
	}
}

// TestFiredReminderAfterARestore restores a database after a reminder has fired. Neither the sweep nor a
// job fires it again. Its event is published again with the id that notifier has seen.
func TestFiredReminderAfterARestore(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	made := p.newTask(t, object{"title": "dentist", "due_at": minute(60)})
	p.reconciled(t)
	p.advance(45 * time.Minute)
	p.callback(t, sidecar.JobName(made.ID, 0)).want(t, 200)
	p.exec(t, `UPDATE outbox SET published_at = created_at`)
	if err := restored(t.Context(), p.db, io.Discard); err != nil {
		t.Fatal(err)
	}
	p.reconciled(t)
	p.swept(t)
	p.callback(t, sidecar.JobName(made.ID, 0)).want(t, 200)
	if got := p.count(t, `SELECT count(*) FROM outbox WHERE type = 'reminder.due' AND published_at IS NULL`); got != 1 {
		t.Errorf("got %d reminders to publish, want the one that fired", got)
	}
}

// TestRestoreIsNoticed restores a database by other means. The first connection afterwards notices
// it.
func TestRestoreIsNoticed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, sql string
		noticed   bool
	}{
		{"nothing", `SELECT`, false},
		{"another server", `UPDATE installation SET located = regexp_replace(located, '^[0-9]+', '1')`, true},
		{"another database", `UPDATE installation SET located = regexp_replace(located, '/[0-9]+/', '/1/')`, true},
		{"another timeline", `UPDATE installation SET located = regexp_replace(located, '[0-9A-F]+$', '000000FF')`, true},
		{"never looked", `UPDATE installation SET located = NULL`, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			url := postgrestest.URL(t)
			epoch := func(sql string) (epoch string) {
				db, err := postgres.Open(t.Context(), url, 2)
				if err != nil {
					t.Fatal(err)
				}
				defer db.Close()
				err = db.InTx(t.Context(), func(tx pgx.Tx) (err error) {
					if epoch, err = postgres.Epoch(t.Context(), tx); err != nil {
						return err
					}
					_, err = tx.Exec(t.Context(), sql)
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
				return epoch
			}
			before := epoch(c.sql)
			after := epoch(`SELECT`)
			if (before != after) != c.noticed {
				t.Errorf("the epoch was %s and is %s, want another one: %v", before, after, c.noticed)
			}
			if again := epoch(`SELECT`); again != after {
				t.Errorf("the epoch was %s and is %s, though nothing happened between", after, again)
			}
		})
	}
}
