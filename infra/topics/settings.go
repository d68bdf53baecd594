package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
)

// setting is a setting of a topic.
type setting struct{ name, value string }

const retentionSetting = "retention.ms"

// settings returns the settings of a topic with the given number of copies.
func settings(cfg config, replication int) []setting {
	return []setting{
		// Compaction would keep one event per user. A size limit would shorten the retention.
		{"cleanup.policy", "delete"},
		{retentionSetting, strconv.FormatInt(cfg.retention.Milliseconds(), 10)},
		{"retention.bytes", "-1"},
		// With acks=all, an event is acknowledged when this many brokers have it. One broker may be
		// down, and a second copy survives the loss of one of the others.
		{"min.insync.replicas", strconv.Itoa(max(1, replication-1))},
	}
}

// compare returns the changes to reach the wanted settings and a description of them. It skips
// settings that the broker does not know: Redpanda has no min.insync.replicas, because it always
// requires a majority. It never shortens the retention.
func compare(want []setting, have []kadm.Config) (changes []kadm.AlterConfig, did string) {
	var words []string
	for _, w := range want {
		i := slices.IndexFunc(have, func(c kadm.Config) bool { return c.Key == w.name })
		if i < 0 || have[i].MaybeValue() == w.value {
			continue
		}
		old := have[i].MaybeValue()
		if w.name == retentionSetting && longer(old, w.value) {
			words = append(words, fmt.Sprintf("keeps its longer retention of %s", formatDuration(old)))
			continue
		}
		changes = append(changes, kadm.AlterConfig{Op: kadm.SetConfig, Name: w.name, Value: &w.value})
		if w.name == retentionSetting {
			words = append(words, fmt.Sprintf("retention %s, was %s", formatDuration(w.value), formatDuration(old)))
			continue
		}
		words = append(words, fmt.Sprintf("%s %s, was %s", w.name, w.value, old))
	}
	if len(words) == 0 {
		return nil, "is up to date"
	}
	return changes, strings.Join(words, "; ")
}

// longer reports whether a is more milliseconds than b. -1 means for ever.
func longer(a, b string) bool {
	x, err := strconv.ParseInt(a, 10, 64)
	if err != nil {
		return false
	}
	y, err := strconv.ParseInt(b, 10, 64)
	return err == nil && (x < 0 || x > y)
}

func formatDuration(milliseconds string) string {
	n, err := strconv.ParseInt(milliseconds, 10, 64)
	if err != nil {
		return milliseconds
	}
	if n < 0 {
		return "for ever"
	}
	return (time.Duration(n) * time.Millisecond).String()
}
