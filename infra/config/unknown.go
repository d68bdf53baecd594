package config

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
)

// unknown reports settings that do not exist, because a misspelled one would have no effect. all is
// the whole configuration in JSON, as the language host passes it. If it is empty, as in an inline
// program, nothing is checked.
func (l *loader) unknown(all string) {
	if all == "" {
		return
	}
	var values map[string]json.RawMessage
	if err := json.Unmarshal([]byte(all), &values); err != nil {
		l.problem("read the stack's configuration: %s", reason(err))
		return
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		key, ours := strings.CutPrefix(name, l.project+":")
		if ours && !l.asked[key] {
			l.problem("%s: is not a known setting: did you mean %s? pulumi config rm %s", key, l.nearest(key), key)
		}
	}
}

// nearest returns the known name that is most similar to a misspelled one.
func (l *loader) nearest(key string) string {
	return slices.MinFunc(slices.Sorted(maps.Keys(l.asked)), func(a, b string) int {
		return levenshtein.Distance(key, a, nil) - levenshtein.Distance(key, b, nil)
	})
}
