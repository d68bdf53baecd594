package plan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

const (
	// tagName is the stack's tag with the numbers of the releases that passed, such as "5,6,8". A
	// started release that has not passed is appended with a question mark, such as "5,6,8,9?".
	tagName = "releases"
	// kept is the number of releases in the tag. Pulumi allows 256 characters.
	kept = 20
)

// parseTag parses the tag. It returns the releases that passed, and the started one or 0.
func parseTag(text string) (passed []int, started int, err error) {
	if text == "" {
		return nil, 0, nil
	}
	for word := range strings.SplitSeq(text, ",") {
		word, unfinished := strings.CutSuffix(word, "?")
		number, err := strconv.Atoi(word)
		switch {
		case err != nil || number < 1:
			return nil, 0, fmt.Errorf("%q is not a list of releases", text)
		case unfinished:
			started = number
		default:
			passed = append(passed, number)
		}
	}
	return passed, started, nil
}

// startedTag returns the tag while a release is being deployed.
func (r Record) startedTag(number int) string {
	return strings.TrimPrefix(list(r.Passed)+","+strconv.Itoa(number)+"?", ",")
}

// passedTag returns the tag after a release has passed. The release becomes the last one. Later
// ones are removed if it was in the list before.
func (r Record) passedTag(d Deployment) string {
	passed := slices.Clone(r.Passed)
	if i := slices.IndexFunc(passed, func(p Deployment) bool { return p.Number == d.Number }); i >= 0 {
		passed = passed[:i]
	}
	passed = append(passed, d)
	return list(passed[max(0, len(passed)-kept):])
}

// list joins the numbers of releases with commas, as in the tag.
func list(all []Deployment) string {
	var numbers []string
	for _, d := range all {
		numbers = append(numbers, strconv.Itoa(d.Number))
	}
	return strings.Join(numbers, ",")
}
