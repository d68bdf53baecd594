package scenarios

import (
	"cmp"
	"errors"
	"net/http"
	"testing"
	"time"

	"taskmaster/tests/system"
)

// user is a person in a test. A request that fails ends the test.
type user struct {
	*system.Person
	t *testing.T
}

// fields are the fields of a task in a request.
type fields = map[string]any

// newUser signs up a user.
func newUser(t *testing.T, s *system.System) user {
	t.Helper()
	var p *system.Person
	patiently(t, func() (err error) {
		p, err = s.SignUp(t.Context())
		return err
	})
	return user{p, t}
}

// patiently sends a request again while the service is overloaded, as clients do. The service has then
// done nothing. Another error ends the test.
func patiently(t *testing.T, request func() error) {
	t.Helper()
	var err error
	late := system.Poll(within(t), func() error {
		err = request()
		if p, ok := errors.AsType[*system.Problem](err); ok && p.Status == http.StatusServiceUnavailable {
			return err
		}
		return nil
	})
	if err := cmp.Or(err, late); err != nil {
		t.Fatal(err)
	}
}

func (u user) do(method, path string, in, out any) {
	u.t.Helper()
	patiently(u.t, func() error { return u.Do(u.t.Context(), method, path, in, out) })
}

func (u user) create(f fields) (made system.Task) {
	u.t.Helper()
	u.do("POST", "/tasks", f, &made)
	return made
}

func (u user) patch(id string, f fields) (now system.Task) {
	u.t.Helper()
	u.do("PATCH", "/tasks/"+id, f, &now)
	return now
}

func (u user) complete(id string) (now system.Task) {
	u.t.Helper()
	u.do("POST", "/tasks/"+id+"/complete", nil, &now)
	return now
}

func (u user) delete(id string) {
	u.t.Helper()
	if _, err := u.Send(u.t.Context(), "DELETE", "/tasks/"+id, nil); err != nil {
		u.t.Fatal(err)
	}
}

// tasks returns all tasks of the user, up to 200.
func (u user) tasks() []system.Task {
	u.t.Helper()
	var list system.List
	u.do("GET", "/tasks?limit=200", nil, &list)
	return list.Items
}

// series returns the tasks that belong to the series of a task.
func (u user) series(of system.Task) []system.Task {
	u.t.Helper()
	var found []system.Task
	for _, t := range u.tasks() {
		if t.SeriesID != nil && of.SeriesID != nil && *t.SeriesID == *of.SeriesID {
			found = append(found, t)
		}
	}
	return found
}

// instant parses an RFC 3339 time.
func instant(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}
