package page

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"taskmaster/tests/system"
)

// visitor is a user with a browser that runs no scripts.
type visitor struct {
	t      *testing.T
	client *http.Client
	// person is the same account in the API.
	person *system.Person
}

// newVisitor signs up a user in a time zone and returns a logged-in browser.
func newVisitor(t *testing.T, zone string) *visitor {
	t.Helper()
	person, err := shared.SignUp(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	v := newBrowser(t)
	v.person = person
	v.api("PATCH", "/me", map[string]string{"time_zone": zone}, nil)
	v.logIn()
	return v
}

// newBrowser returns a browser without cookies.
func newBrowser(t *testing.T) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &visitor{t: t, client: &http.Client{Jar: jar, Timeout: 30 * time.Second}}
}

// another returns a second browser of the same user.
func (v *visitor) another() *visitor {
	v.t.Helper()
	other := newBrowser(v.t)
	other.person = v.person
	other.logIn()
	return other
}

func (v *visitor) logIn() {
	v.t.Helper()
	v.get("/enter").form("/login").fill("email", v.person.Email, "password", v.person.Password).send().want(200, "Today")
}

// api calls the API as the same user.
func (v *visitor) api(method, path string, in, out any) {
	v.t.Helper()
	if err := v.person.Do(v.t.Context(), method, path, in, out); err != nil {
		v.t.Fatal(err)
	}
}

// task holds the fields of a task that these tests check.
type task struct {
	ID          string     `json:"id"`
	Title       string     `json:"title"`
	Description string     `json:"description"`
	Priority    string     `json:"priority"`
	Tags        []string   `json:"tags"`
	Completed   bool       `json:"completed"`
	DueAt       *time.Time `json:"due_at"`
	Snoozed     *time.Time `json:"snoozed_until"`
	Recurrence  *struct {
		RRule string `json:"rrule"`
	} `json:"recurrence"`
	Reminders []reminder `json:"reminders"`
}

type reminder struct {
	MinutesBefore *int       `json:"minutes_before"`
	At            *time.Time `json:"at"`
}

// make creates a task with the API.
func (v *visitor) make(fields map[string]any) (made task) {
	v.t.Helper()
	v.api("POST", "/tasks", fields, &made)
	return made
}

// now reads a task with the API.
func (v *visitor) now(id string) (t task) {
	v.t.Helper()
	v.api("GET", "/tasks/"+id, nil, &t)
	return t
}

// get fetches a path and follows redirects. header holds pairs of name and value.
func (v *visitor) get(path string, header ...string) *document {
	v.t.Helper()
	return v.do("GET", path, nil, header...)
}

func (v *visitor) do(method, path string, values url.Values, header ...string) *document {
	v.t.Helper()
	var body io.Reader
	if values != nil {
		body = strings.NewReader(values.Encode())
	}
	r, err := http.NewRequestWithContext(v.t.Context(), method, shared.URL+path, body)
	if err != nil {
		v.t.Fatal(err)
	}
	if values != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := v.client.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	root, err := html.Parse(strings.NewReader(string(raw)))
	if err != nil {
		v.t.Fatal(err)
	}
	return &document{visitor: v, status: res.StatusCode, path: res.Request.URL.RequestURI(), raw: string(raw), header: res.Header, root: root}
}
