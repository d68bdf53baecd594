package plan

import (
	"errors"
	"fmt"
	"slices"
)

// Current returns what should run, and nil before the first release.
func (r Record) Current() *Deployment {
	if len(r.Passed) == 0 {
		return nil
	}
	return &r.Passed[len(r.Passed)-1]
}

// Proven returns what runs and passed its smoke test, which is what can be promoted.
func (r Record) Proven() (Deployment, error) {
	switch {
	case len(r.Passed) == 0:
		return Deployment{}, errors.New("no release of it has passed its smoke test: deploy one")
	case r.Unfinished:
		return Deployment{}, fmt.Errorf("something was begun after release %d and has not passed: deploy or roll back", r.Current().Number)
	}
	return *r.Current(), nil
}

// Target returns the release that a rollback goes to: the one with a number, or with 0 the one before. That is the last that passed
// when something else was begun since.
func (r Record) Target(number int) (Deployment, error) {
	candidates := r.Passed
	if !r.Unfinished && len(candidates) > 0 {
		candidates = candidates[:len(candidates)-1]
	}
	if len(candidates) == 0 {
		return Deployment{}, errors.New("there is no release before the one that runs")
	}
	if number == 0 {
		return candidates[len(candidates)-1], nil
	}
	i := slices.IndexFunc(candidates, func(d Deployment) bool { return d.Number == number })
	if i < 0 {
		return Deployment{}, fmt.Errorf("there is no release %d to go back to; there are %s", number, list(candidates))
	}
	return candidates[i], nil
}
