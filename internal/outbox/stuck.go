package outbox

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/event"
	"taskmaster/internal/postgres"
)

const (
	// reportAfter is how long an event fails alone before the log has a line about it. It then no
	// longer counts as an outage.
	reportAfter = 10 * time.Second
	// giveUpAfter is how long an event fails alone before it becomes a dead letter. Until then it
	// blocks its partition key.
	giveUpAfter = time.Hour
)

// stuck is a failing event at the head of a partition key. alone is how long it failed while the
// broker accepted other events of the topic. An outage of the topic, or of many of its partitions,
// does not count.
type stuck struct {
	event    postgres.Outgoing
	tried    time.Time
	alone    time.Duration
	reported bool
}

// again returns the updated state after another failure of an event.
func (k stuck) again(e postgres.Outgoing, r *Relay, now time.Time) stuck {
	switch {
	case k.event.Seq != e.Seq:
		k = stuck{event: e}
	case r.topics.failsAlone(e.Topic, k.tried):
		k.alone += now.Sub(k.tried)
	}
	k.tried = now
	return k
}

// reportHealth logs once for each event that fails alone. All other failures degrade the relay's
// health as an outage.
func (s *shard) reportHealth(ctx context.Context) {
	outage := s.topicErr
	failing := map[string]int{}
	for key, b := range s.blocked {
		if b.failures == 0 {
			continue
		}
		failing[key.Topic]++
		if b.stuck.alone < s.relay.reportAfter {
			outage = b.err
			continue
		}
		if !b.stuck.reported {
			e := event.ReadEnvelope(b.stuck.event.Raw)
			s.relay.Log.WarnContext(ctx, "event refused alone, its partition key waits",
				"id", e.ID, "topic", key.Topic, "type", e.Type, "task_id", e.TaskID, "bytes", len(b.stuck.event.Raw), "error", b.err)
			b.stuck.reported = true
			s.blocked[key] = b
		}
	}
	s.relay.topics.noteFailing(s, failing)
	s.relay.health.Set(s, outage)
}

// bury turns events that failed alone for giveUpAfter into dead letters, after the log has a line about
// them. Their partition keys continue. Consumers see a missing revision until the dead letter is
// replayed.
func (s *shard) bury(ctx context.Context) {
	for key, b := range s.blocked {
		if b.stuck.alone < s.relay.giveUpAfter || !b.stuck.reported {
			continue
		}
		e := event.ReadEnvelope(b.stuck.event.Raw)
		log := s.relay.Log.With("id", e.ID, "topic", key.Topic, "type", e.Type, "task_id", e.TaskID, "error", b.err)
		kept, err := s.keepDeadLetter(ctx, e, b.stuck.event)
		switch {
		case err != nil:
			log.WarnContext(ctx, "storing dead letter failed, its partition key waits", "cause", err)
			continue
		case kept:
			s.relay.metrics.deadLetters.WithLabelValues(key.Topic).Inc()
			log.ErrorContext(ctx, "event became a dead letter: the broker refused it alone for too long; see api dead-letters",
				"bytes", len(b.stuck.event.Raw), "after", b.stuck.alone.Round(time.Second))
		default:
			log.InfoContext(ctx, "event of a deleted user dropped")
		}
		delete(s.blocked, key)
		s.wake()
	}
}

// keepDeadLetter stores a dead letter and marks its event as published. The event stays in the
// outbox for a replay.
func (s *shard) keepDeadLetter(ctx context.Context, e event.Envelope, o postgres.Outgoing) (kept bool, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), markTimeout)
	defer cancel()
	now := s.relay.Now()
	err = s.relay.DB.InTx(ctx, func(tx pgx.Tx) error {
		// The dead letter comes first, because it locks the user. Every change of a user's data
		// locks the user first.
		kept, err = postgres.KeepDeadLetter(ctx, tx, postgres.DeadLetter{
			ID: e.ID, UserID: o.UserID, Topic: o.Topic, Type: e.Type, TaskID: e.TaskID, Raw: o.Raw,
			Reason: "the broker refused the event while it accepted other events of the topic; see the log of api",
		}, now)
		if err != nil {
			return err
		}
		return postgres.MarkPublished(ctx, tx, []int64{o.Seq}, now)
	})
	return kept, err
}
