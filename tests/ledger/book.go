package ledger

import "taskmaster/tests/system"

// book holds the results of one person's changes.
type book struct {
	person          *system.Person
	topics          map[string]*topic
	fired, notified ids // by task
}

func newBook(p *system.Person) *book {
	return &book{
		person: p, fired: ids{}, notified: ids{},
		topics: map[string]*topic{system.TopicTasks: {}, system.TopicUpdates: {}},
	}
}

// topic holds the events of one person on one topic, by revision.
type topic struct {
	revisions map[int64][]entry // more than one event is a discrepancy
	latest    int64             // the highest revision so far
}

// entry holds the parts of an event that the books need.
type entry struct {
	id, kind, task string
	series         string // of a task that follows another
}

// add adds an event. It reports whether the event arrived for the first time, and if so, whether it
// arrived after a later event.
func (t *topic) add(e system.Event) (first, late bool) {
	if t.revisions == nil {
		t.revisions = map[int64][]entry{}
	}
	revision := e.Data.Revision
	for _, known := range t.revisions[revision] {
		if known.id == e.ID {
			return false, false
		}
	}
	added := entry{id: e.ID, kind: e.Type, task: e.Data.TaskID}
	if s := e.Data.TaskData.SeriesID; s != nil && *s != e.Data.TaskID {
		added.series = *s
	}
	t.revisions[revision] = append(t.revisions[revision], added)
	late = revision < t.latest
	t.latest = max(t.latest, revision)
	return true, late
}

// missing returns the revisions without event, up to the last revision.
func (t *topic) missing(last int64) (revisions []int64) {
	for revision := int64(1); revision <= last; revision++ {
		if len(t.revisions[revision]) == 0 {
			revisions = append(revisions, revision)
		}
	}
	return revisions
}

// ids counts the arrivals of each id, by subject.
type ids map[string]map[string]int

// add counts an arrival and returns the number of arrivals of the id.
func (i ids) add(about, id string) int {
	if i[about] == nil {
		i[about] = map[string]int{}
	}
	i[about][id]++
	return i[about][id]
}
