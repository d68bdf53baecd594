package postgres_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/event"
	"taskmaster/internal/postgres"
	"taskmaster/internal/postgres/postgrestest"
	"taskmaster/internal/task"
)

// change appends the two events of a user's next change at an instant.
func change(t *testing.T, db *postgres.DB, user uuid.UUID, title string, at time.Time) {
	t.Helper()
	in(t, db, func(ctx context.Context, tx pgx.Tx) error {
		revision, err := postgres.NextRevision(ctx, tx, user)
		if err != nil {
			return err
		}
		made := task.Task{ID: uuid.Must(uuid.NewV7()), Title: title, Revision: revision}
		return postgres.AppendEvents(ctx, tx, event.New(event.TaskCreated, user, made, at), event.New(event.TaskChanged, user, made, at))
	})
}

// waiting returns the request for the first events of a shard, at most limit of each topic.
func waiting(shard, limit int) postgres.ClaimRequest {
	return postgres.ClaimRequest{Queue: postgres.Queue{Shard: shard}, Topics: event.Topics(), Limit: limit}
}

// claim returns the events of a shard as topic@revision.
func claim(t *testing.T, db *postgres.DB, q postgres.ClaimRequest) (names []string, seqs []int64) {
	t.Helper()
	in(t, db, func(ctx context.Context, tx pgx.Tx) error {
		c, ok, err := postgres.ClaimQueue(ctx, tx, q)
		if err == nil && !ok {
			err = fmt.Errorf("queue %v is claimed", q.Queue)
		}
		for _, o := range c.Events {
			e, decodeErr := event.Decode(o.Raw)
			if decodeErr != nil {
				return decodeErr
			}
			names, seqs = append(names, fmt.Sprintf("%s@%d", o.Topic, e.Data.Revision)), append(seqs, o.Seq)
		}
		return err
	})
	return names, seqs
}

func publishAll(t *testing.T, db *postgres.DB, user uuid.UUID, at time.Time) {
	t.Helper()
	_, seqs := claim(t, db, waiting(postgres.Shard(user), 1000))
	in(t, db, func(ctx context.Context, tx pgx.Tx) error { return postgres.MarkPublished(ctx, tx, seqs, at) })
}

func TestClaimShard(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t)
	user := postgrestest.NewUser(t, db, base)
	shard := postgres.Shard(user)
	for range 3 {
		change(t, db, user, "water the plants", base)
	}
	partition := func(topic string) postgres.Partition { return postgres.Partition{UserID: user, Topic: topic} }
	for _, c := range []struct {
		name  string
		limit int
		skip  []postgres.Partition
		want  []string
	}{
		{"all", 100, nil, []string{"task-events@1", "task-updates@1", "task-events@2", "task-updates@2", "task-events@3", "task-updates@3"}},
		{"the first of each topic", 2, nil, []string{"task-events@1", "task-updates@1", "task-events@2", "task-updates@2"}},
		{"without a partition", 2, []postgres.Partition{partition(event.TopicTasks)}, []string{"task-updates@1", "task-updates@2"}},
		{"without any partition", 2, []postgres.Partition{partition(event.TopicTasks), partition(event.TopicUpdates)}, nil},
		{"without somebody else's partition", 1, []postgres.Partition{{UserID: uuid.New(), Topic: event.TopicTasks}}, []string{"task-events@1", "task-updates@1"}},
	} {
		q := waiting(shard, c.limit)
		q.Skip = c.skip
		if got, _ := claim(t, db, q); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}

	q := waiting(shard, 100)
	q.Topics = []string{event.TopicReminders, event.TopicUpdates}
	if got, _ := claim(t, db, q); !slices.Equal(got, []string{"task-updates@1", "task-updates@2", "task-updates@3"}) {
		t.Errorf("of two topics: got %v, want the events of task-updates", got)
	}

	// Only one publisher at a time holds a shard. The second does not see the events that the first
	// marked.
	in(t, db, func(ctx context.Context, tx pgx.Tx) error {
		first, _, err := postgres.ClaimQueue(ctx, tx, waiting(shard, 100))
		if err != nil {
			return err
		}
		err = db.InTx(ctx, func(tx pgx.Tx) error {
			got, ok, err := postgres.ClaimQueue(ctx, tx, waiting(shard, 100))
			if ok || len(got.Events) > 0 {
				t.Errorf("the second publisher got %d events, ok %v; want none", len(got.Events), ok)
			}
			return err
		})
		if err != nil {
			return err
		}
		return postgres.MarkPublished(ctx, tx, []int64{first.Events[0].Seq, first.Events[1].Seq}, base)
	})
	if got, _ := claim(t, db, waiting(shard, 1)); !slices.Equal(got, []string{"task-events@2", "task-updates@2"}) {
		t.Errorf("after marking the first change: got %v, want the second", got)
	}
}

// Publishers hold topics of a shard independently. A version before that takes the whole shard.
func TestClaimTopics(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t)
	user := postgrestest.NewUser(t, db, base)
	change(t, db, user, "water the plants", base)
	shard := postgres.Shard(user)
	topicsOf := func(ctx context.Context) (topics []string) {
		if err := db.InTx(ctx, func(tx pgx.Tx) error {
			c, _, err := postgres.ClaimQueue(ctx, tx, waiting(shard, 100))
			for _, o := range c.Events {
				if !slices.Contains(c.Topics, o.Topic) {
					t.Errorf("got an event of %s, which is not claimed", o.Topic)
				}
			}
			topics = c.Topics
			return err
		}); err != nil {
			t.Error(err)
		}
		return topics
	}
	in(t, db, func(ctx context.Context, tx pgx.Tx) error {
		q := waiting(shard, 100)
		q.Topics = []string{event.TopicTasks}
		if _, ok, err := postgres.ClaimQueue(ctx, tx, q); err != nil || !ok {
			t.Errorf("claim of one topic: got ok %v, %v", ok, err)
		}
		if got, want := topicsOf(ctx), []string{event.TopicReminders, event.TopicUpdates}; !slices.Equal(got, want) {
			t.Errorf("beside the claim of a topic: got %v, want %v", got, want)
		}
		return nil
	})
	in(t, db, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock(7301002, $1)", shard); err != nil {
			return err
		}
		if got := topicsOf(ctx); len(got) > 0 {
			t.Errorf("beside an older version: got %v, want nothing", got)
		}
		return nil
	})
	if got, want := topicsOf(t.Context()), event.Topics(); !slices.Equal(got, want) {
		t.Errorf("alone: got %v, want %v", got, want)
	}
}

// A publisher that hangs or whose machine is lost sends nothing more on an open connection. The
// next publisher gets its shard.
func TestHangingPublisherLosesItsClaim(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t)
	user := postgrestest.NewUser(t, db, base)
	change(t, db, user, "water the plants", base)
	err := db.InTx(t.Context(), func(tx pgx.Tx) error {
		if _, ok, err := postgres.ClaimQueue(t.Context(), tx, waiting(postgres.Shard(user), 100)); err != nil || !ok {
			t.Fatalf("got ok %v, %v", ok, err)
		}
		for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
			var next postgres.Claim
			err := db.InTx(t.Context(), func(tx pgx.Tx) (err error) {
				next, _, err = postgres.ClaimQueue(t.Context(), tx, waiting(postgres.Shard(user), 100))
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			if len(next.Events) == 2 {
				return nil
			}
			if time.Now().After(deadline) {
				t.Fatal("timed out waiting for the claim of the hanging publisher to end")
			}
		}
	})
	if err == nil {
		t.Error("the hanging publisher committed without its claim")
	}
}

func TestOutboxKeepsEventsAsTheyAre(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t)
	user := postgrestest.NewUser(t, db, base)
	titles := []string{`a "quoted" \ backslash \n \x41`, "line\nbreak\ttab", "snow ☃ and 𝄞", "<b>&amp;</b>", `\\`, `\001`}
	for _, title := range titles {
		change(t, db, user, title, base)
	}
	var got, replayed []string
	in(t, db, func(ctx context.Context, tx pgx.Tx) error {
		q := waiting(postgres.Shard(user), 100)
		q.Topics = []string{event.TopicUpdates}
		c, _, err := postgres.ClaimQueue(ctx, tx, q)
		for _, o := range c.Events {
			var e event.Event
			if err := json.Unmarshal(o.Raw, &e); err != nil {
				t.Fatalf("%v: %s", err, o.Raw)
			}
			got = append(got, e.Data.TaskData.Title)
		}
		return err
	})
	in(t, db, func(ctx context.Context, tx pgx.Tx) error {
		events, _, err := postgres.Changes(ctx, tx, user, 0, 100)
		for _, e := range events {
			replayed = append(replayed, e.Data.TaskData.Title)
		}
		return err
	})
	if !slices.Equal(got, titles) || !slices.Equal(replayed, titles) {
		t.Errorf("got %q to publish and %q as changes, want %q", got, replayed, titles)
	}
}

func TestPendingShards(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t)
	published, pending := postgrestest.NewUser(t, db, base), postgrestest.NewUser(t, db, base)
	for postgres.Shard(pending) == postgres.Shard(published) {
		pending = postgrestest.NewUser(t, db, base)
	}
	change(t, db, published, "done", base)
	publishAll(t, db, published, base)
	change(t, db, pending, "first", base)
	change(t, db, pending, "second", base.Add(time.Minute))
	in(t, db, func(ctx context.Context, tx pgx.Tx) error {
		shards, err := postgres.PendingShards(ctx, tx, postgres.Watermarks{})
		if len(shards) != 1 || shards[0].Shard != postgres.Shard(pending) || !shards[0].Since.Equal(base) {
			t.Errorf("got %v, want shard %d since %v alone", shards, postgres.Shard(pending), base)
		}
		return err
	})
	for limit, want := range map[int]int{100: 4, 3: 3} {
		in(t, db, func(ctx context.Context, tx pgx.Tx) error {
			got, err := postgres.CountPending(ctx, tx, limit)
			if got != want {
				t.Errorf("CountPending up to %d: got %d, want %d", limit, got, want)
			}
			return err
		})
	}
}

// A relay marks events while their user is deleted, without a deadlock. A relay that waited would
// deadlock: it holds the fourth event and wants the fifth, while the deletion holds the fifth and
// wants the fourth.
func TestMarkingBesideADeletion(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t)
	user := postgrestest.NewUser(t, db, base)
	for range 3 {
		change(t, db, user, "water the plants", base)
	}
	_, seqs := claim(t, db, waiting(postgres.Shard(user), 100))
	deleted, marked := make(chan error, 1), make(chan error, 1)
	in(t, db, func(ctx context.Context, tx pgx.Tx) error {
		// This lock stops both in the middle of their rows at the same time.
		if _, err := tx.Exec(ctx, `SELECT FROM outbox WHERE seq = $1 FOR UPDATE`, seqs[4]); err != nil {
			return err
		}
		go func() {
			deleted <- db.InTx(t.Context(), func(tx pgx.Tx) error {
				// Use the index of partition keys, like the planner does on a large table: all rows
				// of one topic come first.
				if _, err := tx.Exec(t.Context(), `SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off`); err != nil {
					return err
				}
				return postgres.DeleteUser(t.Context(), tx, user)
			})
		}()
		if err := postgrestest.AwaitWaiter(ctx, tx); err != nil {
			return err
		}
		go func() {
			marked <- db.InTx(t.Context(), func(tx pgx.Tx) error {
				return postgres.MarkPublished(t.Context(), tx, seqs[3:5], base)
			})
		}()
		// The relay never waits. A relay that waited would deadlock when this transaction ends.
		select {
		case err := <-marked:
			marked <- err
		case <-time.After(5 * time.Second):
			t.Error("MarkPublished waits for the transaction that holds an event")
		}
		return nil
	})
	if err := <-deleted; err != nil {
		t.Errorf("delete user: %v", err)
	}
	if err := <-marked; err != nil {
		t.Errorf("mark published: %v", err)
	}
}

// The first waiting events of a partition key have turn 0. Further events have growing turns until
// all are published, however they are written.
func TestTurns(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t)
	user := postgrestest.NewUser(t, db, base)
	turns := func() (turns []int64) {
		in(t, db, func(ctx context.Context, tx pgx.Tx) error {
			rows, err := tx.Query(ctx, `SELECT turn FROM outbox WHERE topic = 'task-events' AND published_at IS NULL ORDER BY seq`)
			if err != nil {
				return err
			}
			turns, err = pgx.CollectRows(rows, pgx.RowTo[int64])
			return err
		})
		return turns
	}
	imported := func(n int) {
		in(t, db, func(ctx context.Context, tx pgx.Tx) error {
			last, err := postgres.TakeRevisions(ctx, tx, user, n)
			if err != nil {
				return err
			}
			var events []event.Event
			for i := range n {
				made := task.Task{ID: uuid.Must(uuid.NewV7()), Revision: last - int64(n-1-i)}
				events = append(events, event.New(event.TaskCreated, user, made, base))
			}
			return postgres.CopyEvents(ctx, tx, events)
		})
	}
	want := func(when string, ahead int, last int64) {
		t.Helper()
		expected := make([]int64, ahead)
		for turn := range last {
			expected = append(expected, turn+1)
		}
		if got := turns(); !slices.Equal(got, expected) {
			t.Errorf("%s: got turns %v, want %v", when, got, expected)
		}
	}
	for range postgres.MaxAhead - 1 {
		change(t, db, user, "water the plants", base)
	}
	want("changes", postgres.MaxAhead-1, 0)
	imported(3)
	want("an import behind them", postgres.MaxAhead, 2)
	change(t, db, user, "water the plants", base)
	want("a change behind the import", postgres.MaxAhead, 3)
	publishAll(t, db, user, base)
	change(t, db, user, "water the plants", base)
	if got, want := turns(), []int64{1, 2, 3, 3}; !slices.Equal(got, want) {
		t.Errorf("after the first are published: got turns %v, want %v", got, want)
	}
	in(t, db, func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE outbox SET published_at = now()`)
		return err
	})
	change(t, db, user, "water the plants", base)
	want("after all are published", 1, 0)
}
