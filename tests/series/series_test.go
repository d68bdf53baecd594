package series

import (
	"encoding/json"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"taskmaster/internal/task"
)

type object = map[string]any

// defaultTime is the duration of the random steps without SERIES_TIME.
const defaultTime = 4 * time.Second

// TestEveryCompletionHasItsFollower executes random steps until the time is over.
func TestEveryCompletionHasItsFollower(t *testing.T) {
	length := defaultTime
	if given := os.Getenv("SERIES_TIME"); given != "" {
		var err error
		if length, err = time.ParseDuration(given); err != nil {
			t.Fatalf("SERIES_TIME: %v", err)
		}
	}
	f := newFixture(t)
	steps := map[string]int{}
	for end := time.Now().Add(length); time.Now().Before(end); {
		rapid.Check(t, func(t *rapid.T) { check(t, f, steps) })
	}
	total := 0
	for _, n := range steps {
		total += n
	}
	t.Logf("%d steps: %v", total, steps)
}

// check executes one history of two people, from their first task until no event is left.
func check(t *rapid.T, f *fixture, steps map[string]int) {
	w := newWorld(t, f)
	actions := map[string]func(*rapid.T){}
	for name, action := range map[string]func(*rapid.T){
		"create": w.create, "complete": w.complete, "reopen": w.reopen, "edit": w.edit, "delete": w.remove,
		"export": w.export, "import": w.importBackup, "deliver": w.deliverOne, "deliver late": w.deliverOne,
		"deliver twice at once": w.deliverTwice, "break a delivery": w.breakDelivery, "replay": w.replayAll,
	} {
		actions[name] = func(t *rapid.T) {
			action(t)
			steps[name]++ // unless the step was skipped
		}
	}
	t.Repeat(actions)
	w.quiet(t)
}

func (w *world) someone(t *rapid.T) *owner {
	return w.owner[rapid.IntRange(0, len(w.owner)-1).Draw(t, "person")]
}

// some returns a random task that is wanted, and its owner. It skips the step if there is none.
func (w *world) some(t *rapid.T, wanted func(*known) bool) (*owner, *known) {
	o := w.someone(t)
	var fit []*known
	for _, k := range o.tasks {
		if wanted(k) {
			fit = append(fit, k)
		}
	}
	if len(fit) == 0 {
		t.Skip("no such task")
	}
	return o, fit[rapid.IntRange(0, len(fit)-1).Draw(t, "task")]
}

// fields draws a title, a rule and a due date, each of which may be missing.
func fields(t *rapid.T) object {
	drawn := object{}
	if rapid.Bool().Draw(t, "title changes") {
		drawn["title"] = rapid.SampledFrom([]string{"Pay rent", "Pay the rent", "Water plants"}).Draw(t, "title")
	}
	if rapid.Bool().Draw(t, "rule changes") {
		drawn["recurrence"] = rapid.SampledFrom([]any{
			nil, object{"rrule": "daily"}, object{"rrule": "weekly", "missed": "catch_up"}, object{"rrule": "FREQ=DAILY;COUNT=2"},
			object{"rrule": "FREQ=DAILY;INTERVAL=3", "anchor": "completion"}, object{"rrule": "FREQ=DAILY;COUNT=3", "anchor": "completion"},
		}).Draw(t, "rule")
	}
	if rapid.Bool().Draw(t, "date changes") {
		drawn["due_at"] = time.Date(2030, 3, rapid.IntRange(1, 3).Draw(t, "day"), 9, 0, 0, 0, time.UTC)
	}
	return drawn
}

func (w *world) create(t *rapid.T) {
	o := w.someone(t)
	in := object{
		"title": "Pay rent", "due_at": "2030-03-01T09:00:00Z", "recurrence": object{"rrule": "daily"}, "reminders": []object{},
		"completed": rapid.IntRange(0, 3).Draw(t, "completed at once") == 0,
	}
	for name, value := range fields(t) {
		in[name] = value
	}
	var made task.Task
	w.request(t, o, "POST", "/tasks", in, &made)
	w.changed(t, o, nil, made)
	w.check(t, o)
}

// complete completes a task, and may change it in the same request.
func (w *world) complete(t *rapid.T) {
	o, k := w.some(t, func(k *known) bool { return !k.Completed })
	w.setCompleted(t, o, k, "/complete", true)
}

func (w *world) reopen(t *rapid.T) {
	o, k := w.some(t, func(k *known) bool { return k.Completed })
	w.setCompleted(t, o, k, "/reopen", false)
}

func (w *world) setCompleted(t *rapid.T, o *owner, k *known, route string, completed bool) {
	var after task.Task
	if rapid.Bool().Draw(t, "and change it") {
		in := fields(t)
		in["completed"] = completed
		w.request(t, o, "PATCH", "/tasks/"+k.ID.String(), in, &after)
	} else {
		w.request(t, o, "POST", "/tasks/"+k.ID.String()+route, nil, &after)
	}
	w.changed(t, o, k, after)
	w.check(t, o)
}

func (w *world) edit(t *rapid.T) {
	o, k := w.some(t, func(*known) bool { return true })
	var after task.Task
	w.request(t, o, "PATCH", "/tasks/"+k.ID.String(), fields(t), &after)
	w.changed(t, o, k, after)
	w.check(t, o)
}

func (w *world) remove(t *rapid.T) {
	o, k := w.some(t, func(*known) bool { return true })
	w.request(t, o, "DELETE", "/tasks/"+k.ID.String(), nil, nil)
	o.remove(k.ID)
	w.check(t, o)
}

func (w *world) export(t *rapid.T) {
	o := w.someone(t)
	var file []byte
	w.request(t, o, "GET", "/export", nil, &file)
	o.backups = append(o.backups, file)
}

// importBackup imports a backup of any owner into the account of any owner. An imported task was
// completed elsewhere or earlier, so its completion has no follower now.
func (w *world) importBackup(t *rapid.T) {
	backups := slices.Concat(w.owner[0].backups, w.owner[1].backups)
	if len(backups) == 0 {
		t.Skip("no backup")
	}
	file := backups[rapid.IntRange(0, len(backups)-1).Draw(t, "backup")]
	o := w.someone(t)
	var result struct {
		Created int `json:"created"`
	}
	w.request(t, o, "POST", "/import", file, &result)
	brought := w.compare(t, o)
	if len(brought) != result.Created {
		t.Fatalf("the import made %d tasks and says %d: %s", len(brought), result.Created, show(brought))
	}
	for _, k := range brought {
		o.tasks = append(o.tasks, &known{Task: k})
	}
}

// deliverOne delivers any waiting event, so that events come late and in another order.
func (w *world) deliverOne(t *rapid.T) {
	e, done := w.next(t)
	w.deliverOnce(t, e)
	if !rapid.Bool().Draw(t, "and again later") {
		done()
	}
}

// deliverTwice delivers one event twice at the same time, as to two replicas.
func (w *world) deliverTwice(t *rapid.T) {
	e, done := w.next(t)
	var g sync.WaitGroup
	var verdicts [2]string
	var errs [2]error
	for i := range verdicts {
		g.Go(func() { verdicts[i], errs[i] = w.deliver(w.ctx, e) })
	}
	g.Wait()
	for i := range verdicts {
		if errs[i] != nil || verdicts[i] != "SUCCESS" {
			t.Fatalf("deliver %s of %s twice: verdict %q, error %v", e.Type, e.Data.TaskID, verdicts[i], errs[i])
		}
	}
	w.handled(t, e)
	done()
}

// breakDelivery makes recurring's call of api fail, before or after api has received it. The event
// comes again.
func (w *world) breakDelivery(t *rapid.T) {
	e, _ := w.next(t)
	broken := rapid.SampledFrom([]fault{refused, lost}).Draw(t, "fault")
	w.fault.Store(int32(broken))
	verdict, err := w.deliver(w.ctx, e)
	called := fault(w.fault.Swap(int32(none))) == none
	if want := map[bool]string{true: "RETRY", false: "SUCCESS"}[called]; err != nil || verdict != want {
		t.Fatalf("deliver %s of %s: verdict %q, error %v, want %s", e.Type, e.Data.TaskID, verdict, err, want)
	}
	if called && broken == refused {
		w.check(t, w.owner[0])
		w.check(t, w.owner[1])
		return
	}
	w.handled(t, e)
}

// replayAll publishes all events of a person again.
func (w *world) replayAll(t *rapid.T) {
	o := w.someone(t)
	if err := w.replay(w.ctx, o.id); err != nil {
		t.Fatal(err)
	}
}

// quiet delivers all waiting events, and then every event once more, both in any order.
func (w *world) quiet(t *rapid.T) {
	for w.take(t); len(w.waiting) > 0; w.take(t) {
		events := w.waiting
		w.waiting = nil
		w.deliverAll(t, events)
	}
	w.settled(t)
	w.deliverAll(t, w.all)
	w.settled(t)
}

func (w *world) deliverAll(t *rapid.T, events []delivery) {
	places := make([]int, len(events))
	for i := range places {
		places[i] = i
	}
	for _, i := range rapid.Permutation(places).Draw(t, "order") {
		w.deliverOnce(t, events[i])
	}
}

// next draws a waiting event. done removes it from the waiting events. next skips the step if no
// event is waiting.
func (w *world) next(t *rapid.T) (e delivery, done func()) {
	w.take(t)
	if len(w.waiting) == 0 {
		t.Skip("no event")
	}
	i := rapid.IntRange(0, len(w.waiting)-1).Draw(t, "event")
	return w.waiting[i], func() { w.waiting = slices.Delete(w.waiting, i, i+1) }
}

func (w *world) deliverOnce(t *rapid.T, e delivery) {
	verdict, err := w.deliver(w.ctx, e)
	if err != nil || verdict != "SUCCESS" {
		t.Fatalf("deliver %s of %s: verdict %q, error %v", e.Type, e.Data.TaskID, verdict, err)
	}
	w.handled(t, e)
}

// check fails unless an owner's tasks match the model.
func (w *world) check(t *rapid.T, o *owner) {
	if unknown := w.compare(t, o); len(unknown) > 0 {
		t.Fatalf("no completion created %s", show(unknown))
	}
}

func (w *world) request(t *rapid.T, o *owner, method, path string, in, out any) {
	if err := o.do(w.ctx, method, path, in, out); err != nil {
		t.Fatalf("%v\nrequest: %s", err, describe(in))
	}
}

func describe(in any) string {
	if raw, ok := in.([]byte); ok {
		return string(raw)
	}
	raw, err := json.Marshal(in)
	if err != nil {
		return err.Error()
	}
	return string(raw)
}
