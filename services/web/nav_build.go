package main

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"taskmaster/internal/task"
)

// nav is the navigation: links to all views, with the number of open tasks in each.
type nav struct {
	Views, Tags, Priorities []navEntry
	Settings                []navEntry
	// MoreTags reports whether tags with fewer tasks are left out.
	MoreTags bool
}

// navEntry is one link. Count is shown beside it unless it is 0.
type navEntry struct {
	Name, Path string
	Count      int
	Current    bool
	// Keys is the keyboard shortcut, such as "g t".
	Keys string
	// Icon is the name of an icon in parts/icons.html, or "".
	Icon string
	// Late reports whether a counted task is overdue.
	Late bool
}

func (rc *requestContext) nav(current string) nav {
	open := rc.user.OpenTasks
	n := nav{
		Views: []navEntry{
			{Name: "Today", Path: "/today", Count: open.Today + open.Overdue, Late: open.Overdue > 0, Keys: "g t", Icon: "today"},
			{Name: "Upcoming", Path: "/upcoming", Count: open.Upcoming, Keys: "g u", Icon: "upcoming"},
			{Name: "Calendar", Path: "/calendar", Keys: "g c", Icon: "calendar"},
			{Name: "All", Path: "/all", Count: open.All, Keys: "g a", Icon: "all"},
			{Name: "Done", Path: "/done", Keys: "g d", Icon: "done"},
		},
		MoreTags: open.MoreTags,
		Settings: []navEntry{
			{Name: "Notifications", Path: "/settings/notifications"},
			{Name: "Import and export", Path: "/settings/import"},
			{Name: "Account", Path: "/settings/account"},
		},
	}
	if rc.user.Admin {
		n.Settings = append(n.Settings, navEntry{Name: "Status", Path: statusPath})
	}
	for _, p := range []struct {
		priority task.Priority
		count    int
	}{{task.PriorityHigh, open.Priorities.High}, {task.PriorityMedium, open.Priorities.Medium}, {task.PriorityLow, open.Priorities.Low}} {
		if p.count > 0 {
			n.Priorities = append(n.Priorities, navEntry{Name: priorityName(p.priority), Path: "/priority/" + string(p.priority), Count: p.count})
		}
	}
	for _, t := range open.Tags {
		n.Tags = append(n.Tags, navEntry{Name: t.Tag, Path: tagPath(t.Tag), Count: t.Count})
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

// priorityName returns a priority as a heading: "High priority".
func priorityName(p task.Priority) string {
	if p == task.PriorityNone {
		return "No priority"
	}
	name := string(p)
	return strings.ToUpper(name[:1]) + name[1:] + " priority"
}
