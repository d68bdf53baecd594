package main

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"taskmaster/internal/task"
)

// list is a view of tasks in groups.
type list struct {
	Groups []group
	Empty  empty
	// Tag and Priority are given to tasks that are added in this view.
	Tag      string
	Priority task.Priority
	// Filters adds links to the tags and priorities, for narrow screens without the full
	// navigation.
	Filters bool
	// ReadOnly hides the form that adds tasks.
	ReadOnly bool
	// More leads to the rows that are not shown, or is nil.
	More *more
}

// group is a part of a list. A list with a single group may have no heading.
type group struct {
	Heading string
	Late    bool
	Rows    []row
}

// empty is the text of a view without tasks, with a suggestion.
type empty struct {
	Heading, Text string
	// Link is the text of a link to Path.
	Link, Path string
}

// add adds a group unless it has no rows.
func (l *list) add(heading string, late bool, rows []row) {
	if len(rows) > 0 {
		l.Groups = append(l.Groups, group{heading, late, rows})
	}
}

// byDay adds one group for each day that has tasks, in the order of the tasks. day returns the
// relevant day of a task.
func (l *list) byDay(rc *requestContext, tasks []task.Task, day func(task.Task) time.Time) {
	now := rc.now.In(rc.zone)
	for _, t := range tasks {
		heading := dayHeading(day(t), now)
		if n := len(l.Groups); n == 0 || l.Groups[n-1].Heading != heading {
			l.add(heading, false, []row{rc.row(t)})
			continue
		}
		last := &l.Groups[len(l.Groups)-1]
		last.Rows = append(last.Rows, rc.row(t))
	}
}

// agenda groups the open tasks that match a filter by the distance of their due dates.
func (rc *requestContext) agenda(r *http.Request, filter url.Values) (list, error) {
	filter.Set("status", "open")
	tasks, more, err := rc.readPart(r, filter)
	if err != nil {
		return list{}, err
	}
	now := rc.now.In(rc.zone)
	groups := []group{{"Overdue", true, nil}, {"Today", false, nil}, {"Next 7 days", false, nil}, {"Later", false, nil}, {"No date", false, nil}}
	for _, t := range tasks {
		n := 4
		day, ok := rc.dueDay(t)
		switch {
		case !ok:
		case t.Overdue(rc.now):
			n = 0
		case daysBetween(now, day) == 0:
			n = 1
		case daysBetween(now, day) <= 7:
			n = 2
		default:
			n = 3
		}
		groups[n].Rows = append(groups[n].Rows, rc.row(t))
	}
	l := list{More: more}
	for _, g := range groups {
		l.add(g.Heading, g.Late, g.Rows)
	}
	return l, nil
}

// today shows the tasks that are due today, and the overdue ones.
func (s *service) today(w http.ResponseWriter, r *http.Request, rc *requestContext) error {
	tasks, more, err := rc.readPart(r, url.Values{"status": {"open"}, "due_before": instantParam(rc.tomorrow())})
	if err != nil {
		return err
	}
	var today, late []task.Task
	for _, t := range tasks {
		if t.Overdue(rc.now) {
			late = append(late, t)
		} else {
			today = append(today, t)
		}
	}
	l := list{More: more, Empty: empty{"Nothing is due today", "Add what comes to mind above.", "See what is upcoming", "/upcoming"}}
	l.add("Overdue", true, rc.rows(late))
	heading := ""
	if len(late) > 0 {
		heading = "Today"
	}
	l.add(heading, false, rc.rows(today))
	return s.showTo(w, r, rc, http.StatusOK, page{Name: "list", Title: "Today", Path: "/today", Body: l})
}

// upcoming shows the tasks that are due after today, day by day.
func (s *service) upcoming(w http.ResponseWriter, r *http.Request, rc *requestContext) error {
	tasks, more, err := rc.readPart(r, url.Values{"status": {"open"}, "due_after": instantParam(rc.tomorrow())})
	if err != nil {
		return err
	}
	l := list{Empty: empty{"Nothing is upcoming", "Give a task a day, such as “call mum friday 15:00”, and it is here until then.", "See the calendar", "/calendar"}, More: more}
	l.byDay(rc, tasks, func(t task.Task) time.Time { day, _ := rc.dueDay(t); return day })
	return s.showTo(w, r, rc, http.StatusOK, page{Name: "list", Title: "Upcoming", Path: "/upcoming", Body: l})
}

// all shows every open task.
func (s *service) all(w http.ResponseWriter, r *http.Request, rc *requestContext) error {
	l, err := rc.agenda(r, url.Values{})
	if err != nil {
		return err
	}
	l.Empty, l.Filters = empty{"Nothing to do", "Add what you want to remember, or bring what you have elsewhere.", "Import tasks", "/settings/import"}, true
	return s.showTo(w, r, rc, http.StatusOK, page{Name: "list", Title: "All", Path: "/all", Body: l})
}

// tagged shows the open tasks with a tag. Tasks that are added there get the tag.
func (s *service) tagged(w http.ResponseWriter, r *http.Request, rc *requestContext) error {
	tag := r.PathValue("tag")
	l, err := rc.agenda(r, url.Values{"tag": {tag}})
	if err != nil {
		return err
	}
	l.Empty = empty{"Nothing open has this tag", "What you add here gets it. A tag goes away with its last task.", "See all tasks", "/all"}
	l.Tag = tag
	return s.showTo(w, r, rc, http.StatusOK, page{Name: "list", Title: "#" + tag, Path: tagPath(tag), Body: l})
}

// prioritised shows the open tasks of a priority. Tasks that are added there get the priority.
func (s *service) prioritised(w http.ResponseWriter, r *http.Request, rc *requestContext) error {
	p := task.Priority(r.PathValue("priority"))
	if !slices.Contains(priorities, p) {
		return task.Errorf(task.CodeNotFound, "there is no priority %q: high, medium, low and none are", p)
	}
	l, err := rc.agenda(r, url.Values{"priority": {string(p)}})
	if err != nil {
		return err
	}
	l.Empty = empty{"Nothing open has this priority", "What you add here gets it, and so does a task with !" + string(p) + " in its line.", "See all tasks", "/all"}
	l.Priority = p
	return s.showTo(w, r, rc, http.StatusOK, page{Name: "list", Title: priorityName(p), Path: "/priority/" + string(p), Body: l})
}

var priorities = []task.Priority{task.PriorityHigh, task.PriorityMedium, task.PriorityLow, task.PriorityNone}
