package plan

import (
	"encoding/json"
	"fmt"
	"slices"
)

// Deployment is a numbered release on a stack, with its images by digest.
type Deployment struct {
	Number int `json:"number"`
	// Revision is the commit that the images were built from. It is empty if it is unknown.
	Revision string `json:"revision,omitempty"`
	// Untested is the reason to deploy images without proof that their tests passed. It is empty if
	// there is proof.
	Untested string `json:"untested,omitempty"`
	// Images are REPOSITORY@sha256:DIGEST, by service.
	Images map[string]string `json:"images"`
}

// Record lists the releases of a stack. Pulumi stores it. The stack's history holds the
// configuration of each update with images and release. A tag of the stack names the releases that
// passed.
type Record struct {
	// Passed are the releases that passed their smoke test, oldest first. The last one should run.
	Passed []Deployment
	// Unfinished is set if another update was started since, and has neither passed nor been
	// restored.
	Unfinished bool
	// Started is the release that is being deployed, or was when its run was cancelled. It is 0 if
	// there is none.
	Started int
	// Next is the number of the next release.
	Next int
}

// historyLength is the number of updates that are read. Restoring and rolling back cause more than
// one update per release.
const historyLength = "100"

// entry is an update in the output of `pulumi stack history --json`.
type entry struct {
	Kind   string `json:"kind"`
	Result string `json:"result"`
	Config map[string]struct {
		Object json.RawMessage `json:"objectValue"`
	} `json:"config"`
}

// deployment returns the images and release that an update deployed. A manual update may have no
// number.
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

// ParseRecord builds a record from the output of `pulumi stack history --json`, newest update
// first, and of `pulumi stack tag ls --json`.
func ParseRecord(history, tags []byte) (Record, error) {
	var updates []entry
	if err := json.Unmarshal(history, &updates); err != nil {
		return Record{}, fmt.Errorf("read the stack's history: %w", err)
	}
	var tag map[string]string
	if err := json.Unmarshal(tags, &tag); err != nil {
		return Record{}, fmt.Errorf("read the stack's tags: %w", err)
	}
	numbers, started, err := parseTag(tag[tagName])
	if err != nil {
		return Record{}, fmt.Errorf("read the stack's tag %s: %w", tagName, err)
	}
	r := Record{Unfinished: started > 0, Started: started, Next: started + 1}
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
		return Record{}, fmt.Errorf("the last %s updates of the stack contain none of the releases %s", historyLength, tag[tagName])
	}
	return r, nil
}

// Outputs returns the output files of Inspect for a stack with the passed releases of r, by path.
// ParseRecord reads the same releases from them. A recording uses them, because it asks no stack.
func (r Record) Outputs(s Stack) map[string]string {
	history := []any{}
	for _, d := range slices.Backward(r.Passed) {
		config := map[string]any{pulumiProject + ":release": map[string]any{"objectValue": d}}
		history = append(history, map[string]any{"kind": "update", "result": "succeeded", "config": config})
	}
	tags := map[string]string{tagName: list(r.Passed)}
	return map[string]string{s.HistoryFile(): toJSON(history), s.TagsFile(): toJSON(tags)}
}

func toJSON(v any) string {
	raw, _ := json.Marshal(v) // cannot fail for numbers and text
	return string(raw)
}
