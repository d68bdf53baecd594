package main

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// message is a notification in plain text.
type message struct {
	good    bool
	title   string
	facts   [][2]string // name and value
	images  []string    // NAME@DIGEST
	preview string
	page    string // address of the run's page
}

// message builds the notification of a result. It excludes the output of commands, which may
// contain confidential data.
func (c config) message() message {
	r := c.result
	m := message{good: true, page: c.page, preview: c.preview}
	subject := strings.TrimSpace(r.Command + " " + r.Stack)
	revision := short(cmp.Or(r.Release.Revision, c.revision))
	switch {
	case c.waiting != "":
		m.title = c.waiting + " waits for an approval of " + revision
	case !c.started:
		m.good = false
		m.title = "The pipeline ended before it published or deployed " + revision
		return m
	case r.Failed():
		m.good = false
		m.title = subject + " failed with " + revision
	case r.Stack != "" && r.Release.Untested != "":
		m.title = r.Stack + " runs " + revision + ", which is UNTESTED"
	case r.Stack != "":
		m.title = r.Stack + " runs " + revision
	default:
		m.title = subject + " succeeded with " + revision
	}
	fact := func(name, value string) {
		if value != "" {
			m.facts = append(m.facts, [2]string{name, value})
		}
	}
	fact("Address", r.URL)
	if r.Release.Number > 0 {
		fact("Release", strconv.Itoa(r.Release.Number))
	}
	if c.waiting == "" && r.Before != nil {
		fact("Release before", strconv.Itoa(r.Before.Number))
		fact("Changed", changed(r.Before.Images, r.Release.Images))
		fact("Commits", c.comparison(r.Before.Revision, r.Release.Revision))
	}
	if c.waiting == "" {
		fact("Duration", time.Duration(r.Seconds*float64(time.Second)).Round(time.Second).String())
	}
	fact("Failed step", r.Step)
	fact("Reason", r.Reason)
	if r.Stack != "" {
		fact("State", r.Summary())
	}
	for _, service := range slices.Sorted(maps.Keys(r.Release.Images)) {
		m.images = append(m.images, r.Release.Images[service])
	}
	return m
}

// changed lists the services whose image differs from the release before.
func changed(before, after map[string]string) string {
	var services []string
	for _, service := range slices.Sorted(maps.Keys(after)) {
		if before[service] != after[service] {
			services = append(services, service)
		}
	}
	if len(services) == 0 && len(after) > 0 {
		return "nothing"
	}
	return strings.Join(services, ", ")
}

// comparison returns the address of the page that shows the commits between two releases. A revision
// with uncommitted changes has none.
func (c config) comparison(before, after string) string {
	if c.server == "" || before == "" || after == "" || before == after || strings.Contains(before+after, "-") {
		return ""
	}
	return c.server + "/" + c.repository + "/compare/" + before + "..." + after
}

// short abbreviates a commit hash.
func short(revision string) string {
	hash, changed, _ := strings.Cut(revision, "-")
	hash = hash[:min(len(hash), 12)]
	if changed != "" {
		hash += "-" + changed
	}
	return cmp.Or(hash, "an unknown commit")
}

// cut shortens text to at most n bytes. It cuts at the end of a line if possible.
func cut(text string, n int) string {
	const more = "\n(more in the log)"
	if len(text) <= n {
		return text
	}
	text = strings.ToValidUTF8(text[:n-len(more)], "")
	if end := strings.LastIndexByte(text, '\n'); end > 0 {
		text = text[:end]
	}
	return text + more
}
