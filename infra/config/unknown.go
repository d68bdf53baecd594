package config

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
)

// unknown reports what is configured and nobody asked for: a misspelled name would otherwise be a setting without effect. all is
// the stack's configuration as the language host hands it over, in JSON; without it, as in a program run inline, nothing is known.
func (l *loader) unknown(all string) {
	if all == "" {
		return
	}
	var values map[string]json.RawMessage
	if err := json.Unmarshal([]byte(all), &values); err != nil {
		l.mistake("the stack's configuration cannot be read: %s", reason(err))
		return
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		key, ours := strings.CutPrefix(name, l.project+":")
		if ours && !l.asked[key] {
			l.mistake("%s: is nothing that can be configured: did you mean %s? pulumi config rm %s", key, l.nearest(key), key)
		}
	}
}

// nearest returns the name that is most like a misspelled one.
func (l *loader) nearest(key string) string {
	return slices.MinFunc(slices.Sorted(maps.Keys(l.asked)), func(a, b string) int {
		return levenshtein.Distance(key, a, nil) - levenshtein.Distance(key, b, nil)
	})
}
