//go:build browser

package browser

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/jackc/pgx/v5"
)

// fullDiskWords is the page's message about a change for which the server has no room.
const fullDiskWords = "The server's disk is full, nothing was saved."

// fillDisk makes PostgreSQL refuse to store the person's tasks, with the error of a full disk. tests/disk
// has a disk that is really full.
func (p person) fillDisk() (free func()) {
	p.t.Helper()
	run := func(sql string) {
		p.t.Helper()
		state, err := shared.State()
		if err != nil {
			p.t.Fatal(err)
		}
		conn, err := pgx.Connect(p.t.Context(), state.DatabaseURL)
		if err != nil {
			p.t.Fatal(err)
		}
		defer conn.Close(p.t.Context())
		if _, err := conn.Exec(p.t.Context(), sql); err != nil {
			p.t.Fatal(err)
		}
	}
	run(`CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full';
		END $$;
		CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON tasks FOR EACH ROW WHEN (NEW.user_id = '` + p.ID + `') EXECUTE FUNCTION refuse()`)
	return func() {
		p.t.Helper()
		run(`DROP TRIGGER full_disk ON tasks; DROP FUNCTION refuse()`)
	}
}

// A change for which the server has no room is refused in words. The typed text stays and can be sent
// again.
func TestFullDiskKeepsWhatWasTyped(t *testing.T) {
	p := newPerson(t)
	made := p.create(fields{"title": "edit me", "due_at": today()})
	w := p.window("/all")
	w.watch.excuse("507")
	w.live()
	free := p.fillDisk()

	w.add("added with room")
	w.seeText(fullDiskWords)
	w.see(`document.getElementById("line").value === "added with room"`)
	w.waiting(0)
	w.fill(line, "\b")
	w.open("/task/" + made.ID)
	w.live()
	w.rename("edited with room")
	w.seeText(fullDiskWords)
	w.see(`document.getElementById("edit-title").value === "edited with room" && document.querySelector("[data-dirty]")`)

	free()
	w.press(kb.Enter)
	p.until("the edit is saved", func() error {
		if got := p.task(made.ID).Title; got != "edited with room" {
			return fmt.Errorf("the title is %q", got)
		}
		return nil
	})
	p.hasNone("added with room")
}

// A change that was made offline is kept while the server has no room for it, also over a reload. It is
// repeated after growing pauses, and saved once when there is room.
func TestFullDiskKeepsWhatWaits(t *testing.T) {
	p := newPerson(t)
	w := p.window("/all")
	w.watch.excuse("507")
	w.watch.excuseNetwork()
	w.live()
	w.kept("/all")
	w.device.offline()
	w.seeText("Offline")
	w.add("made offline")
	w.waiting(1)
	free := p.fillDisk()
	sent := w.sendings()

	w.device.online()
	w.seeText("The server's disk is full. What you change is kept in this browser and sent when there is room.")
	// The first pauses last up to one and two seconds. A new connection repeats the change at once.
	p.until("a pause has grown", func() error {
		times := sent()
		for i := 1; i < len(times); i++ {
			if times[i].Sub(times[i-1]) > 1500*time.Millisecond {
				return nil
			}
		}
		return fmt.Errorf("it was sent at %v", times)
	})
	w.waiting(1)
	w.see(`!document.querySelector("#waiting [data-conflict]")`)
	w.reload()
	w.live()
	w.waiting(1)
	w.seeText("The server's disk is full.")
	p.hasNone("made offline")

	free()
	w.waiting(0)
	p.hasOne("made offline")
	w.shows("made offline")
}

// sendings records the times at which the page sends a form. It returns a function for the times so
// far.
func (w *window) sendings() (times func() []time.Time) {
	w.t.Helper()
	var mu sync.Mutex
	var all []time.Time
	chromedp.ListenTarget(w.ctx, func(event any) {
		if e, ok := event.(*network.EventRequestWillBeSent); ok && e.Request.Method == "POST" {
			mu.Lock()
			defer mu.Unlock()
			all = append(all, time.Now())
		}
	})
	w.do(network.Enable())
	return func() []time.Time {
		mu.Lock()
		defer mu.Unlock()
		return append([]time.Time(nil), all...)
	}
}
