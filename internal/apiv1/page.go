// Package apiv1 holds the request and response types of the REST API under /api/v1. They are for
// services/api, for its clients and for tests. The schemas of the OpenAPI document describe the same
// types, and a test in openapi compares both.
//
// Some types of other packages are part of the API too: task.Task and its parts, history.Detail, and
// server.Problem for errors.
package apiv1

// Page is one part of a list. NextCursor is empty on the last page.
type Page[T any] struct {
	Items      []T    `json:"items"`
	NextCursor string `json:"next_cursor"`
}
