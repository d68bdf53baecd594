package mcp

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"taskmaster/internal/task"
)

// The addresses of resources.
const (
	todayURI    = "taskmaster://today"
	upcomingURI = "taskmaster://upcoming"
	tagURI      = "taskmaster://tags/"
	taskURI     = "taskmaster://tasks/"
)

func (cfg Config) addResources(s *sdk.Server) {
	s.AddResource(&sdk.Resource{URI: todayURI, Name: "today", Title: "Today", MIMEType: "application/json",
		Description: "The overdue tasks and the tasks that are due today."}, cfg.resource(readToday))
	s.AddResource(&sdk.Resource{URI: upcomingURI, Name: "upcoming", Title: "Upcoming", MIMEType: "application/json",
		Description: "The tasks that are due after today."}, cfg.resource(readUpcoming))
	s.AddResourceTemplate(&sdk.ResourceTemplate{URITemplate: tagURI + "{tag}", Name: "tag", Title: "Tag", MIMEType: "application/json",
		Description: "The open tasks with a tag."}, cfg.resource(readTag))
	s.AddResourceTemplate(&sdk.ResourceTemplate{URITemplate: taskURI + "{id}", Name: "task", Title: "Task", MIMEType: "application/json",
		Description: "All fields of a task."}, cfg.resource(readTask))
	s.AddReceivingMiddleware(cfg.listTagResources)
}

// resource adapts a function that returns the content of a resource as JSON.
func (cfg Config) resource(read func(ctx context.Context, c *client, uri string) (any, error)) sdk.ResourceHandler {
	return func(ctx context.Context, req *sdk.ReadResourceRequest) (*sdk.ReadResourceResult, error) {
		c, err := cfg.client(ctx)
		if err != nil {
			return nil, cfg.refuse(ctx, err)
		}
		content, err := read(ctx, c, req.Params.URI)
		if task.ErrorCode(err) == task.CodeNotFound {
			return nil, sdk.ResourceNotFoundError(req.Params.URI)
		}
		if err != nil {
			return nil, cfg.refuse(ctx, err)
		}
		raw, err := json.Marshal(content)
		if err != nil {
			return nil, fmt.Errorf("encode %s: %w", req.Params.URI, err)
		}
		return &sdk.ReadResourceResult{Contents: []*sdk.ResourceContents{{URI: req.Params.URI, MIMEType: "application/json", Text: string(raw)}}}, nil
	}
}

func (cfg Config) refuse(ctx context.Context, err error) error {
	return fmt.Errorf("%s", cfg.explain(ctx, "resource", err)) //nolint:err113 // words for the client
}

func readToday(ctx context.Context, c *client, _ string) (any, error) {
	return planToday(ctx, c, struct{}{})
}

func readUpcoming(ctx context.Context, c *client, _ string) (any, error) {
	tomorrow := task.DateOf(c.now.In(c.account.Zone)).AddDays(1)
	return findTasks(ctx, c, findInput{DueFrom: string(tomorrow), Limit: maxPage})
}

func readTag(ctx context.Context, c *client, uri string) (any, error) {
	tag, err := url.PathUnescape(strings.TrimPrefix(uri, tagURI))
	if err != nil {
		return nil, task.Errorf(task.CodeNotFound, "%q names no tag", uri)
	}
	return findTasks(ctx, c, findInput{Tag: tag, Limit: maxPage})
}

func readTask(ctx context.Context, c *client, uri string) (any, error) {
	return getTasks(ctx, c, getInput{target{IDs: []string{strings.TrimPrefix(uri, taskURI)}}})
}

// listTagResources adds the tags of the caller to the list of resources.
func (cfg Config) listTagResources(next sdk.MethodHandler) sdk.MethodHandler {
	return func(ctx context.Context, method string, req sdk.Request) (sdk.Result, error) {
		result, err := next(ctx, method, req)
		list, ok := result.(*sdk.ListResourcesResult)
		if err != nil || !ok {
			return result, err
		}
		tags, err := cfg.tagNames(ctx)
		if err != nil {
			return nil, cfg.refuse(ctx, err)
		}
		for _, tag := range tags {
			list.Resources = append(list.Resources, &sdk.Resource{
				URI: tagURI + url.PathEscape(tag), Name: tag, Title: "#" + tag, MIMEType: "application/json", Description: "The open tasks with this tag.",
			})
		}
		return list, nil
	}
}

// tagNames returns the tags of the caller's open tasks.
func (cfg Config) tagNames(ctx context.Context) ([]string, error) {
	c, err := cfg.client(ctx)
	if err != nil {
		return nil, err
	}
	counts, err := c.tags(ctx)
	return slices.Sorted(maps.Keys(counts)), err
}

// maxCompletions is the largest number of completions of one answer (specification, completion).
const maxCompletions = 100

// complete completes the names of tags.
func (cfg Config) complete(ctx context.Context, req *sdk.CompleteRequest) (*sdk.CompleteResult, error) {
	result := &sdk.CompleteResult{Completion: sdk.CompletionResultDetails{Values: []string{}}}
	if req.Params.Argument.Name != "tag" {
		return result, nil
	}
	tags, err := cfg.tagNames(ctx)
	if err != nil {
		return nil, cfg.refuse(ctx, err)
	}
	begin := strings.ToLower(req.Params.Argument.Value)
	tags = slices.DeleteFunc(tags, func(tag string) bool { return !strings.HasPrefix(strings.ToLower(tag), begin) })
	result.Completion.Total = len(tags)
	result.Completion.Values = append(result.Completion.Values, tags[:min(len(tags), maxCompletions)]...)
	result.Completion.HasMore = len(tags) > maxCompletions
	return result, nil
}
