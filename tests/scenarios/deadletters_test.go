package scenarios

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"gopkg.in/yaml.v3"

	"taskmaster/tests/system"
)

// A consumer fails at every retry of an event, because of a cause that only a person can fix. The
// event waits as a dead letter. After the fix it is replayed, and has its effect once.
func TestDeadLetterIsReplayedOnceMended(t *testing.T) {
	t.Parallel()
	const retries = 3
	webhooks := system.ReceiveWebhooks()
	t.Cleanup(webhooks.Close)
	s := own(t, system.Config{Args: []string{"-components", fewRetries(t, retries)}})
	u := newUser(t, s)
	if _, err := webhooks.Channel(t.Context(), u.Person); err != nil {
		t.Fatal(err)
	}
	remind := func(title string) system.Task {
		return u.create(fields{"title": title, "reminders": []fields{{"at": time.Now().Add(soon)}}})
	}

	execute(t, s, `ALTER TABLE inbox RENAME TO inbox_lost`) // notifier needs it
	due := remind("Reminded after all")
	d := find(deadLetter(t, s, due.ID), due.ID)
	for _, want := range []string{system.TopicReminders, "notifier", "reminder.due", due.ID, "waiting", "the consumer's log names the cause"} {
		if !strings.Contains(d.Line, want) {
			t.Errorf("the dead letter is listed as %q, want %q in it", d.Line, want)
		}
	}
	err := system.Poll(within(t), func() error { // the log may come later than the dead letter
		if got := strings.Count(s.Tail(1<<30), "reminder.due "+d.ID); got < retries+1 {
			return fmt.Errorf("notifier tried the event %d times, want %d", got, retries+1)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if got := webhooks.Inbox.All(); len(got) > 0 {
		t.Fatalf("notifier works without its inbox: it sent %+v", got)
	}

	operate := func(want string, args ...string) {
		t.Helper()
		if got, err := s.Operate(t.Context(), append([]string{"dead-letters"}, args...)...); err != nil || !strings.HasPrefix(got, want) {
			t.Errorf("dead-letters %v: got %q, %v; want %q", args, got, err, want)
		}
	}
	execute(t, s, `ALTER TABLE inbox_lost RENAME TO inbox`)
	operate("1 of 1 dead letters would be published again", "replay", "-dry-run", "-all")
	operate("1 of 1 dead letters will be published again", "replay", "-all")
	notified(t, &webhooks.Inbox, due.ID)
	operate("0 dead letters", "list")

	operate("1 of 1 dead letters will be published again", "replay", d.ID)
	notified(t, &webhooks.Inbox, remind("After the second replay").ID)
	allSent(t, u, due.ID, 1)
	if got := ids(webhooks.Inbox.Select(system.About(due.ID))); len(got) != 1 {
		t.Errorf("the reminder was notified as %v, want one", got)
	}
}

// fewRetries returns a folder of the broker's components in which an event becomes a dead letter
// after a few retries instead of a day.
func fewRetries(t *testing.T, n int) string {
	t.Helper()
	root, err := system.Root()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	broker := broker()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(root, "dapr", "components", broker))); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(root, "dapr", "resiliency", "taskmaster.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var file map[string]any
	if err := yaml.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	at := file
	for _, name := range []string{"spec", "policies", "retries", "deliver"} {
		var ok bool
		if at, ok = at[name].(map[string]any); !ok {
			t.Fatalf("resiliency/taskmaster.yaml has no %s", name)
		}
	}
	at["maxRetries"], at["duration"] = n, "200ms"
	if raw, err = yaml.Marshal(file); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "resiliency.yaml"), raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// execute executes a statement on the system's database directly.
func execute(t *testing.T, s *system.System, sql string) {
	t.Helper()
	state, err := s.State()
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), state.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}
