package intent

import (
	"regexp"
	"strings"
)

// language holds the words of a language.
type language struct {
	letters *strings.Replacer
	elided  map[string]bool
	// polite are words around a sentence that mean nothing. requests turn a question into a command: "can you".
	polite, requests [][]string
	// articles are words before a name that are no part of it.
	articles map[string]bool
	// fillers are words around a name: "the dentist task".
	fillers map[string]bool
	// all are words such as "all". A name does not begin with one of them.
	all map[string]bool
	// joins are words that no name ends with, such as "to". A name with one at its end was cut in the wrong place.
	joins map[string]bool
	// last are words for the tasks of the last answer.
	last map[string]bool
	and  map[string]bool
	// negations and questions begin sentences that are no new task.
	negations, questions map[string]bool
	// smalltalk is no task when it stands alone.
	smalltalk  map[string]bool
	priorities map[string]string
	periods    map[string]period
	// lastDays matches "the last 7 days", with their number.
	lastDays *regexp.Regexp
	// lastWeekday stands before or after a day that has passed: "last friday".
	lastWeekday map[string]bool
	// onDay are the words before a day and a time, tried in turn. inSpan is the word before a length of time.
	onDay  []string
	inSpan string
	// strip are words that a date can begin with, which package phrase does not expect after "task".
	strip map[string]bool

	table    string
	patterns []pattern
	sets     []pattern
	// heads begin the patterns of commands and questions, and tails end them. A sentence with one of them is
	// never taken as a new task without asking.
	heads, tails map[string]bool
}

var languages = map[string]*language{
	"en": english().complete(), "de": german().complete(), "fr": french().complete(), "es": spanish().complete(),
}

// complete parses the table of patterns.
func (l *language) complete() *language {
	l.heads, l.tails = map[string]bool{}, map[string]bool{}
	l.polite, l.requests = l.plainPhrases(l.polite), l.plainPhrases(l.requests)
	for _, p := range l.parsePatterns(l.table) {
		if strings.HasPrefix(string(p.kind), "=") {
			l.sets = append(l.sets, p)
			continue
		}
		l.patterns = append(l.patterns, p)
		if p.kind == Add {
			continue
		}
		for _, phrase := range p.tokens[0].phrases {
			l.heads[phrase[0]] = true
		}
		if last := p.tokens[len(p.tokens)-1]; p.kind.Changes() && p.tokens[0].slot == "name" {
			for _, phrase := range last.phrases {
				l.tails[phrase[len(phrase)-1]] = true
			}
		}
	}
	return l
}

func setOf(words string) map[string]bool {
	s := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		s[strings.ReplaceAll(w, "_", " ")] = true
	}
	return s
}

func phrasesOf(words string) (phrases [][]string) {
	for w := range strings.FieldsSeq(words) {
		phrases = append(phrases, strings.Split(w, "_"))
	}
	return phrases
}

func (l *language) plainPhrases(phrases [][]string) (plain [][]string) {
	for _, phrase := range phrases {
		var texts []string
		for _, w := range l.split(strings.Join(phrase, " ")) {
			texts = append(texts, w.text)
		}
		plain = append(plain, texts)
	}
	return plain
}

var latin = strings.NewReplacer("à", "a", "â", "a", "á", "a", "ç", "c", "é", "e", "è", "e", "ê", "e", "ë", "e", "í", "i", "î", "i", "ï", "i",
	"ñ", "n", "ó", "o", "ô", "o", "ö", "o", "ú", "u", "ù", "u", "û", "u", "ü", "u", "œ", "oe", "’", "'")
