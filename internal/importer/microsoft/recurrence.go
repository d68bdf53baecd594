package microsoft

import (
	"fmt"
	"strconv"
	"strings"

	"taskmaster/internal/importer"
	"taskmaster/internal/importer/jsonfile"
	"taskmaster/internal/task"
)

// recurrence is a patternedRecurrence
// (https://learn.microsoft.com/graph/api/resources/patternedrecurrence).
type recurrence struct {
	Pattern struct {
		Type     jsonfile.Text                `json:"type"`
		Interval jsonfile.Text                `json:"interval"`
		Month    jsonfile.Text                `json:"month"`
		Day      jsonfile.Text                `json:"dayOfMonth"`
		Days     jsonfile.List[jsonfile.Text] `json:"daysOfWeek"`
		First    jsonfile.Text                `json:"firstDayOfWeek"`
		Index    jsonfile.Text                `json:"index"`
	} `json:"pattern"`
	Range struct {
		Type  jsonfile.Text `json:"type"`
		End   jsonfile.Text `json:"endDate"`
		Count jsonfile.Text `json:"numberOfOccurrences"`
	} `json:"range"`
}

// set sets the recurrence of a task that is due. importer.Mend keeps a rule that is not valid.
func (r recurrence) set(b *importer.Builder) {
	rule := r.rule()
	switch _, due := b.Task.Due(); {
	case rule == "":
		b.Keep("Repeats", string(r.Pattern.Type), "this kind of recurrence is not known")
	case !due:
		b.Keep("Repeats", rule, "a task has to be due to repeat")
	default:
		b.Task.Recurrence = &task.Recurrence{RRule: rule}
	}
}

func (r recurrence) rule() string {
	p := r.Pattern
	days := byDay(jsonfile.Texts(p.Days))
	var parts []string
	switch strings.ToLower(string(p.Type)) {
	case "daily":
		parts = []string{"FREQ=DAILY"}
	case "weekly":
		parts = []string{"FREQ=WEEKLY"}
		if days != "" {
			parts = append(parts, "BYDAY="+days)
		}
		if first := byDay([]string{string(p.First)}); first != "" {
			parts = append(parts, "WKST="+first)
		}
	case "absolutemonthly":
		parts = []string{"FREQ=MONTHLY", fmt.Sprint("BYMONTHDAY=", p.Day)}
	case "absoluteyearly":
		parts = []string{"FREQ=YEARLY", fmt.Sprint("BYMONTH=", p.Month), fmt.Sprint("BYMONTHDAY=", p.Day)}
	case "relativemonthly":
		parts = []string{"FREQ=MONTHLY", "BYDAY=" + days, "BYSETPOS=" + position(string(p.Index))}
	case "relativeyearly":
		parts = []string{"FREQ=YEARLY", fmt.Sprint("BYMONTH=", p.Month), "BYDAY=" + days, "BYSETPOS=" + position(string(p.Index))}
	default:
		return ""
	}
	if n, err := strconv.Atoi(string(p.Interval)); err == nil && n > 1 {
		parts = append(parts, fmt.Sprint("INTERVAL=", n))
	}
	switch r.Range.Type {
	case "endDate":
		parts = append(parts, "UNTIL="+strings.ReplaceAll(string(r.Range.End), "-", ""))
	case "numbered":
		parts = append(parts, fmt.Sprint("COUNT=", r.Range.Count))
	}
	return strings.Join(parts, ";")
}

// byDay returns English names of weekdays as a value of BYDAY.
func byDay(names []string) string {
	var days []string
	for _, name := range names {
		if len(name) >= 2 {
			days = append(days, strings.ToUpper(name[:2]))
		}
	}
	return strings.Join(days, ",")
}

func position(index string) string {
	return map[string]string{"first": "1", "second": "2", "third": "3", "fourth": "4", "last": "-1"}[strings.ToLower(index)]
}
