package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

const (
	// marker identifies the pipeline's comment. Browsers do not show it.
	marker = "<!-- taskmaster pipeline -->"
	// commentLimit stays below GitHub's limit of 65,536 characters for a comment. statusLimit is
	// GitHub's limit for the description of a status.
	commentLimit = 60000
	statusLimit  = 140
	// pages limits the search for the existing comment. A page has 100 comments.
	pages = 10
)

type (
	// status is the body of https://docs.github.com/rest/commits/statuses#create-a-commit-status.
	status struct {
		State       string `json:"state"`
		TargetURL   string `json:"target_url,omitempty"`
		Description string `json:"description"`
		Context     string `json:"context"`
	}
	// comment is the body of https://docs.github.com/rest/issues/comments.
	comment struct {
		ID   int64  `json:"id,omitempty"`
		Body string `json:"body"`
	}
)

// setStatus sets the status of the commit. Each stack has its own context.
func (c config) setStatus(ctx context.Context, m message) error {
	s := status{State: "success", TargetURL: m.page, Description: m.title, Context: "taskmaster"}
	if name := c.result.Stack; name != "" {
		s.Context += "/" + name
	}
	if !m.good {
		s.State = "failure"
		if step := c.result.Step; step != "" {
			s.Description += ": " + step
		}
	}
	if len(s.Description) > statusLimit {
		s.Description = strings.ToValidUTF8(s.Description[:statusLimit], "")
	}
	return c.send(ctx, http.MethodPost, c.repositoryAPI("/statuses/"+url.PathEscape(c.revision)), c.github(), s, nil)
}

// comment creates the comment of the pull request, or replaces the one of an earlier run.
func (c config) comment(ctx context.Context, m message) error {
	written := comment{Body: cut(markdown(m), commentLimit)}
	for page := 1; page <= pages; page++ {
		var found []comment
		list := c.repositoryAPI(fmt.Sprintf("/issues/%d/comments?per_page=100&page=%d", c.pull, page))
		if err := c.send(ctx, http.MethodGet, list, c.github(), nil, &found); err != nil {
			return fmt.Errorf("find the existing comment: %w", err)
		}
		for _, old := range found {
			if strings.HasPrefix(old.Body, marker) {
				return c.send(ctx, http.MethodPatch, c.repositoryAPI(fmt.Sprintf("/issues/comments/%d", old.ID)), c.github(), written, nil)
			}
		}
		if len(found) < 100 {
			break
		}
	}
	return c.send(ctx, http.MethodPost, c.repositoryAPI(fmt.Sprintf("/issues/%d/comments", c.pull)), c.github(), written, nil)
}

// markdown formats the message as a comment.
func markdown(m message) string {
	var text strings.Builder
	mark := "✅"
	if !m.good {
		mark = "❌"
	}
	fmt.Fprintf(&text, "%s\n### %s %s\n", marker, mark, m.title)
	for _, fact := range m.facts {
		name, value := fact[0], fact[1]
		if strings.HasPrefix(value, "https://") && !strings.ContainsAny(value, "<> ") {
			fmt.Fprintf(&text, "- %s: <%s>\n", name, value)
			continue
		}
		fmt.Fprintf(&text, "- %s: `%s`\n", name, strings.ReplaceAll(value, "`", "'"))
	}
	if m.page != "" {
		fmt.Fprintf(&text, "- [The run](%s)\n", m.page)
	}
	if len(m.images) > 0 {
		fmt.Fprintf(&text, "\n%s\n", fence(strings.Join(m.images, "\n")))
	}
	if m.preview != "" {
		const around = 2000 // for the rest of the comment
		fmt.Fprintf(&text, "\n<details><summary>Preview of the changes</summary>\n\n%s\n</details>\n", fence(cut(m.preview, commentLimit-around)))
	}
	return text.String()
}

// fence wraps text in a code block that its content cannot close.
func fence(text string) string {
	ticks := "```"
	for strings.Contains(text, ticks) {
		ticks += "`"
	}
	return ticks + "\n" + text + "\n" + ticks
}

func (c config) repositoryAPI(path string) string { return c.api + "/repos/" + c.repository + path }

func (c config) github() http.Header {
	return http.Header{
		"Authorization": {"Bearer " + c.token}, "Accept": {"application/vnd.github+json"}, "X-GitHub-Api-Version": {"2022-11-28"},
	}
}
