package main

import (
	"net/http"
	"slices"
	"time"

	"taskmaster/internal/task"
)

// list is a view that is made of tasks, in groups.
type list struct {
	Groups []group
	Empty  empty
	// Tag and Priority are what a task gets that is added here.
	Tag      string
	Priority task.Priority
	// Filters says that the tags and priorities are linked to, where the navigation has no room for them.
	Filters bool
	// ReadOnly says that nothing can be added here.
	ReadOnly bool
	// More says that there are more tasks than are shown.
	More bool
}

// group is a part of a list. Without a heading it is all of it.
type group struct {
	Heading string
	Late    bool
	Rows    []row
}

// empty is what a view says when nothing is in it, and what to do next.
type empty struct {
	Heading, Text string
	// Link leads to Path.
	Link, Path string
}

// add adds a group unless it is empty.
func (l *list) add(heading string, late bool, rows []row) {
	if len(rows) > 0 {
		l.Groups = append(l.Groups, group{heading, late, rows})
	}
}

// byDay adds a group for each day on which there are tasks, in their order. day returns the instant that counts.
func (l *list) byDay(v *visit, tasks []task.Task, day func(task.Task) *time.Time) {
	now := v.now.In(v.zone)
	for _, t := range tasks {
		at := day(t).In(v.zone)
		heading := dayHeading(at, now)
		if n := len(l.Groups); n == 0 || l.Groups[n-1].Heading != heading {
			l.add(heading, false, []row{v.row(t)})
			continue
		}
		last := &l.Groups[len(l.Groups)-1]
		last.Rows = append(last.Rows, v.row(t))
	}
}

// agenda groups tasks by how far away they are.
func (v *visit) agenda(tasks []task.Task) list {
	now := v.now.In(v.zone)
	groups := []group{{"Overdue", true, nil}, {"Today", false, nil}, {"Next 7 days", false, nil}, {"Later", false, nil}, {"No date", false, nil}}
	for _, t := range tasks {
		n := 4
		switch {
		case t.DueAt == nil:
		case overdue(t, v.now):
			n = 0
		case daysBetween(now, t.DueAt.In(v.zone)) == 0:
			n = 1
		case daysBetween(now, t.DueAt.In(v.zone)) <= 7:
			n = 2
		default:
			n = 3
		}
		groups[n].Rows = append(groups[n].Rows, v.row(t))
	}
	var l list
	for _, g := range groups {
		l.add(g.Heading, g.Late, g.Rows)
	}
	return l
}

// having returns the open tasks of which something holds.
func (v *visit) having(holds func(task.Task) bool) []task.Task {
	var found []task.Task
	for _, t := range v.open {
		if holds(t) {
			found = append(found, t)
		}
	}
	return found
}

// today shows what is due today, and what should be done already.
func (w *web) today(rw http.ResponseWriter, r *http.Request, v *visit) error {
	today, late := v.dueToday()
	l := list{Empty: empty{"Nothing is due today", "Add what comes to mind above.", "See what is upcoming", "/upcoming"}}
	l.add("Overdue", true, v.rows(late))
	heading := ""
	if len(late) > 0 {
		heading = "Today"
	}
	l.add(heading, false, v.rows(today))
	return w.showTo(rw, r, v, http.StatusOK, page{Name: "list", Title: "Today", Path: "/today", Body: l})
}

// upcoming shows what is due after today, day by day.
func (w *web) upcoming(rw http.ResponseWriter, r *http.Request, v *visit) error {
	l := list{Empty: empty{"Nothing is upcoming", "Give a task a day, such as “call mum friday 15:00”, and it is here until then.", "See the calendar", "/calendar"}, More: v.more}
	l.byDay(v, v.dueLater(), func(t task.Task) *time.Time { return t.DueAt })
	return w.showTo(rw, r, v, http.StatusOK, page{Name: "list", Title: "Upcoming", Path: "/upcoming", Body: l})
}

// all shows every open task.
func (w *web) all(rw http.ResponseWriter, r *http.Request, v *visit) error {
	l := v.agenda(v.open)
	l.Empty, l.More, l.Filters = empty{"Nothing to do", "Add what you want to remember, or bring what you have elsewhere.", "Import tasks", "/settings/import"}, v.more, true
	return w.showTo(rw, r, v, http.StatusOK, page{Name: "list", Title: "All", Path: "/all", Body: l})
}

// tagged shows the open tasks with a tag. What is added there gets it.
func (w *web) tagged(rw http.ResponseWriter, r *http.Request, v *visit) error {
	tag := r.PathValue("tag")
	l := v.agenda(v.having(func(t task.Task) bool { return slices.Contains(t.Tags, tag) }))
	l.Empty = empty{"Nothing open has this tag", "What you add here gets it. A tag goes away with its last task.", "See all tasks", "/all"}
	l.Tag = tag
	return w.showTo(rw, r, v, http.StatusOK, page{Name: "list", Title: "#" + tag, Path: tagPath(tag), Body: l})
}

// prioritised shows the open tasks of a priority. What is added there gets it.
func (w *web) prioritised(rw http.ResponseWriter, r *http.Request, v *visit) error {
	p := task.Priority(r.PathValue("priority"))
	if !slices.Contains(priorities, p) {
		return task.Errorf(task.CodeNotFound, "there is no priority %q: high, medium, low and none are", p)
	}
	l := v.agenda(v.having(func(t task.Task) bool { return t.Priority == p }))
	l.Empty = empty{"Nothing open has this priority", "What you add here gets it, and so does a task with !" + string(p) + " in its line.", "See all tasks", "/all"}
	l.Priority = p
	return w.showTo(rw, r, v, http.StatusOK, page{Name: "list", Title: priorityName(p), Path: "/priority/" + string(p), Body: l})
}

var priorities = []task.Priority{task.PriorityHigh, task.PriorityMedium, task.PriorityLow, task.PriorityNone}

// dueToday returns the open tasks that are due from now to the day's end, and those that should be done already.
func (v *visit) dueToday() (today, late []task.Task) {
	tomorrow := startOfDay(v.now.In(v.zone), 1)
	for _, t := range v.open {
		switch {
		case overdue(t, v.now):
			late = append(late, t)
		case t.DueAt != nil && t.DueAt.Before(tomorrow):
			today = append(today, t)
		}
	}
	return today, late
}

// dueLater returns the open tasks that are due after today.
func (v *visit) dueLater() []task.Task {
	tomorrow := startOfDay(v.now.In(v.zone), 1)
	var found []task.Task
	for _, t := range v.open {
		if t.DueAt != nil && !t.DueAt.Before(tomorrow) {
			found = append(found, t)
		}
	}
	return found
}
