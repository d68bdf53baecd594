package config

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
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
	var unknown []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if key, ours := strings.CutPrefix(name, l.project+":"); ours && !l.asked[key] {
			unknown = append(unknown, key)
			l.problem("%s: is not a known setting: pulumi config rm %s", key, key)
		}
	}
	if len(unknown) > 0 {
		l.problem("%s: the known settings are %s", strings.Join(unknown, ", "), strings.Join(slices.Sorted(maps.Keys(l.asked)), ", "))
	}
}
