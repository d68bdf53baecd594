package outbox

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/event"
	"taskmaster/internal/postgres"
)

const (
	// reportAfter is how long an event fails alone before it has a line of the log to itself, and is no outage any more.
	reportAfter = 10 * time.Second
	// giveUpAfter is how long an event fails alone before it becomes a dead letter, because it holds back its partition key.
	giveUpAfter = time.Hour
)

// stuck is an event that its partition key waits for, and for how long it has failed alone: the broker took other events of
// the topic between its attempts. An outage of the topic, or of many of its partitions, does not count.
type stuck struct {
	event    postgres.Outgoing
	tried    time.Time
	alone    time.Duration
	reported bool
}

// again returns what is known after an event failed at an instant.
func (k stuck) again(e postgres.Outgoing, r *Relay, now time.Time) stuck {
	switch {
	case k.event.Seq != e.Seq:
		k = stuck{event: e}
	case r.trouble.alone(e.Topic, k.tried):
		k.alone += now.Sub(k.tried)
	}
	k.tried = now
	return k
}

// report says of each event that fails alone that its partition key waits, once, and tells the relay's health of the other
// failures: these are an outage.
func (s *shard) report(ctx context.Context) {
	var outage error
	failing := map[string]int{}
	for _, topic := range s.topics {
		outage = topic.err
	}
	for lane, b := range s.blocked {
		if b.failures == 0 {
			continue
		}
		failing[lane.Topic]++
		if b.stuck.alone < s.relay.reportAfter {
			outage = b.err
			continue
		}
		if !b.stuck.reported {
			e := event.ReadEnvelope(b.stuck.event.Raw)
			s.relay.Log.WarnContext(ctx, "event refused alone, its partition key waits",
				"id", e.ID, "topic", lane.Topic, "type", e.Type, "task_id", e.TaskID, "bytes", len(b.stuck.event.Raw), "error", b.err)
			b.stuck.reported = true
			s.blocked[lane] = b
		}
	}
	if s.relay.trouble.noteFailing(s, failing); outage != nil {
		s.relay.trouble.note(s, outage)
	} else {
		s.relay.trouble.clear(s)
	}
}

// bury makes dead letters of the events that failed alone for too long. Their partition keys go on behind them: consumers see
// that a revision is missing, until the dead letter is replayed.
func (s *shard) bury(ctx context.Context) {
	for lane, b := range s.blocked {
		if b.stuck.alone < s.relay.giveUpAfter {
			continue
		}
		e := event.ReadEnvelope(b.stuck.event.Raw)
		log := s.relay.Log.With("id", e.ID, "topic", lane.Topic, "type", e.Type, "task_id", e.TaskID, "error", b.err)
		kept, err := s.keepDeadLetter(ctx, e, b.stuck.event)
		switch {
		case err != nil:
			log.WarnContext(ctx, "dead letter was not kept, its partition key waits", "cause", err)
			continue
		case kept:
			s.relay.metrics.deadLetters.WithLabelValues(lane.Topic).Inc()
			log.ErrorContext(ctx, "dead letter: the broker refused this event alone for too long; api dead-letters shows it",
				"bytes", len(b.stuck.event.Raw), "after", b.stuck.alone.Round(time.Second))
		default:
			log.InfoContext(ctx, "dead letter of a user who does not exist, it is not kept")
		}
		delete(s.blocked, lane)
		s.wake()
	}
}

// keepDeadLetter stores a dead letter and takes its event out of the queue, where it stays stored for a replay.
func (s *shard) keepDeadLetter(ctx context.Context, e event.Envelope, o postgres.Outgoing) (kept bool, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), markTimeout)
	defer cancel()
	now := s.relay.Now()
	err = s.relay.DB.InTx(ctx, func(tx pgx.Tx) error {
		// First the dead letter, because it locks the user: whoever changes what is a user's locks the user first.
		kept, err = postgres.KeepDeadLetter(ctx, tx, postgres.DeadLetter{
			ID: e.ID, UserID: o.UserID, Topic: o.Topic, Type: e.Type, TaskID: e.TaskID, Raw: o.Raw,
			Reason: "the broker refused it for long while it took other events of the topic; the log of api says why",
		}, now)
		if err != nil {
			return err
		}
		return postgres.MarkPublished(ctx, tx, []int64{o.Seq}, now)
	})
	return kept, err
}
