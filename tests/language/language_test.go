package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestHardSentencesAreFound(t *testing.T) {
	hard := []string{
		"The retention job deletes what is over.",
		"Whoever holds the lock publishes the shard.",
		"Known says whether the type is known.",
		"It was told of a change before.",
		"One that fails is tried again.",
	}
	for _, s := range hard {
		if !isHard(s) {
			t.Errorf("%q passes, it should be found", s)
		}
	}
	plain := []string{
		"The retention job deletes expired rows.",
		"Known reports whether the type is known.",
		"The caller decides what to keep.",
		"Users who are logged in see their tasks.",
	}
	for _, s := range plain {
		if isHard(s) {
			t.Errorf("%q is found, it should pass", s)
		}
	}
}

func TestSentencesOfAProgram(t *testing.T) {
	const source = "// Run publishes all events. It returns\n// when ctx ends: all is marked then.\n//go:generate never a sentence at all\nfunc Run() {}\n" +
		"\t// Too short.\n\tx := \"// not a comment of its own\" // nor is this one here\n"
	want := []string{"Run publishes all events.", "It returns when ctx ends:", "all is marked then."}
	if diff := cmp.Diff(want, sentences("internal/outbox/relay.go", source)); diff != "" {
		t.Errorf("sentences (-want +got):\n%s", diff)
	}
}

func TestSentencesOfADocument(t *testing.T) {
	const document = "# A heading of many words\n\nThe relay publishes all events.\n\n| a | table of words |\n\n    code that is indented here\n\n" +
		"```sh\ncode that is fenced, too\n```\n\n- A list has sentences too.\n"
	want := []string{"The relay publishes all events.", "- A list has sentences too."}
	if diff := cmp.Diff(want, sentences("docs/outbox.md", document)); diff != "" {
		t.Errorf("sentences (-want +got):\n%s", diff)
	}
}

func TestVerdict(t *testing.T) {
	const (
		plain = "// The relay publishes all events.\n\n"
		hard  = "// It deletes what is over.\n\n"
	)
	r := newReport()
	r.add("internal/task/a.go", strings.Repeat(plain, 198)+strings.Repeat(hard, 2))
	r.add("internal/event/a.go", strings.Repeat(plain, 201)+strings.Repeat(hard, 2))
	r.add("internal/event/b.go", "// Code generated. DO NOT EDIT.\n"+strings.Repeat(hard, 20))
	r.add("internal/single/a.go", hard)
	cases := map[string]struct {
		pending []string
		want    string
	}{
		"a folder at 1 %":              {nil, "internal/task has 2 hard sentences of 200"},
		"a folder that is still to do": {[]string{"internal/task"}, ""},
		"a folder that is done": {
			[]string{"internal/task", "internal/event"}, "internal/event passes: delete its line in tests/language/pending.txt",
		},
		"a folder that is gone": {
			[]string{"internal/task", "internal/gone"}, "internal/gone passes: delete its line in tests/language/pending.txt",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := ""
			if err := r.verdict(c.pending); err != nil {
				got = err.Error()
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("verdict (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPrint(t *testing.T) {
	r := newReport()
	r.add("docs/outbox.md", "It deletes what is over.\n\nThe relay publishes all events.\n")
	r.add("internal/task/a.go", "// It shows the next dates.\n")
	var b strings.Builder
	r.print(&b, 20)
	want := " 50.0 %     1 of    2  docs/outbox.md\n 33.3 %     1 of    3  in all\n  docs/outbox.md: It deletes what is over.\n"
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
}
