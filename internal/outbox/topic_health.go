package outbox

import (
	"sync"
	"time"
)

// topicHealth tells a refused event from an outage of its topic. It is shared by all shards of a
// relay.
type topicHealth struct {
	mu sync.Mutex
	// taken is the time at which the broker last accepted an event of each topic.
	taken map[string]time.Time
	// failing counts the partition keys that wait after a failure, by shard and topic.
	failing map[*shard]map[string]int
}

func newTopicHealth() *topicHealth {
	return &topicHealth{taken: map[string]time.Time{}, failing: map[*shard]map[string]int{}}
}

// noteTaken records that the broker accepted an event of a topic.
func (h *topicHealth) noteTaken(topic string, at time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.taken[topic] = at
}

// noteFailing records how many partition keys of a shard wait after a failure, by topic.
func (h *topicHealth) noteFailing(s *shard, counts map[string]int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failing[s] = counts
}

// failsAlone reports whether a failure concerns the event and not its topic: the broker accepted
// other events of the topic since an instant, and few partition keys of the topic fail.
func (h *topicHealth) failsAlone(topic string, since time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	failing := 0
	for _, counts := range h.failing {
		failing += counts[topic]
	}
	return h.taken[topic].After(since) && failing < maxFailures
}
