package main

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"taskmaster/internal/task"
)

// nav is the navigation: links to all views, with how much is open in each.
type nav struct {
	Views, Tags, Priorities []navEntry
	Settings                []navEntry
}

// navEntry is one link. Count is what is shown beside it, 0 nothing.
type navEntry struct {
	Name, Path string
	Count      int
	Current    bool
	// Keys are the shortcut, such as "g t".
	Keys string
	// Icon is one of parts/icons.html, "" none.
	Icon string
	// Late says that some of what is counted is overdue.
	Late bool
}

func (v *visit) nav(current string) nav {
	today, late := v.dueToday()
	n := nav{
		Views: []navEntry{
			{Name: "Today", Path: "/today", Count: len(today) + len(late), Late: len(late) > 0, Keys: "g t", Icon: "today"},
			{Name: "Upcoming", Path: "/upcoming", Count: len(v.dueLater()), Keys: "g u", Icon: "upcoming"},
			{Name: "Calendar", Path: "/calendar", Keys: "g c", Icon: "calendar"},
			{Name: "All", Path: "/all", Count: len(v.open), Keys: "g a", Icon: "all"},
			{Name: "Done", Path: "/done", Keys: "g d", Icon: "done"},
		},
		Settings: []navEntry{
			{Name: "Notifications", Path: "/settings/notifications"},
			{Name: "Import and export", Path: "/settings/import"},
			{Name: "Account", Path: "/settings/account"},
		},
	}
	tags, priorities := map[string]int{}, map[task.Priority]int{}
	for _, t := range v.open {
		priorities[t.Priority]++
		for _, tag := range t.Tags {
			tags[tag]++
		}
	}
	for _, p := range []task.Priority{task.PriorityHigh, task.PriorityMedium, task.PriorityLow} {
		if priorities[p] > 0 {
			n.Priorities = append(n.Priorities, navEntry{Name: priorityName(p), Path: "/priority/" + string(p), Count: priorities[p]})
		}
	}
	for tag, count := range tags {
		n.Tags = append(n.Tags, navEntry{Name: tag, Path: tagPath(tag), Count: count})
	}
	slices.SortFunc(n.Tags, func(a, b navEntry) int {
		return cmp.Or(strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), strings.Compare(a.Name, b.Name))
	})
	for _, entries := range [][]navEntry{n.Views, n.Tags, n.Priorities, n.Settings} {
		for i := range entries {
			entries[i].Current = entries[i].Path == current
		}
	}
	return n
}

func tagPath(tag string) string { return "/tag/" + url.PathEscape(tag) }

// priorityName says a priority as a heading does: "High priority".
func priorityName(p task.Priority) string {
	if p == task.PriorityNone {
		return "No priority"
	}
	name := string(p)
	return strings.ToUpper(name[:1]) + name[1:] + " priority"
}
