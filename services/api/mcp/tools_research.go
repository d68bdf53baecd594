package mcp

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/google/uuid"

	"taskmaster/internal/task"
)

// researchTools are the tools that ChatGPT calls by name, with these arguments and results
// (https://developers.openai.com/apps-sdk).
func researchTools() []tool {
	return []tool{
		define(Tool{"search", "Search", "Find tasks whose title or description has the words of a query. Answers with ids for fetch.", Reads}, true, search),
		define(Tool{"fetch", "Fetch", "The text of a task that search found, by its id.", Reads}, true, fetch),
	}
}

type searchInput struct {
	Query string `json:"query"`
}

type searchHit struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	URL   string `json:"url"`
}

type searchResult struct {
	Results []searchHit `json:"results"`
}

// search returns the tasks with all of the query, or else those with most of its words.
func search(ctx context.Context, c *client, in searchInput) (searchResult, error) {
	out := searchResult{Results: []searchHit{}}
	found, _, err := c.list(ctx, url.Values{"q": {in.Query}}, defaultLimit)
	if err == nil && len(found) == 0 {
		found, err = c.byWords(ctx, strings.Fields(in.Query))
	}
	for _, t := range found {
		out.Results = append(out.Results, searchHit{t.ID.String(), t.Title, c.link(t.ID.String())})
	}
	return out, err
}

// maxWords bounds the requests of one search, and minWord leaves out "a", "of" and "is".
const (
	maxWords = 6
	minWord  = 3
)

func (c *client) byWords(ctx context.Context, words []string) ([]task.Task, error) {
	words = slices.DeleteFunc(words, func(w string) bool { return len(w) < minWord })
	hits, tasks := map[uuid.UUID]int{}, []task.Task{}
	for _, word := range words[:min(len(words), maxWords)] {
		found, _, err := c.list(ctx, url.Values{"q": {word}}, defaultLimit)
		if err != nil {
			return nil, err
		}
		for _, t := range found {
			if hits[t.ID]++; hits[t.ID] == 1 {
				tasks = append(tasks, t)
			}
		}
	}
	slices.SortStableFunc(tasks, func(a, b task.Task) int { return cmp.Compare(hits[b.ID], hits[a.ID]) })
	return tasks[:min(len(tasks), defaultLimit)], nil
}

type fetchInput struct {
	ID string `json:"id"`
}

type fetchResult struct {
	ID       string    `json:"id"`
	Title    string    `json:"title"`
	Text     string    `json:"text"`
	URL      string    `json:"url"`
	Metadata untrusted `json:"metadata"`
}

func fetch(ctx context.Context, c *client, in fetchInput) (fetchResult, error) {
	tasks, err := c.tasks(ctx, target{IDs: []string{in.ID}}, "all")
	if err != nil {
		return fetchResult{}, err
	}
	v := c.full(tasks[0])
	return fetchResult{v.ID, v.Title, v.text(), v.URL, untrusted{notice}}, nil
}

// text describes a task in lines.
func (v view) text() string {
	state := "open"
	if v.Completed {
		state = "done since " + v.CompletedAt
	}
	var lines []string
	for _, line := range [][2]string{
		{"", v.Title}, {"Status: ", state}, {"Due: ", v.Due}, {"Repeats: ", v.Repeats}, {"Priority: ", v.Priority},
		{"Tags: ", strings.Join(v.Tags, ", ")}, {"Reminders: ", strings.Join(v.Reminders, ", ")}, {"", v.Description},
	} {
		if line[1] != "" {
			lines = append(lines, line[0]+line[1])
		}
	}
	return strings.Join(lines, "\n")
}
