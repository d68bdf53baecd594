package main

import (
	"sync"
	"time"
)

// complaints say what is wrong with the sidecars: each trouble in one line, however many sidecars have it and however often
// they try again, and when it is over.
type complaints struct {
	log *lines
	now func() time.Time

	mu    sync.Mutex
	of    map[string]complaint            // by who complains
	said  map[string]map[string]time.Time // by subject: what was said of it, and when
	began map[string]time.Time            // by subject
}

// complaint is a trouble: of a component, or of what has it.
type complaint struct{ subject, text string }

// A trouble that lasts is told again after sayAgain.
const sayAgain = 10 * time.Minute

func newComplaints(log *lines) *complaints {
	return &complaints{
		log: log, now: time.Now, of: map[string]complaint{}, said: map[string]map[string]time.Time{}, began: map[string]time.Time{},
	}
}

// note says a trouble of someone's, unless it was said a while ago by anyone. It replaces the trouble that they had.
func (c *complaints) note(who string, trouble complaint) {
	c.mu.Lock()
	defer c.mu.Unlock()
	before, had := c.of[who]
	c.of[who] = trouble
	if had && before.subject != trouble.subject {
		c.end(before.subject)
	}
	now := c.now()
	if c.said[trouble.subject] == nil {
		c.said[trouble.subject], c.began[trouble.subject] = map[string]time.Time{}, now
	}
	if last, ok := c.said[trouble.subject][trouble.text]; ok && now.Sub(last) < sayAgain {
		return
	}
	c.said[trouble.subject][trouble.text] = now
	c.log.Printf("%s", trouble.text)
}

// clear ends someone's trouble.
func (c *complaints) clear(who string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if before, had := c.of[who]; had {
		delete(c.of, who)
		c.end(before.subject)
	}
}

// end says that a trouble is over when nobody has it any more.
func (c *complaints) end(subject string) {
	for _, other := range c.of {
		if other.subject == subject {
			return
		}
	}
	c.log.Printf("%s: this is over after %v", subject, c.now().Sub(c.began[subject]).Round(time.Second))
	delete(c.said, subject)
	delete(c.began, subject)
}

// has reports whether someone has a complaint.
func (c *complaints) has(who string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, has := c.of[who]
	return has
}

// any says whether anyone has trouble.
func (c *complaints) any() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.of) > 0
}
