package goals

import (
	"strings"
	"testing"
	"time"
)

// good returns a result that meets all goals.
func good() *Result {
	var r Result
	for _, l := range limits {
		if l.least > 0 {
			r.Rate(l.goal, l.least)
		} else {
			r.Took(l.goal, l.most, 0)
		}
	}
	return &r
}

func TestGoalsAreMet(t *testing.T) {
	t.Parallel()
	report, err := good().Check()
	if err != nil {
		t.Errorf("got %v for measurements at the limits", err)
	}
	if n := strings.Count(report, "| met |"); n != len(limits) {
		t.Errorf("the report says %d times that a goal is met, want %d:\n%s", n, len(limits), report)
	}
}

// TestMissedGoalIsNamed worsens each measurement a little.
func TestMissedGoalIsNamed(t *testing.T) {
	t.Parallel()
	for _, l := range limits {
		r := good()
		if l.least > 0 {
			r.Rate(l.goal, l.least-1)
			r.Rate(l.goal, l.least+1) // a better one does not count
		} else {
			r.Took(l.goal, l.most+time.Millisecond, l.most)
		}
		report, err := r.Check()
		if err == nil || !strings.Contains(err.Error(), "1 of 7 goals are missed") || !strings.Contains(err.Error(), string(l.goal)+" ("+l.requirement+")") {
			t.Errorf("%s: got the error %v", l.goal, err)
		}
		if n := strings.Count(report, "**missed**"); n != 1 {
			t.Errorf("%s: the report has %d missed goals, want 1:\n%s", l.goal, n, report)
		}
	}
}

func TestGoalThatIsNotMeasuredIsMissed(t *testing.T) {
	t.Parallel()
	_, err := new(Result).Check()
	if err == nil {
		t.Fatal("a result without measurements meets all goals")
	}
	for _, l := range limits {
		if want := string(l.goal) + " (" + l.requirement + "): not measured"; !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %q: %v", want, err)
		}
	}
}
