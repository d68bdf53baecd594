package intent

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// word is a part of a sentence between blanks, or an elided article such as "l'".
type word struct {
	text       string // in lower case, in plain letters, without punctuation around it
	start, end int    // bytes of the sentence, including punctuation
}

// maxWords bounds the work of a sentence.
const maxWords = 80

// plain returns a text in lower case with plain letters.
func (l *language) plain(text string) string {
	return l.letters.Replace(strings.ToLower(text))
}

const punctuation = ",.;:!?¿¡…\"“”„«»()"

func (l *language) split(sentence string) []word {
	var words []word
	for i := 0; i < len(sentence); {
		c, size := utf8.DecodeRuneInString(sentence[i:])
		if unicode.IsSpace(c) {
			i += size
			continue
		}
		end := i + strings.IndexFunc(sentence[i:]+" ", unicode.IsSpace)
		for start := i; start < end; {
			stop := l.elision(sentence[start:end])
			if stop == 0 {
				stop = end - start
			}
			text := strings.Trim(l.plain(sentence[start:start+stop]), punctuation)
			if text != "" {
				words = append(words, word{text, start, start + stop})
			}
			start += stop
		}
		i = end
	}
	return words
}

// elision returns the length of an elided word at the beginning of text, such as "l'" of "l'école", or 0.
func (l *language) elision(text string) int {
	at := strings.IndexAny(text, "'’")
	if at <= 0 || !l.elided[strings.Trim(l.plain(text[:at]), punctuation)] {
		return 0
	}
	_, size := utf8.DecodeRuneInString(text[at:])
	if at+size >= len(text) {
		return 0
	}
	return at + size
}

// trim removes polite words around the words, and requests before them. It reports whether there was a
// request.
func (l *language) trim(words []word) (rest []word, request bool) {
	for again := true; again; {
		again = false
		for _, phrase := range l.requests {
			if n := len(phrase); len(words) > n && startsWith(words, phrase) {
				words, again, request = words[n:], true, true
			}
		}
		for _, phrase := range l.polite {
			n := len(phrase)
			if len(words) > n && startsWith(words, phrase) {
				words, again = words[n:], true
			}
			if len(words) > n && startsWith(words[len(words)-n:], phrase) {
				words, again = words[:len(words)-n], true
			}
		}
	}
	return words, request
}

func startsWith(words []word, texts []string) bool {
	if len(words) < len(texts) {
		return false
	}
	for i, text := range texts {
		if words[i].text != text {
			return false
		}
	}
	return true
}

// raw returns the text of words as it is written, without punctuation around it.
func (r *reader) raw(words []word) string {
	if len(words) == 0 {
		return ""
	}
	text := r.sentence[words[0].start:words[len(words)-1].end]
	return strings.TrimSpace(strings.TrimRight(strings.TrimSpace(text), ",;:!?"))
}

// joined returns the plain texts of words.
func joined(words []word) string {
	texts := make([]string, len(words))
	for i, w := range words {
		texts[i] = w.text
	}
	return strings.Join(texts, " ")
}
