//go:build browser

package browser

import (
	"fmt"
	"testing"
	"time"
)

// aheadBy returns a script that sets the device's clock wrong.
func aheadBy(hours int) string {
	return fmt.Sprintf(`{
		const Right = Date, ahead = %d * 3_600_000;
		self.Date = class extends Right {
			constructor(...of) { if (of.length > 0) super(...of); else super(Right.now() + ahead); }
			static now() { return Right.now() + ahead; }
		};
	}`, hours)
}

// A change without a network is dated by its age, even if the device's clock is wrong.
func TestWrongClock(t *testing.T) {
	p := newPerson(t)
	for _, hours := range []int{9, -9} {
		d := newDevice(t)
		d.login(p.Person)
		w := d.window()
		w.watch.excuseNetwork()
		w.beforePages(aheadBy(hours))
		w.open("/all")
		w.live()
		w.kept("/all")
		title := fmt.Sprintf("call mum %d", hours+100)
		d.offline()
		w.seeText("Offline")
		before := time.Now()
		w.add(title + " in 90 minutes")
		w.waiting(1)
		after := time.Now()
		w.reload() // the next page knows the age, too
		w.waiting(1)
		d.online()
		w.waiting(0)
		due := p.hasOne(title).DueAt
		// The due time is truncated to the minute, and the clock's error is rounded to the minute.
		if due == nil || due.Before(before.Add(88*time.Minute)) || due.After(after.Add(92*time.Minute)) {
			t.Errorf("with a clock that is wrong by %d hours it is due %v, want 90 minutes after %s", hours, due, before)
		}
	}
}
