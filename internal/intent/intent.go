// Package intent reads a sentence to the assistant by rules: "move the dentist to friday", "show
// overdue tasks", "add eggs and bread #groceries". It does no I/O and never reads the clock.
//
//	sentence ── words ── patterns of the language ── slots ── Intent
//	            words.go  english.go, german.go, …    slot*.go
//
// Dates in sentences are read by package phrase, like those of the page's line.
//
// A wrong reading is worse than none, because it changes the wrong task. A sentence that fits no
// pattern, or whose slots cannot be read for certain, is Unknown. An Unknown intent can name its missing
// part, and mark the sentence as a possible new task. The caller then asks the user.
package intent

import (
	"slices"
	"strings"
	"time"

	"taskmaster/internal/phrase"
)

// Kind is the kind of an intent.
type Kind string

// The kinds. Unknown is a sentence that the rules do not understand for certain.
const (
	Unknown    Kind = "unknown"
	Add        Kind = "add"
	Due        Kind = "due"      // tasks that are due from From to To
	Overdue    Kind = "overdue"  // tasks that are overdue
	Done       Kind = "finished" // tasks that were completed from From to To, or lately
	Search     Kind = "search"   // tasks with the words of Target.Name
	Show       Kind = "show"     // the task that Target names
	Tagged     Kind = "tagged"   // open tasks with a tag
	Prioritary Kind = "important"
	Tags       Kind = "tags" // the tags of open tasks
	Move       Kind = "move"
	Undate     Kind = "undate" // remove the due date
	Complete   Kind = "done"
	Reopen     Kind = "reopen"
	Skip       Kind = "skip"
	Snooze     Kind = "snooze"
	Delete     Kind = "delete"
	Prioritize Kind = "priority"
	Tag        Kind = "tag"
	Untag      Kind = "untag"
	Help       Kind = "help"
)

// changes are the kinds that change existing tasks.
var changes = map[Kind]bool{
	Move: true, Undate: true, Complete: true, Reopen: true, Skip: true, Snooze: true, Delete: true, Prioritize: true, Tag: true, Untag: true,
}

// Changes reports whether an intent of the kind changes existing tasks.
func (k Kind) Changes() bool { return changes[k] }

// Missing is the part that an unknown sentence lacks.
type Missing string

// The missing parts.
const (
	MissingWhen Missing = "when"
	MissingName Missing = "name"
)

// Target names the tasks of an intent. One of its fields is set, besides Names.
type Target struct {
	// Name is a part of a title, without articles.
	Name string
	// Names are the parts of Name between "and" and commas, if there are several. Name counts first: a title
	// can have an "and".
	Names []string
	// Last means the tasks of the last answer: "it", "them".
	Last bool
	// Overdue and Today mean all open tasks that are overdue or due today.
	Overdue, Today bool
	// Tag means all open tasks with a tag, if no Name is given.
	Tag string
}

// Shift moves a due date by a length of time.
type Shift struct {
	Days    int
	Minutes int
}

// Intent is the meaning of a sentence.
type Intent struct {
	Kind   Kind
	Target Target
	// Sentences are those of new tasks, in the form of the page's line.
	Sentences []string
	// Parts are an alternative reading of Sentences as several tasks. The caller asks which is meant.
	Parts []string
	// From and To are the first and the last day of a question. To is included.
	From, To string
	// Due is the new day ("2026-12-31") or time ("2026-12-31T15:00") of Move, and the time of Snooze.
	Due string
	// Clock is the new time of day of Move, if no day is named.
	Clock string
	Shift Shift
	// Priority is none, low, medium or high.
	Priority string
	// NewTags are those of Tag and Untag.
	NewTags []string
	// Missing is the part that an Unknown sentence lacks, if its kind is clear.
	Missing Missing
	// Wanted is the kind of an Unknown sentence that lacks a part.
	Wanted Kind
	// MaybeTask reports whether an Unknown sentence can be the text of a new task.
	MaybeTask bool
}

// Options hold the context of a sentence.
type Options struct {
	Now  time.Time
	Zone *time.Location
	// Language is en, de, fr or es. By default it is English.
	Language  string
	WeekStart time.Weekday
	// TodoistSigns reports whether new tasks may have Todoist's signs.
	TodoistSigns bool
}

// MaxSentence is the longest sentence in bytes. Matching takes time with the square of the words.
const MaxSentence = 500

// Read returns the intent of a sentence.
func Read(sentence string, o Options) Intent {
	r := newReader(sentence, o)
	if len(sentence) > MaxSentence || len(r.words) == 0 || len(r.words) > maxWords {
		return Intent{Kind: Unknown}
	}
	return r.read()
}

// reader reads one sentence.
type reader struct {
	Options
	lang     *language
	sentence string
	words    []word
	question bool
	request  bool // it begins with "can you"
	// cache holds whether a slot can hold the words between two bytes of the sentence.
	cache map[cacheKey]bool
}

type cacheKey struct {
	slot       string
	start, end int
}

func newReader(sentence string, o Options) *reader {
	lang, ok := languages[o.Language]
	if !ok {
		lang = languages["en"]
	}
	r := &reader{Options: o, lang: lang, sentence: strings.TrimSpace(sentence), cache: map[cacheKey]bool{}}
	r.question = strings.HasSuffix(r.sentence, "?")
	r.words, r.request = lang.trim(lang.split(r.sentence))
	r.question = r.question && !r.request // "can you add milk?"
	return r
}

func (r *reader) read() Intent {
	for _, p := range r.lang.patterns {
		if r.question && (p.kind == Add || p.kind.Changes()) {
			continue // "milk done?" asks about a task
		}
		m := match{reader: r, words: r.words}
		if m.try(p.tokens, 0) {
			found, ok := r.build(p, m.slots)
			if ok && found.Kind.Changes() && found.Kind != Reopen && r.negated() {
				return Intent{Kind: Unknown} // "don't move the dentist"
			}
			if ok {
				return found
			}
		}
	}
	return r.unread()
}

// unread returns the intent of a sentence that fits no pattern. A sentence with a date, a tag or another mark
// is a new task, unless it looks like a question or a command.
func (r *reader) unread() Intent {
	first := r.words[0].text
	if r.question || r.lang.questions[first] || r.negated() && (r.lang.negations[first] || r.lang.heads[first]) {
		return Intent{Kind: Unknown}
	}
	unknown := Intent{Kind: Unknown, MaybeTask: !r.lang.smalltalk[first]}
	if r.lang.all[first] || len(r.words) > 1 && r.lang.heads[first] && r.lang.all[r.words[1].text] {
		unknown.MaybeTask = false // "delete everything"
	}
	if r.lang.heads[first] || r.lang.tails[r.words[len(r.words)-1].text] || len(r.lines()) > 1 || r.request {
		return unknown
	}
	d, spans := phrase.Parse(r.sentence, r.Now, r.Zone, r.phraseOptions())
	if len(spans) == 0 || d.TooOften {
		return unknown
	}
	return r.added(r.sentence)
}

// negated reports whether a sentence has a word such as "not".
func (r *reader) negated() bool {
	return slices.ContainsFunc(r.words, func(w word) bool { return r.lang.negations[w.text] })
}

func (r *reader) phraseOptions() phrase.Options {
	return phrase.Options{Language: r.Language, WeekStart: &r.WeekStart, TodoistSigns: r.TodoistSigns}
}
