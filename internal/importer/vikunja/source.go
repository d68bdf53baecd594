package vikunja

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// The parts of the export that are read. An unset instant is in the year 1.
type (
	project struct {
		Title       string `json:"title"`
		Description string `json:"description"`
		Archived    bool   `json:"is_archived"`
	}
	source struct {
		ID           int64           `json:"id"`
		Title        string          `json:"title"`
		Description  string          `json:"description"`
		Done         bool            `json:"done"`
		DoneAt       time.Time       `json:"done_at"`
		DueDate      time.Time       `json:"due_date"`
		StartDate    time.Time       `json:"start_date"`
		EndDate      time.Time       `json:"end_date"`
		Reminders    few[reminder]   `json:"reminders"`
		OldReminders few[time.Time]  `json:"reminder_dates"`
		RepeatAfter  int64           `json:"repeat_after"` // seconds
		RepeatMode   int             `json:"repeat_mode"`
		Priority     int             `json:"priority"`
		PercentDone  float64         `json:"percent_done"`
		Assignees    few[person]     `json:"assignees"`
		Labels       few[named]      `json:"labels"`
		Related      related         `json:"related_tasks"`
		Attachments  few[attachment] `json:"attachments"`
		Favorite     bool            `json:"is_favorite"`
		Comments     few[comment]    `json:"comments"`
		Created      time.Time       `json:"created"`
	}
	reminder struct {
		At         time.Time `json:"reminder"`
		RelativeTo string    `json:"relative_to"`
		Period     int64     `json:"relative_period"` // seconds after the reference date
	}
	person struct {
		Name     string `json:"name"`
		Username string `json:"username"`
	}
	named      struct{ Title string }
	attachment struct{ File struct{ Name string } }
	comment    struct {
		Comment string    `json:"comment"`
		Author  person    `json:"author"`
		Created time.Time `json:"created"`
	}
)

// maxFew is the maximum length of a task's lists. Without it, a list of empty objects would take
// many times the memory of its text.
const maxFew = 1000

// few is a list of at most maxFew entries.
type few[T any] []T

// UnmarshalJSON refuses a list that is too long before it is in memory.
func (f *few[T]) UnmarshalJSON(raw []byte) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	return elements(d, func() error {
		if len(*f) == maxFew {
			return fmt.Errorf("has more than %d entries", maxFew)
		}
		var v T
		if err := d.Decode(&v); err != nil {
			return err
		}
		*f = append(*f, v)
		return nil
	})
}

// related are other tasks by the kind of their relation.
type related map[string]few[named]

// UnmarshalJSON refuses an object that is too large before it is in memory.
func (r *related) UnmarshalJSON(raw []byte) error {
	*r = related{}
	d := json.NewDecoder(bytes.NewReader(raw))
	return members(d, func(name string) error {
		if len(*r) == maxFew {
			return fmt.Errorf("has more than %d entries", maxFew)
		}
		var list few[named]
		if err := d.Decode(&list); err != nil {
			return err
		}
		(*r)[name] = list
		return nil
	})
}

// elements calls f for each element of an array. f reads the element. It treats null as an empty
// array.
func elements(d *json.Decoder, f func() error) error {
	ok, err := enter(d, '[')
	for ok && err == nil && d.More() {
		err = f()
	}
	return leave(d, ok, err)
}

// members calls f for each member of an object. f reads the value. It treats null as an empty
// object.
func members(d *json.Decoder, f func(name string) error) error {
	ok, err := enter(d, '{')
	for ok && err == nil && d.More() {
		var name json.Token
		if name, err = d.Token(); err == nil {
			err = f(fmt.Sprint(name))
		}
	}
	return leave(d, ok, err)
}

// enter reads the first token of a value. It returns false for null.
func enter(d *json.Decoder, delim json.Delim) (bool, error) {
	first, err := d.Token()
	if err != nil || first == nil {
		return false, err
	}
	if first != delim {
		return false, fmt.Errorf("begins with %v and not with %v", first, delim)
	}
	return true, nil
}

// leave reads the last token of an entered value.
func leave(d *json.Decoder, entered bool, err error) error {
	if entered && err == nil {
		_, err = d.Token()
	}
	return err
}

// skip is a value that is not kept.
type skip struct{}

// UnmarshalJSON discards the value.
func (skip) UnmarshalJSON([]byte) error { return nil }
