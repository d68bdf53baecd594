package main

import (
	"path/filepath"
	"regexp"
	"strings"
)

// The patterns of a hard sentence. Each describes a thing by a clause instead of a noun.
var (
	// nounClause is a clause with what or who and a verb, in the place of a noun.
	nounClause = regexp.MustCompile(`(?i)\b(what|whatever|whoever|who|whom) (is|was|were|are|has|have|had|does|did|do|it|they|we|a|an|the|its|` +
		`their|of|to|can|cannot|could|comes|came|may|somebody|others|must|goes|follows|runs|holds|fails|waits|needs|knows|asks|changes|` +
		`changed|happens|happened)\b`)
	// indirectQuestion is a verb after which such a clause is plain English: "decide what to keep".
	indirectQuestion = regexp.MustCompile(`(?i)\b(decide|decides|explain|explains|know|knows|see|shows?|find out|ask|asks|determine|determines) ` +
		`(what|who)\b|\?$`)
	// person is a noun before who, after which it is a relative clause: "the users who are logged in".
	person = regexp.MustCompile(`(?i)\b(user|users|person|people|member|members|someone|anyone|caller|callers|those) who\b`)
	// clauseFirst is a sentence that begins with a noun clause.
	clauseFirst = regexp.MustCompile(`^(What|Who|Whoever|Whatever|Those|One that|That which)\b`)
	// says is a verb of speech for a value, in the place of "reports".
	says = regexp.MustCompile(`(?i)\b(says?|tells?|told|said) (whether|what|how|who|which|so|when|where|why|of)\b`)
)

// isHard reports whether a sentence matches one of the patterns.
func isHard(sentence string) bool {
	if clauseFirst.MatchString(sentence) || says.MatchString(sentence) {
		return true
	}
	return nounClause.MatchString(person.ReplaceAllString(sentence, "")) && !indirectQuestion.MatchString(sentence)
}

// minWords is the length of the shortest sentence that counts. Shorter ones are headings and labels.
const minWords = 4

// sentences returns the sentences of the comments of a program, or of the prose of a document.
func sentences(name, text string) []string {
	blocks := comments(name, text)
	if filepath.Ext(name) == ".md" {
		blocks = paragraphs(text)
	}
	var all []string
	for _, b := range blocks {
		for _, s := range split(strings.Join(strings.Fields(b), " ")) {
			if len(strings.Fields(s)) >= minWords {
				all = append(all, s)
			}
		}
	}
	return all
}

var (
	fenced    = regexp.MustCompile("(?s)```.*?```")
	emptyLine = regexp.MustCompile(`\n\s*\n`)
	// indented is a block of code: every line is indented.
	indented = regexp.MustCompile(`^\n*(?: {4}.*(?:\n|$))+$`)
)

// paragraphs returns the prose of a Markdown document: no code, tables, headings or HTML.
func paragraphs(text string) []string {
	var prose []string
	for _, b := range emptyLine.Split(fenced.ReplaceAllString(text, ""), -1) {
		if trimmed := strings.TrimSpace(b); trimmed == "" || strings.ContainsAny(trimmed[:1], "|#<") || indented.MatchString(b) {
			continue
		}
		prose = append(prose, b)
	}
	return prose
}

// comments returns the comments of a program. Comment lines that follow each other are one block.
func comments(name, text string) []string {
	mark := "#"
	if ext := filepath.Ext(name); ext == ".go" || ext == ".js" {
		mark = "//"
	}
	var blocks, block []string
	for line := range strings.SplitSeq(text+"\n", "\n") {
		if comment, ok := comment(line, mark); ok {
			block = append(block, comment)
		} else if len(block) > 0 {
			blocks, block = append(blocks, strings.Join(block, " ")), nil
		}
	}
	return blocks
}

// directives are the beginnings of comments that are read by programs.
var directives = []string{"go:", "nolint", "!", "-", "+"}

// comment returns the text of a line that is a comment as a whole.
func comment(line, mark string) (text string, ok bool) {
	text, ok = strings.CutPrefix(strings.TrimLeft(line, " \t"), mark)
	if !ok {
		return "", false
	}
	for _, d := range directives {
		if strings.HasPrefix(text, d) {
			return "", false
		}
	}
	return text, true
}

// sentenceEnd is a mark of punctuation before the next sentence.
var sentenceEnd = regexp.MustCompile("[.:;!?]\\s+[A-Za-z\"'`]")

// split cuts a text into sentences. A colon and a semicolon end one too.
func split(text string) []string {
	var all []string
	for {
		end := sentenceEnd.FindStringIndex(text)
		if end == nil {
			return append(all, text)
		}
		all = append(all, text[:end[0]+1])
		text = text[end[1]-1:]
	}
}
