package main

import (
	"testing"
	"time"

	"taskmaster/internal/task"
)

func TestWhen(t *testing.T) {
	t.Parallel()
	zone, err := task.LoadZone("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 3, 28, 22, 30, 0, 0, time.UTC) // 23:30 in Berlin; the next day has 23 hours
	for at, want := range map[string]string{
		"2026-03-28T08:05:00Z": "today, 9:05", "2026-03-28T23:00:00Z": "tomorrow, 0:00", "2026-03-29T21:59:00Z": "tomorrow, 23:59",
		"2026-03-29T22:00:00Z": "Mon 30 Mar, 0:00", "2026-03-27T22:59:00Z": "yesterday, 23:59", "2027-01-01T09:00:00Z": "Fri 1 Jan 2027, 10:00",
	} {
		instant, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := when(instant, now, zone); got != want {
			t.Errorf("%s: got %q, want %q", at, got, want)
		}
	}
	// Clocks skip 2:30 that night, but a form can still contain it.
	if got, err := localTime("2026-03-29T02:30", zone); err != nil || got.Format(time.RFC3339) != "2026-03-29T01:30:00Z" {
		t.Errorf("got %v, %v, want 3:30 in Berlin", got, err)
	}
	if got, err := localTime("29.3.2026", zone); err == nil {
		t.Errorf("got %v for text that is no date, want an error", got)
	}
}

func TestLocalPath(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/today": "/today", "/tag/a%2Fb?x=1#y": "/tag/a%2Fb?x=1", "/": "/",
		"": "", "today": "", "//x": "", `/\x`: "", "/\tx": "", "https://x/": "", "javascript:x": "", "/%zz": "",
	} {
		if got, ok := localPath(path); got != want || ok != (want != "") {
			t.Errorf("%q: got %q, %t, want %q", path, got, ok, want)
		}
	}
}
