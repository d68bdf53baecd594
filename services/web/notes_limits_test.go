package main

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"taskmaster/internal/task"
)

// The bounds of rendering the longest notes. The time leaves room for a busy
// machine and the race detector.
const (
	notesTime   = 5 * time.Second
	notesMemory = 64 << 20 // bytes that are allocated
)

// table returns a table of a number of columns whose rows are empty.
func table(columns, rows int) string {
	return "|" + strings.Repeat("a|", columns) + "\n|" + strings.Repeat("-|", columns) + "\n" + strings.Repeat("|\n", rows)
}

// fill repeats a text up to the length of the longest notes.
func fill(text string) string {
	return strings.Repeat(text, task.MaxDescription/len([]rune(text)))
}

// checkNotes renders notes and checks the bounds. The test must not be parallel.
func checkNotes(t *testing.T, n *notesRenderer, text string) string {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	started := time.Now()
	html := string(n.render(text))
	took := time.Since(started)
	runtime.ReadMemStats(&after)
	if took > notesTime {
		t.Errorf("%.40q took %v", text, took)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > notesMemory {
		t.Errorf("%.40q took %d MB", text, used>>20)
	}
	if len(html) > 2*maxNotesHTML {
		t.Errorf("%.40q is %d bytes of HTML", text, len(html))
	}
	return html
}

// TestHostileNotes renders notes that would take much time, memory or room.
func TestHostileNotes(t *testing.T) { //nolint:paralleltest // measures the memory of the process
	n := newNotesRenderer()
	for _, text := range []string{
		table(1000, 6000), table(100, 7000), strings.Repeat(table(20, 40)+"\n", 90),
		fill(">"), fill("> "), fill(">\t"), fill(strings.Repeat(">", 2000) + "a\n"), fill("- "), fill("1. "), fill(strings.Repeat("- ", 40) + "a\n"),
		fill("["), fill("[a]("), fill("[a](<b"), fill("!["), strings.Repeat("[", 8000) + strings.Repeat("]", 8000), fill("[[a](b)"),
		fill("*a **a "), fill("a**b"), fill("*_~~"), fill("```\n"), fill("<a "), fill("<!--"), fill("&amp;"), fill("http://a.b "), fill("a@"), fill("😀"), fill("<"),
	} {
		checkNotes(t, n, text)
	}
	if html := checkNotes(t, n, table(100, 40)); !strings.Contains(html, "<td>") {
		t.Errorf("a table of 4,100 cells is not a table: %.200s", html)
	}
	if html := checkNotes(t, n, table(1000, 40)); strings.Contains(html, "<td>") {
		t.Error("a table of 41,000 cells is a table")
	}
	if html := checkNotes(t, n, strings.Repeat(">", maxNesting+1)+"<b>"); !strings.HasPrefix(html, "<pre>&gt;") {
		t.Errorf("got %.200s, want plain text", html)
	}
	if html := checkNotes(t, n, "1 2 3 "+strings.Repeat("4 ", 100)+"\n> > - a"); !strings.Contains(html, "<blockquote>") {
		t.Errorf("got %.200s, want a quote", html)
	}
}

// FuzzNotes renders any notes within the bounds.
func FuzzNotes(f *testing.F) {
	f.Add("|a|b|\n|-|-|\n|c|", ">> - [x] ", 100)
	n := newNotesRenderer()
	f.Fuzz(func(t *testing.T, first, repeated string, times int) {
		repeated = repeated[:min(len(repeated), 100)]
		text := []rune(first + strings.Repeat(repeated, max(0, min(times, task.MaxDescription))))
		checkNotes(t, n, string(text[:min(len(text), task.MaxDescription)]))
	})
}
