package plan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

const (
	// tagName is the stack's tag with the numbers of the releases that passed, such as "5,6,8", and behind them the one that was
	// begun and has not passed yet, such as "5,6,8,9?".
	tagName = "releases"
	// kept is how many releases the tag holds; Pulumi takes 256 characters.
	kept = 20
)

// parseTag reads the tag: the releases that passed, and the one that was begun, or 0.
func parseTag(text string) (passed []int, begun int, err error) {
	if text == "" {
		return nil, 0, nil
	}
	for word := range strings.SplitSeq(text, ",") {
		word, trying := strings.CutSuffix(word, "?")
		number, err := strconv.Atoi(word)
		switch {
		case err != nil || number < 1:
			return nil, 0, fmt.Errorf("%q is no list of releases", text)
		case trying:
			begun = number
		default:
			passed = append(passed, number)
		}
	}
	return passed, begun, nil
}

// begun is the tag while a release is being deployed.
func (r Record) begun(number int) string {
	return strings.TrimPrefix(list(r.Passed)+","+strconv.Itoa(number)+"?", ",")
}

// passed is the tag when a release has passed: it is the last, also when it was there before and others came after it.
func (r Record) passed(d Deployment) string {
	passed := slices.Clone(r.Passed)
	if i := slices.IndexFunc(passed, func(p Deployment) bool { return p.Number == d.Number }); i >= 0 {
		passed = passed[:i]
	}
	passed = append(passed, d)
	return list(passed[max(0, len(passed)-kept):])
}

// list names releases, as in the tag.
func list(all []Deployment) string {
	var numbers []string
	for _, d := range all {
		numbers = append(numbers, strconv.Itoa(d.Number))
	}
	return strings.Join(numbers, ",")
}
