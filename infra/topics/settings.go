package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
)

// setting is one of a topic's.
type setting struct{ name, value string }

const retentionSetting = "retention.ms"

// settings are what a topic with so many copies of each event has to have.
func settings(cfg config, replication int) []setting {
	return []setting{
		// Compaction would keep one event per user, and a limit of bytes would shorten the time.
		{"cleanup.policy", "delete"},
		{retentionSetting, strconv.FormatInt(cfg.retention.Milliseconds(), 10)},
		{"retention.bytes", "-1"},
		// With acks=all an event is acknowledged when so many have it: one broker may be away, and none of those that have
		// it may be lost alone.
		{"min.insync.replicas", strconv.Itoa(max(1, replication-1))},
	}
}

// compare returns the changes that make the settings what they should be, and says so in words. A setting that the broker
// does not know is left out: Redpanda has no min.insync.replicas, because a majority always has to have an event. Retention
// is never shortened.
func compare(want []setting, have []kadm.Config) (changes []kadm.AlterConfig, did string) {
	var words []string
	for _, w := range want {
		i := slices.IndexFunc(have, func(c kadm.Config) bool { return c.Key == w.name })
		if i < 0 || have[i].MaybeValue() == w.value {
			continue
		}
		old := have[i].MaybeValue()
		if w.name == retentionSetting && longer(old, w.value) {
			words = append(words, fmt.Sprintf("keeps its longer retention of %s", inWords(old)))
			continue
		}
		changes = append(changes, kadm.AlterConfig{Op: kadm.SetConfig, Name: w.name, Value: &w.value})
		if w.name == retentionSetting {
			words = append(words, fmt.Sprintf("retention %s, was %s", inWords(w.value), inWords(old)))
			continue
		}
		words = append(words, fmt.Sprintf("%s %s, was %s", w.name, w.value, old))
	}
	if len(words) == 0 {
		return nil, "is as it should be"
	}
	return changes, strings.Join(words, "; ")
}

// longer says whether a number of milliseconds is more than another; -1 is for ever.
func longer(a, b string) bool {
	x, err := strconv.ParseInt(a, 10, 64)
	if err != nil {
		return false
	}
	y, err := strconv.ParseInt(b, 10, 64)
	return err == nil && (x < 0 || x > y)
}

func inWords(milliseconds string) string {
	n, err := strconv.ParseInt(milliseconds, 10, 64)
	if err != nil {
		return milliseconds
	}
	if n < 0 {
		return "for ever"
	}
	return (time.Duration(n) * time.Millisecond).String()
}
