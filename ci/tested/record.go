package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"taskmaster/ci/plan"
)

// suites begins the names of the jobs of the called workflow suites.yml.
const suites = "suites / "

// record writes the results of the suites in a run. It returns an error if one did not pass, so that
// nothing is published.
func (g github) record(ctx context.Context, run int64, source, commit, file string) error {
	id := strconv.FormatInt(run, 10)
	latest, err := g.jobs(ctx, id)
	if err != nil {
		return err
	}
	result := plan.NewTestResult(source, commit)
	result.URL = source + "/actions/runs/" + id
	for _, name := range slices.Sorted(maps.Keys(latest)) {
		suite, ok := strings.CutPrefix(name, suites)
		if !ok {
			continue
		}
		if conclusion := latest[name].Conclusion; conclusion != "success" {
			return fmt.Errorf("run %s: the suite %s ended with %q", id, suite, conclusion)
		}
		result.PassedTests = append(result.PassedTests, suite)
	}
	if !result.Complete() {
		return fmt.Errorf("run %s: check or test is not among the suites %v", id, result.PassedTests)
	}
	raw, err := json.MarshalIndent(result, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		return err
	}
	return os.WriteFile(file, append(raw, '\n'), 0o600)
}

// job is a job of a run. Conclusion is empty while it runs.
type job struct {
	Name       string `json:"name"`
	Attempt    int    `json:"run_attempt"`
	Conclusion string `json:"conclusion"`
}

// jobs returns the jobs of a run by name. The last attempt of a job counts. A repetition of failed jobs
// repeats no other.
func (g github) jobs(ctx context.Context, run string) (map[string]job, error) {
	latest := map[string]job{}
	const perPage = 100
	for page := 1; ; page++ {
		var answer struct {
			Jobs []job `json:"jobs"`
		}
		if err := g.get(ctx, fmt.Sprintf("/actions/runs/%s/jobs?filter=all&per_page=%d&page=%d", run, perPage, page), &answer); err != nil {
			return nil, err
		}
		for _, j := range answer.Jobs {
			if j.Attempt >= latest[j.Name].Attempt {
				latest[j.Name] = j
			}
		}
		if len(answer.Jobs) < perPage {
			return latest, nil
		}
	}
}
