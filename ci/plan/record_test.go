package plan

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// entryJSON returns an update in Pulumi's format.
func entryJSON(kind, result string, number int, digit string) string {
	if number == 0 {
		return fmt.Sprintf(`{"kind": %q, "result": %q, "config": {"taskmaster:cloud": {"value": "oke", "secret": false}}}`, kind, result)
	}
	return fmt.Sprintf(`{"kind": %q, "result": %q, "config": {
		"taskmaster:images": {"value": "...", "objectValue": {"api": %q}}, "taskmaster:appToken": {"secret": true},
		"taskmaster:release": {"value": "...", "objectValue": {"number": %d, "revision": "r%d"}}}}`, kind, result, digit, number, number)
}

// TestRecord checks the record of a stack's history and tag: the passed releases, an unfinished
// update, and the rollback target.
func TestRecord(t *testing.T) {
	t.Parallel()
	five, six, seven := entryJSON("update", "succeeded", 5, "five"), entryJSON("update", "succeeded", 6, "six"), entryJSON("update", "succeeded", 7, "seven")
	for name, test := range map[string]struct {
		history    []string // newest first
		tag        string
		passed     string
		next       int
		promotable string // the promotable release, or the reason that there is none
		target     string // the rollback target, or the reason that there is none
	}{
		"new stack":                    {nil, "", "", 1, "no release has passed", "there is no release before"},
		"first release":                {[]string{five}, "5", "5", 6, "five", "there is no release before"},
		"first release, being tested":  {[]string{five}, "5?", "", 6, "no release has passed", "there is no release before"},
		"two releases":                 {[]string{six, five}, "5,6", "5,6", 7, "six", "five"},
		"third not ready":              {[]string{entryJSON("update", "failed", 7, "seven"), six, five}, "5,6,7?", "5,6", 8, "update started after release 6", "six"},
		"third fails its test":         {[]string{seven, six, five}, "5,6,7?", "5,6", 8, "update started after release 6", "six"},
		"third killed":                 {[]string{six, five}, "5,6,7?", "5,6", 8, "update started after release 6", "six"},
		"third restored":               {[]string{six, seven, six, five}, "5,6", "5,6", 8, "six", "five"},
		"rolled back":                  {[]string{five, six, five}, "5", "5", 7, "five", "there is no release before"},
		"refreshed":                    {[]string{entryJSON("refresh", "succeeded", 6, "six"), six, five}, "5,6", "5,6", 7, "six", "five"},
		"destroyed":                    {[]string{entryJSON("destroy", "succeeded", 6, "six"), six, five}, "5,6", "5,6", 7, "update started after release 6", "six"},
		"updated by hand":              {[]string{entryJSON("update", "succeeded", 0, ""), six, five}, "5,6", "5,6", 7, "update started after release 6", "six"},
		"oldest is not in the history": {[]string{six, five}, "4,5,6", "5,6", 7, "six", "five"},
	} {
		tags := fmt.Sprintf(`{"pulumi:project": "taskmaster", "releases": %q}`, test.tag)
		if test.tag == "" {
			tags = "{}"
		}
		r, err := ParseRecord([]byte("["+strings.Join(test.history, ",")+"]"), []byte(tags))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if list(r.Passed) != test.passed || r.Next != test.next {
			t.Errorf("%s: passed %v, next is %d, want %s and %d", name, r.Passed, r.Next, test.passed, test.next)
		}
		describe := func(d Deployment, err error) string {
			if err != nil {
				return err.Error()
			}
			return d.Images["api"]
		}
		if got := describe(r.Promotable()); !strings.HasPrefix(got, test.promotable) && !strings.Contains(got, test.promotable) {
			t.Errorf("%s: promotable: %s, want %s", name, got, test.promotable)
		}
		if got := describe(r.RollbackTarget(0)); !strings.Contains(got, test.target) {
			t.Errorf("%s: rollback target %s, want %s", name, got, test.target)
		}
	}
}

func TestTarget(t *testing.T) {
	t.Parallel()
	r := Record{Passed: []Deployment{{Number: 3}, {Number: 4}, {Number: 6}}}
	if d, err := r.RollbackTarget(3); err != nil || d.Number != 3 {
		t.Errorf("went to %+v, %v", d, err)
	}
	for _, number := range []int{5, 6, 7} {
		if _, err := r.RollbackTarget(number); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("no release %d", number)) || !strings.Contains(err.Error(), "3,4") {
			t.Errorf("to %d: %v", number, err)
		}
	}
}

// TestUnreadableRecord checks that unreadable output is an error. It must not look like a stack
// without releases.
func TestUnreadableRecord(t *testing.T) {
	t.Parallel()
	for want, texts := range map[string][2]string{
		"history":                   {"error: no stack", "{}"},
		"tags":                      {"[]", "error: no stack"},
		"is not a list of releases": {"[]", `{"releases": "latest"}`},
		"none of the releases 10":   {"[]", `{"releases": "10"}`},
		"images of an update":       {`[{"kind": "update", "config": {"taskmaster:images": {"objectValue": 1}}}]`, "{}"},
	} {
		if r, err := ParseRecord([]byte(texts[0]), []byte(texts[1])); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("read %+v, %v, want an error about %s", r, err, want)
		}
	}
}

// images returns images of one version. The digit makes up their digests.
func images(digit string) map[string]string {
	digest := "@sha256:" + strings.Repeat(digit, 64)
	return map[string]string{"web": "ghcr.io/owner/taskmaster-web" + digest, "api": "ghcr.io/owner/taskmaster-api" + digest}
}

// ran returns the record of a stack on which two releases passed and a third did not.
func ran() Record {
	return Record{Passed: []Deployment{{Number: 5, Revision: "aaaa", Images: images("5")}, {Number: 6, Revision: "bbbb", Images: images("6")}}, Next: 8}
}

func next() Deployment { return Deployment{Number: 8, Revision: "cccc", Images: images("8")} }

// TestOutputs checks that a recorded stack has the releases of its record.
func TestOutputs(t *testing.T) {
	t.Parallel()
	s := Stack{Name: "owner/staging"}
	for _, want := range []Record{{Next: 1}, {Passed: ran().Passed, Next: 7}} {
		files := want.Outputs(s)
		got, err := ParseRecord([]byte(files[s.HistoryFile()]), []byte(files[s.TagsFile()]))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the record has changed (-want +got):\n%s", diff)
		}
	}
}

// TestTag checks that the tag always lists the releases that passed. A rollback removes the later
// ones. Pulumi allows 256 characters.
func TestTag(t *testing.T) {
	t.Parallel()
	r := ran()
	if got := r.startedTag(8); got != "5,6,8?" {
		t.Errorf("started: %s", got)
	}
	if got := (Record{}).startedTag(1); got != "1?" {
		t.Errorf("started: %s", got)
	}
	if got := r.passedTag(next()); got != "5,6,8" {
		t.Errorf("passed: %s", got)
	}
	if got := r.passedTag(r.Passed[0]); got != "5" {
		t.Errorf("rolled back: %s", got)
	}
	for number := range 100 {
		r.Passed = append(r.Passed, Deployment{Number: 10000 + number})
	}
	got := r.passedTag(Deployment{Number: 20000})
	if numbers := strings.Split(got, ","); len(numbers) != kept || !slices.Contains(numbers, "10099") || numbers[kept-1] != "20000" {
		t.Errorf("kept %s", got)
	}
	if len(got)+len(",20001?") > 256 {
		t.Errorf("%s is too long for the next release", got)
	}
}
