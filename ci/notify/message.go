package main

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// message is what people are told, in plain text.
type message struct {
	good    bool
	title   string
	facts   [][2]string // name and value
	images  []string    // NAME@DIGEST
	preview string
	page    string // of the run
}

// message says what the run came to. What a command printed is not in it, for that may hold what is nobody's business.
func (c config) message() message {
	r := c.result
	m := message{good: true, page: c.page, preview: c.preview}
	what := strings.TrimSpace(r.Verb + " " + r.Stack)
	revision := short(cmp.Or(r.Release.Revision, c.revision))
	switch {
	case c.waiting != "":
		m.title = c.waiting + " waits for an approval of " + revision
	case !c.begun:
		m.good = false
		m.title = "The pipeline ended before it began with " + revision
		return m
	case r.Failed():
		m.good = false
		m.title = what + " failed with " + revision
	case r.Stack != "":
		m.title = r.Stack + " runs " + revision
	default:
		m.title = what + " succeeded with " + revision
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

// short is what people call a commit.
func short(revision string) string {
	hash, changed, _ := strings.Cut(revision, "-")
	hash = hash[:min(len(hash), 12)]
	if changed != "" {
		hash += "-" + changed
	}
	return cmp.Or(hash, "an unknown commit")
}

// cut shortens a text to at most n bytes, at a line's end where there is one.
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
