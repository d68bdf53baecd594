package build

import (
	"fmt"
	"math"
	"sync"
	"time"
)

// progress measures a build. It weighs packages by the size of their source, because the time to
// compile a package is about proportional to it.
type progress struct {
	mu       sync.Mutex
	modules  int             // fetched
	packages map[string]bool // whose compilation has begun

	// The plan: the packages that were not compiled when it was made. Without a plan, neither the
	// share nor the time left is known.
	planned      time.Time
	sizes        map[string]int64
	total, begun int64 // bytes of the planned packages: all, and those whose compilation has begun
}

// linkShare is the share of a build's time after its last package. The programs are linked in it.
const linkShare = 0.05

// The time left is estimated only after leastShare of the work and leastTime. An earlier estimate
// would be wrong by far.
const (
	leastShare = 0.02
	leastTime  = 10 * time.Second
)

// fetched counts a module that is being fetched.
func (p *progress) fetched() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.modules++
}

// compiled notes a package whose compilation begins.
func (p *progress) compiled(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.packages == nil {
		p.packages = map[string]bool{}
	}
	if !p.packages[name] {
		p.packages[name] = true
		p.begun += p.sizes[name]
	}
}

func (p *progress) hasPlan() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sizes != nil
}

// plan sets the packages that are left, with their sizes.
func (p *progress) plan(sizes map[string]int64, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.planned, p.sizes, p.total, p.begun = now, sizes, 0, 0
	for name, size := range sizes {
		p.total += size
		if p.packages[name] { // it is being compiled at the moment
			p.begun += size
		}
	}
}

// share returns the share of the planned work that is done, from 0 to 1. The caller holds the lock.
func (p *progress) share() float64 {
	if p.total == 0 {
		return 0
	}
	return float64(p.begun) / float64(p.total) * (1 - linkShare)
}

// describe returns the progress and the time left in a few words.
func (p *progress) describe(now time.Time) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch share, passed := p.share(), now.Sub(p.planned); {
	case p.sizes != nil && p.begun == p.total:
		return "linking"
	case len(p.packages) == 0 && p.modules > 0:
		return fmt.Sprintf("%d modules fetched", p.modules)
	case p.total == 0:
		return fmt.Sprintf("%d packages compiled", len(p.packages))
	case share < leastShare || passed < leastTime:
		return fmt.Sprintf("%.0f %%", 100*share)
	default:
		left := time.Duration(float64(passed) * (1 - share) / share)
		return fmt.Sprintf("%.0f %%, %s left", 100*share, roughly(left))
	}
}

// roughly returns a duration in words, to the minute.
func roughly(d time.Duration) string {
	switch minutes := int(math.Round(d.Minutes())); {
	case d < 30*time.Second:
		return "less than half a minute"
	case minutes <= 1:
		return "about a minute"
	default:
		return fmt.Sprintf("about %d minutes", minutes)
	}
}
