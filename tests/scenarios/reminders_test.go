package scenarios

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"taskmaster/tests/system"
)

// soon is the time from now to a reminder that a test sets. The request that sets it is over by
// then.
const soon = 3 * time.Second

// A reminder arrives at its time on every channel, in the format of each.
func TestReminderArrivesOnEveryChannel(t *testing.T) {
	t.Parallel()
	u := newUser(t, shared.System)
	webhook, push := channels(t, u)

	at := time.Now().Add(soon)
	due := u.create(fields{"title": "Call the dentist", "due_at": at.Add(time.Hour), "reminders": []fields{{"at": at}}})

	hook := notified(t, &shared.webhooks.Inbox, due.ID)
	if hook.Err != nil || hook.To != webhook || hook.ID == "" {
		t.Errorf("webhook %q to %s (want %s): %v", hook.ID, hook.To, webhook, hook.Err)
	}
	if hook.Type != "reminder.due" || hook.Task.Title != due.Title {
		t.Errorf("webhook says %s", hook.Text)
	}
	mail := notified(t, &shared.mail.Inbox, due.Title+"\n") // the subject contains it
	if mail.Err != nil || mail.To != u.Email || mail.ID == "" {
		t.Errorf("e-mail %q to %s (want %s): %v", mail.ID, mail.To, u.Email, mail.Err)
	}
	pushed := notified(t, &shared.push.Inbox, due.ID)
	if pushed.Err != nil || pushed.To != push || !strings.Contains(pushed.Text, due.Title) {
		t.Errorf("push message to %s (want %s) says %s: %v", pushed.To, push, pushed.Text, pushed.Err)
	}
	for kind, n := range map[string]system.Notification{"webhook": hook, "email": mail, "push": pushed} {
		if n.Arrived.Before(at) {
			t.Errorf("%s arrived %s before its time", kind, at.Sub(n.Arrived))
		}
		t.Logf("%s arrived %s after its time", kind, n.Arrived.Sub(at).Round(time.Millisecond))
	}

	e := dueReminder(t, due)
	checkEnvelope(t, e, due.ID, nil)
	if e.Topic != system.TopicReminders || e.Data.Reminder == nil || !e.Data.Reminder.At.Equal(at.Truncate(time.Microsecond)) {
		t.Errorf("got %+v", e)
	}
	allSent(t, u, due.ID, 3)
}

// A snoozed task reminds again when the snooze is over.
func TestSnoozeRemindsAgain(t *testing.T) {
	t.Parallel()
	u := newUser(t, shared.System)
	channels(t, u)
	at := time.Now().Add(soon)
	due := u.create(fields{"title": "Stretch", "due_at": at, "reminders": []fields{{"at": at}}})
	notified(t, &shared.webhooks.Inbox, due.ID)

	until := time.Now().Add(soon)
	u.do("POST", "/tasks/"+due.ID+"/snooze", fields{"until": until}, nil)
	again, err := shared.webhooks.Inbox.Wait(within(t), func(n system.Notification) bool {
		return n.TaskID == due.ID && !n.Arrived.Before(until)
	})
	if err != nil {
		t.Fatal(err)
	}
	if again.Err != nil {
		t.Error(again.Err)
	}
	allSent(t, u, due.ID, 6)
}

// A reminder that is moved arrives only at the new time. Reminders of tasks that are completed,
// deleted or without reminder never arrive.
func TestMovedAndCancelledReminders(t *testing.T) {
	t.Parallel()
	u := newUser(t, shared.System)
	channels(t, u)
	at := time.Now().Add(2 * soon)
	remind := []fields{{"at": at}}
	completed := u.create(fields{"title": "completed", "reminders": remind})
	deleted := u.create(fields{"title": "deleted", "reminders": remind})
	cleared := u.create(fields{"title": "cleared", "reminders": remind})
	moved := u.create(fields{"title": "moved", "reminders": remind})
	kept := u.create(fields{"title": "kept", "reminders": remind})
	later := at.Add(soon)
	u.complete(completed.ID)
	u.delete(deleted.ID)
	u.patch(cleared.ID, fields{"reminders": []fields{}})
	u.patch(moved.ID, fields{"reminders": []fields{{"at": later}}})
	if time.Now().After(at) {
		t.Fatal("the machine is too busy: the reminders were due before they were changed")
	}

	if n := notified(t, &shared.webhooks.Inbox, kept.ID); n.Arrived.Before(at) {
		t.Errorf("the kept one arrived %s early", at.Sub(n.Arrived))
	}
	if n := notified(t, &shared.webhooks.Inbox, moved.ID); n.Arrived.Before(later) {
		t.Errorf("the moved one arrived %s before its new time", later.Sub(n.Arrived))
	}
	// The moved reminder was due last, so the others would have arrived by now.
	for _, task := range []system.Task{completed, deleted, cleared} {
		if got := shared.webhooks.Inbox.Select(system.About(task.ID)); len(got) != 0 {
			t.Errorf("the %s one was notified: %+v", task.Title, got)
		}
	}
	for _, task := range []system.Task{moved, kept} {
		if got := ids(shared.webhooks.Inbox.Select(system.About(task.ID))); len(got) != 1 {
			t.Errorf("the %s one was notified as %v", task.Title, got)
		}
	}
}

// channels creates one channel of each kind for a user. It returns the paths of the webhook and of
// the push endpoint.
func channels(t *testing.T, u user) (webhook, push string) {
	t.Helper()
	webhook, err := shared.webhooks.Channel(t.Context(), u.Person)
	if err != nil {
		t.Fatal(err)
	}
	confirm(t, u)
	u.do("POST", "/channels", fields{"kind": "email", "address": u.Email}, nil)
	if push, err = shared.push.Channel(t.Context(), u.Person); err != nil {
		t.Fatal(err)
	}
	return webhook, push
}

var confirmation = regexp.MustCompile(`/confirm\?token=([\w-]+)`)

// confirm confirms the address of a user by the link of the e-mail after the sign-up.
func confirm(t *testing.T, u user) {
	t.Helper()
	n, err := shared.mail.Inbox.Wait(within(t), func(n system.Notification) bool { return n.To == u.Email && confirmation.MatchString(n.Text) })
	if err != nil {
		t.Fatal(err)
	}
	u.do("POST", "/links", fields{"token": confirmation.FindStringSubmatch(n.Text)[1]}, nil)
}

// notified waits for a notification whose text contains a string.
func notified(t *testing.T, inbox *system.Inbox[system.Notification], text string) system.Notification {
	t.Helper()
	n, err := inbox.Wait(within(t), func(n system.Notification) bool { return strings.Contains(n.Text, text) })
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return n
}

// ids counts the notifications by id.
func ids(list []system.Notification) map[string]int {
	found := map[string]int{}
	for _, n := range list {
		found[n.ID]++
	}
	return found
}

// allSent waits until a task has a number of deliveries, all with the status sent.
func allSent(t *testing.T, u user, taskID string, want int) {
	t.Helper()
	err := system.Poll(within(t), func() error {
		var list struct {
			Items []struct {
				ID    string `json:"id"`
				State string `json:"state"`
			} `json:"items"`
		}
		if err := u.Do(t.Context(), "GET", "/deliveries?task_id="+url.QueryEscape(taskID), nil, &list); err != nil {
			return err
		}
		sent := 0
		for _, d := range list.Items {
			if d.State == "sent" {
				sent++
			}
		}
		if sent != want || len(list.Items) != want {
			return fmt.Errorf("%d of %d deliveries were sent, want %d: %+v", sent, len(list.Items), want, list.Items)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
