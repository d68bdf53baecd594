package plan

import (
	"encoding/json"
	"fmt"
)

// Deployment is a release on a stack: images by digest, under a number.
type Deployment struct {
	Number int `json:"number"`
	// Revision is the commit that the images were made from; empty where it is not known.
	Revision string `json:"revision,omitempty"`
	// Images are REPOSITORY@sha256:DIGEST, by service.
	Images map[string]string `json:"images"`
}

// Record is what ran on a stack. Pulumi keeps it: its history holds the configuration of each update, with images and release, and
// the stack's tag names the releases that passed.
type Record struct {
	// Passed are the releases whose smoke test passed, the oldest first. The last is what should run.
	Passed []Deployment
	// Unfinished means that something else was begun since, and neither passed nor was taken back.
	Unfinished bool
	// Begun is the release that somebody is deploying, or was when they were cancelled; 0 if there is none.
	Begun int
	// Next is the number of the next release.
	Next int
}

// historyLength is how many updates are read; restoring and rolling back make more than one for a release.
const historyLength = "100"

// entry is an update in `pulumi stack history --json`.
type entry struct {
	Kind   string `json:"kind"`
	Result string `json:"result"`
	Config map[string]struct {
		Object json.RawMessage `json:"objectValue"`
	} `json:"config"`
}

// deployment reads what an update was told to deploy; one that somebody made by hand may have no number.
func (u entry) deployment() (Deployment, error) {
	var d Deployment
	for key, into := range map[string]any{"release": &d, "images": &d.Images} {
		if raw := u.Config[pulumiProject+":"+key].Object; len(raw) > 0 {
			if err := json.Unmarshal(raw, into); err != nil {
				return d, fmt.Errorf("%s of an update: %w", key, err)
			}
		}
	}
	return d, nil
}

// ParseRecord makes a record of what pulumi printed: `stack history --json`, the newest update first, and `stack tag ls --json`.
func ParseRecord(history, tags []byte) (Record, error) {
	var updates []entry
	if err := json.Unmarshal(history, &updates); err != nil {
		return Record{}, fmt.Errorf("read the stack's history: %w", err)
	}
	var tag map[string]string
	if err := json.Unmarshal(tags, &tag); err != nil {
		return Record{}, fmt.Errorf("read the stack's tags: %w", err)
	}
	numbers, begun, err := parseTag(tag[tagName])
	if err != nil {
		return Record{}, fmt.Errorf("read the stack's tag %s: %w", tagName, err)
	}
	r := Record{Unfinished: begun > 0, Begun: begun, Next: begun + 1}
	ran := map[int]Deployment{}
	newest := true
	for _, u := range updates {
		if u.Kind != "update" && u.Kind != "destroy" {
			continue
		}
		d, err := u.deployment()
		if err != nil {
			return Record{}, err
		}
		r.Next = max(r.Next, d.Number+1)
		succeeded := u.Kind == "update" && u.Result == "succeeded"
		if newest && len(numbers) > 0 && (!succeeded || d.Number != numbers[len(numbers)-1]) {
			r.Unfinished = true
		}
		newest = false
		if _, known := ran[d.Number]; succeeded && !known {
			ran[d.Number] = d
		}
	}
	for _, number := range numbers {
		r.Next = max(r.Next, number+1)
		if d, known := ran[number]; known {
			r.Passed = append(r.Passed, d)
		}
	}
	if len(numbers) > 0 && len(r.Passed) == 0 {
		return Record{}, fmt.Errorf("the last %s updates of the stack have none of the releases %s", historyLength, tag[tagName])
	}
	return r, nil
}
