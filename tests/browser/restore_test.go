//go:build browser

package browser

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"taskmaster/tests/system"
)

// restorable is a system of its own, whose data folder can be restored. Its pages keep their address over
// a restart.
type restorable struct {
	t    *testing.T
	dir  string
	now  *system.System
	link *system.Link
}

func newRestorable(t *testing.T) *restorable {
	t.Helper()
	r := &restorable{t: t, dir: filepath.Join(t.TempDir(), "system")}
	var err error
	r.link, err = system.NewLink(t.Context(), func() (string, error) { return strings.TrimPrefix(r.now.URL, "http://"), nil })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.link.Close)
	r.start()
	t.Cleanup(r.stop)
	return r
}

func (r *restorable) start() {
	r.t.Helper()
	var err error
	r.now, err = system.Start(r.t.Context(), system.Config{Dir: r.dir, Services: "api,live,web", Env: map[string]string{"PING_INTERVAL": "5s"}})
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *restorable) stop() {
	r.t.Helper()
	if err := r.now.Stop(); err != nil {
		r.t.Error(err)
	}
}

func (r *restorable) signUp() person {
	r.t.Helper()
	p, err := r.now.SignUp(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	// The system has another port after a restart. The session's cookie belongs to the name localhost.
	_, port, err := net.SplitHostPort(r.link.Address())
	if err != nil {
		r.t.Fatal(err)
	}
	p.Base = "http://localhost:" + port
	return person{p, r.t}
}

// window opens a page on a device of the person, which reaches the system over a link.
func (r *restorable) window(p person, link *system.Link, path string) *window {
	r.t.Helper()
	d := newDevice(r.t)
	d.url = "http://" + link.Address()
	d.login(p.Person)
	w := d.window()
	w.watch.excuseNetwork()
	w.open(path)
	w.live()
	return w
}

// backUp copies the database while nothing runs.
func (r *restorable) backUp() {
	r.t.Helper()
	r.stop()
	backup := filepath.Join(r.dir, "backup")
	if err := os.CopyFS(backup, os.DirFS(filepath.Join(r.dir, "postgres"))); err != nil {
		r.t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(backup, "data"), 0o700); err != nil { // else PostgreSQL does not start
		r.t.Fatal(err)
	}
	r.start()
}

// restore replaces the database by the copy and runs `api restored`, as operators do.
func (r *restorable) restore() {
	r.t.Helper()
	r.stop()
	database := filepath.Join(r.dir, "postgres")
	if err := os.RemoveAll(database); err != nil {
		r.t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(r.dir, "backup"), database); err != nil {
		r.t.Fatal(err)
	}
	r.start()
	root, err := system.Root()
	if err != nil {
		r.t.Fatal(err)
	}
	state, err := r.now.State()
	if err != nil {
		r.t.Fatal(err)
	}
	restored := exec.CommandContext(r.t.Context(), filepath.Join(root, ".local", "bin", "api"), "restored")
	restored.Env = append(os.Environ(), "DATABASE_URL="+state.DatabaseURL)
	if out, err := restored.CombinedOutput(); err != nil {
		r.t.Fatalf("api restored: %v\n%s", err, out)
	}
}

// After a restore an open page shows the restored tasks by itself. An offline page keeps its changes. When
// it is online again, it asks about each change of a task that is different by then. It overwrites and
// deletes no content that the person has not seen.
func TestRestore(t *testing.T) {
	r := newRestorable(t)
	p := r.signUp()
	edited := p.create(fields{"title": "edit me", "due_at": today()})
	deleted := p.create(fields{"title": "delete me", "due_at": today()})
	r.backUp()

	lost := p.create(fields{"title": "made after the backup", "due_at": today()})
	p.do("PATCH", "/tasks/"+edited.ID, fields{"title": "renamed after the backup"}, nil)
	p.do("PATCH", "/tasks/"+deleted.ID, fields{"description": "written after the backup"}, nil)
	open := r.window(p, r.link, "/all")
	open.shows("made after the backup")
	open.kept("/all")
	open.do(mark)

	away, err := system.NewLink(t.Context(), func() (string, error) { return r.link.Address(), nil })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(away.Close)
	w := r.window(p, away, "/task/"+lost.ID)
	w.watch.excuse("404", "409", "412")
	w.kept("/task/" + lost.ID)
	w.open("/task/" + edited.ID)
	w.live()
	w.kept("/task/" + edited.ID)
	w.open("/all")
	w.live()
	w.kept("/all")
	away.Cut()
	w.seeText("Offline")
	w.click(row(deleted.ID) + " form[data-delete] button")
	w.waiting(1)
	w.open("/task/" + edited.ID)
	w.rename("edited offline")
	w.waiting(2)
	w.open("/task/" + lost.ID)
	w.rename("edited offline, and lost")
	w.waiting(3)
	w.open("/all")
	w.waiting(3)

	r.restore()
	// The database grows to the same revisions again, with other content.
	p.create(fields{"title": "made after the restore", "due_at": today()})
	p.do("PATCH", "/tasks/"+edited.ID, fields{"title": "renamed after the restore"}, nil)
	p.do("PATCH", "/tasks/"+deleted.ID, fields{"description": "written after the restore"}, nil)

	open.see("!window.marked") // it reloads, because nothing is being typed
	open.shows("made after the restore")
	open.shows("renamed after the restore")
	open.hides("made after the backup")
	open.hides("renamed after the backup")

	away.Mend()
	w.see(`document.querySelectorAll("#waiting [data-conflict]").length === 3`)
	w.waiting(3)
	w.live()
	w.shows("made after the restore")
	w.hides("made after the backup")
	for id, want := range map[string]system.Task{
		edited.ID:  {Title: "renamed after the restore"},
		deleted.ID: {Title: "delete me", Description: "written after the restore"},
	} {
		if got := p.task(id); got.Title != want.Title || got.Description != want.Description {
			t.Errorf("a kept change overwrote unseen content: got %+v, want %+v", got, want)
		}
	}
	if n := len(p.tasks()); n != 3 {
		t.Errorf("there are %d tasks, want 3", n)
	}

	// The browser's copies for offline use are of the restored tasks, too.
	w.see(`caches.open("views").then((c) => c.match("/all")).then((r) => r?.text()).then((t) => t?.includes("made after the restore"))`)
	w.see(`caches.open("views").then((c) => c.match("/task/` + lost.ID + `")).then((kept) => !kept)`)
	away.Cut()
	w.open("/all")
	w.seeText("Offline")
	w.shows("made after the restore")
	w.hides("made after the backup")
}
