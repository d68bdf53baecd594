package plan

import (
	"errors"
	"fmt"
	"slices"
)

// Current returns the last release that passed. It returns nil before the first one.
func (r Record) Current() *Deployment {
	if len(r.Passed) == 0 {
		return nil
	}
	return &r.Passed[len(r.Passed)-1]
}

// Promotable returns the current release if it passed its smoke test and nothing else was started
// since.
func (r Record) Promotable() (Deployment, error) {
	switch {
	case len(r.Passed) == 0:
		return Deployment{}, errors.New("no release has passed its smoke test: deploy one")
	case r.Unfinished:
		return Deployment{}, fmt.Errorf("an update started after release %d and has not passed: deploy or roll back", r.Current().Number)
	}
	return *r.Current(), nil
}

// RollbackTarget returns the release that a rollback deploys. That is the release with the number,
// or the previous one if number is 0. If another release was started since, the previous one is the
// last that passed.
func (r Record) RollbackTarget(number int) (Deployment, error) {
	candidates := r.Passed
	if !r.Unfinished && len(candidates) > 0 {
		candidates = candidates[:len(candidates)-1]
	}
	if len(candidates) == 0 {
		return Deployment{}, errors.New("there is no release before the current one")
	}
	if number == 0 {
		return candidates[len(candidates)-1], nil
	}
	i := slices.IndexFunc(candidates, func(d Deployment) bool { return d.Number == number })
	if i < 0 {
		return Deployment{}, fmt.Errorf("there is no release %d to return to; the releases are %s", number, list(candidates))
	}
	return candidates[i], nil
}
