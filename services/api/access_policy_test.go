package main

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/apiv1"
)

// access is the expected access policy of a route, and the result for a user who calls it with the
// ids of another one.
type access struct {
	// scope is the scope that a token needs; "" means that the route needs no account.
	scope string
	// sidecar means that only the sidecar may call the route.
	sidecar bool
	// id names the owner's object whose id replaces {id}.
	id   string
	body any
	// want is the status for another user. With an id it is 404.
	want int
}

// accesses has an entry for every route. A new route needs one, which decides about its access.
var accesses = map[string]access{
	"GET /api/v1/openapi.json":                      {want: 200},
	"GET /api/v1/openapi-3.0.json":                  {want: 200},
	"GET /api/v1/asyncapi.json":                     {want: 200},
	"GET /api/v1/signup":                            {want: 200},
	"POST /api/v1/signup":                           {want: 422, body: `{}`},
	"POST /api/v1/signup/link":                      {want: 422, body: `{}`},
	"POST /api/v1/login":                            {want: 422, body: `{}`},
	"POST /api/v1/logout":                           {want: 204},
	"POST /api/v1/password/forgot":                  {want: 422, body: `{}`},
	"POST /api/v1/password/reset":                   {want: 422, body: `{}`},
	"POST /api/v1/links":                            {want: 422, body: `{}`},
	"GET /healthz":                                  {want: 200},
	"GET /readyz":                                   {want: 200},
	"GET /metrics":                                  {want: 200},
	"POST /events/dead-letters":                     {sidecar: true, body: `{}`},
	"POST /internal/occurrences":                    {sidecar: true, body: `{}`},
	"POST /job/{name}":                              {sidecar: true},
	"GET /.well-known/oauth-protected-resource":     {want: 200},
	"GET /.well-known/oauth-protected-resource/mcp": {want: 200},
	"GET /.well-known/oauth-authorization-server":   {want: 200},
	"POST /oauth/register":                          {want: 400, body: `{}`},
	"POST /oauth/token":                             {want: 400, body: `{}`},
	"POST /oauth/revoke":                            {want: 400, body: `{}`},
	"POST /api/v1/oauth/requests":                   {want: 422, body: `{"query": ""}`},
	"POST /api/v1/oauth/decisions":                  {scope: scopeAccount, want: 422, body: `{"query": "", "allow": true}`},
	"GET /api/v1/connections":                       {scope: scopeAccount, want: 200},
	"DELETE /api/v1/connections/{id}":               {scope: scopeAccount, id: "connection", want: 404},
	// A request without a body is refused after the access was checked.
	"POST /mcp":                          {scope: scopeRead, want: 415},
	"POST /mcp/{$}":                      {scope: scopeRead, want: 415},
	"GET /api/v1/me":                     {scope: scopeAccount, want: 200},
	"PATCH /api/v1/me":                   {scope: scopeAccount, want: 200, body: `{"time_zone": "Asia/Tokyo"}`},
	"DELETE /api/v1/me":                  {scope: scopeAccount, want: 204, body: `{"password": "` + testPassword + `"}`},
	"POST /api/v1/address/confirmation":  {scope: scopeAccount, want: 202},
	"POST /api/v1/address/change":        {scope: scopeAccount, want: 422, body: `{}`},
	"DELETE /api/v1/address/change":      {scope: scopeAccount, want: 204},
	"GET /api/v1/sessions":               {scope: scopeAccount, want: 200},
	"DELETE /api/v1/sessions":            {scope: scopeAccount, want: 204},
	"DELETE /api/v1/sessions/{id}":       {scope: scopeAccount, id: "session", want: 404},
	"POST /api/v1/tokens":                {scope: scopeAccount, want: 201, body: `{"name": "mine", "scopes": ["account"], "password": "` + testPassword + `"}`},
	"GET /api/v1/tokens":                 {scope: scopeAccount, want: 200},
	"DELETE /api/v1/tokens/{id}":         {scope: scopeAccount, id: "token", want: 404},
	"POST /api/v1/tasks":                 {scope: scopeWrite, want: 201, body: `{"title": "mine"}`},
	"GET /api/v1/tasks":                  {scope: scopeRead, want: 200},
	"GET /api/v1/tasks/{id}":             {scope: scopeRead, id: "task", want: 404},
	"PATCH /api/v1/tasks/{id}":           {scope: scopeWrite, id: "task", want: 404, body: `{"title": "stolen"}`},
	"DELETE /api/v1/tasks/{id}":          {scope: scopeWrite, id: "task", want: 404},
	"POST /api/v1/tasks/{id}/complete":   {scope: scopeWrite, id: "task", want: 404, body: `{}`},
	"POST /api/v1/tasks/{id}/reopen":     {scope: scopeWrite, id: "done task", want: 404, body: `{}`},
	"POST /api/v1/tasks/{id}/snooze":     {scope: scopeWrite, id: "task", want: 404, body: `{"minutes": 10}`},
	"POST /api/v1/tasks/{id}/skip":       {scope: scopeWrite, id: "task", want: 404, body: `{}`},
	"GET /api/v1/tasks/{id}/history":     {scope: scopeRead, id: "task", want: 404},
	"GET /api/v1/changes":                {scope: scopeRead, want: 200},
	"GET /api/v1/export":                 {scope: scopeRead, want: 200},
	"POST /api/v1/import":                {scope: scopeWrite, want: 200, body: `{"version": 1, "tasks": [{"title": "mine"}]}`},
	"POST /api/v1/channels":              {scope: scopeAccount, want: 201, body: `{"kind": "webhook", "url": "https://hooks.example.com/mine"}`},
	"GET /api/v1/channels":               {scope: scopeAccount, want: 200},
	"GET /api/v1/channels/{id}":          {scope: scopeAccount, id: "channel", want: 404},
	"PATCH /api/v1/channels/{id}":        {scope: scopeAccount, id: "channel", want: 404, body: `{"enabled": false}`},
	"DELETE /api/v1/channels/{id}":       {scope: scopeAccount, id: "channel", want: 404},
	"POST /api/v1/channels/renew":        {scope: scopeAccount, want: 404, body: renewal("", testSubscription)},
	"POST /api/v1/channels/{id}/test":    {scope: scopeAccount, id: "channel", want: 404},
	"GET /api/v1/status":                 {scope: scopeAccount, want: 403}, // nobody is an administrator
	"GET /api/v1/push-key":               {scope: scopeAccount, want: 200},
	"GET /api/v1/deliveries":             {scope: scopeRead, want: 200},
	"GET /api/v1/deliveries/{id}":        {scope: scopeRead, id: "delivery", want: 404},
	"POST /api/v1/deliveries/{id}/retry": {scope: scopeAccount, id: "delivery", want: 404},
}

// ownedThings creates one object for each {id} of a route. It returns the ids by their names in
// accesses.
func ownedThings(t *testing.T, owner person) map[string]string {
	t.Helper()
	create := func(path, body string) string {
		t.Helper()
		r := owner.send(t, "POST", path, body)
		if r.Status != http.StatusAccepted {
			r.want(t, http.StatusCreated)
		}
		return decoded[struct{ ID string }](t, r).ID
	}
	ids := map[string]string{
		"task":      create("/api/v1/tasks", `{"title": "the owner's task", "due_at": "2026-03-09T09:00:00Z", "recurrence": {"rrule": "weekly"}}`),
		"done task": create("/api/v1/tasks", `{"title": "the owner's past task"}`),
		"token":     create("/api/v1/tokens", `{"name": "the owner's token", "scopes": ["account"], "password": "`+testPassword+`"}`),
		"channel":   create("/api/v1/channels", `{"kind": "webhook", "url": "https://hooks.example.com/owner's"}`),
	}
	ids["session"] = decoded[apiv1.Page[apiv1.Session]](t, owner.send(t, "GET", "/api/v1/sessions", nil).want(t, 200)).Items[0].ID.String()
	owner.connect(t, owner.register(t, claude), scopeRead)
	ids["connection"] = owner.connections(t)[0].ID.String()
	owner.receiveDeadLetter(t, []byte(`{"data": {"user_id": "`+owner.ID.String()+`"}, "title": "the owner's"}`))
	owner.send(t, "POST", "/api/v1/tasks/"+ids["done task"]+"/complete", nil).want(t, 200)
	// Only a failed delivery can be retried.
	ids["delivery"] = create("/api/v1/channels/"+ids["channel"]+"/test", "")
	err := owner.db.InTx(t.Context(), func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE deliveries SET state = 'failed' WHERE id = $1`, ids["delivery"])
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

func TestEveryRouteAsSomebodyElse(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t, func(c *config) { c.VAPIDPublicKey, c.PublicURL = "a public key", publicURL })
	owner := a.newPerson(t)
	ids := ownedThings(t, owner)
	before := everythingOf(t, owner)
	for _, table := range []string{"users", "sessions", "tokens", "tasks", "reminders", "outbox", "channels", "deliveries", "dead_letters", "task_history", "oauth_grants"} {
		if !slices.ContainsFunc(before, func(row string) bool { return strings.HasPrefix(row, table+" ") }) {
			t.Fatalf("the owner has no row in %s that another user could change: %v", table, before)
		}
	}

	unused := maps.Clone(accesses)
	for _, r := range a.routes() {
		t.Run(r.pattern, func(t *testing.T) {
			want, ok := accesses[r.pattern]
			if !ok {
				t.Fatal("the route has no entry in accesses: add one with its access policy")
			}
			delete(unused, r.pattern)
			method, path, _ := strings.Cut(r.pattern, " ")
			path = strings.ReplaceAll(path, "{id}", ids[want.id])
			path = strings.TrimSuffix(path, "{$}")
			path = strings.ReplaceAll(path, "{name}", "reminder-task-"+ids["task"]+"-0")
			if strings.Contains(path, "{") || (want.id != "") != strings.Contains(r.pattern, "{id}") {
				t.Fatalf("accesses has no id for %s", r.pattern)
			}
			stranger := a.newPerson(t)

			switch {
			case want.sidecar:
				a.send(t, method, path, want.body).wantProblem(t, 403, "forbidden")
				stranger.send(t, method, path, want.body, header("Dapr-Api-Token", "guessed")).wantProblem(t, 403, "forbidden")
			case want.scope == "":
				a.send(t, method, path, want.body).want(t, want.want)
			default:
				a.send(t, method, path, want.body).wantProblem(t, 401, "unauthorized")
				a.send(t, method, path, want.body, session("guessed")).wantProblem(t, 401, "unauthorized")
				a.send(t, method, path, want.body, bearer("tm_guessed")).wantProblem(t, 401, "unauthorized")
				token := stranger.newToken(t, allScopesBut(want.scope)...)
				a.send(t, method, path, want.body, bearer(token)).wantProblem(t, 403, "forbidden")
				sufficient := bearer(stranger.newToken(t, want.scope))
				if want.want == http.StatusNotFound {
					a.send(t, method, path, want.body, sufficient).wantProblem(t, 404, "not_found")
				}
				got := stranger.send(t, method, path, want.body).want(t, want.want)
				wantNothingOf(t, owner, ids, got)
			}
			if got := everythingOf(t, owner); !slices.Equal(got, before) {
				t.Errorf("another user changed the owner's rows to\n%s\nfrom\n%s", strings.Join(got, "\n"), strings.Join(before, "\n"))
			}
		})
	}
	for pattern := range unused {
		t.Errorf("accesses has %q, which is not a route", pattern)
	}
}

// wantNothingOf fails the test if a response contains data of the owner. A problem may repeat the
// requested id.
func wantNothingOf(t *testing.T, owner person, ids map[string]string, r reply) {
	t.Helper()
	secrets := []string{"owner's", owner.Email, owner.ID.String()}
	if r.Status != http.StatusNotFound {
		secrets = slices.AppendSeq(secrets, maps.Values(ids))
	}
	for _, s := range secrets {
		if strings.Contains(string(r.Body), s) || strings.Contains(fmt.Sprint(r.Header), s) {
			t.Errorf("the response to another user contains %q: %v %s", s, r.Header, r.Body)
		}
	}
}

func allScopesBut(scope string) []string {
	all := []string{scopeRead, scopeWrite, scopeAccount}
	return slices.DeleteFunc(all, func(s string) bool { return s == scope })
}

// everythingOf returns each database row of a person: from users and from every table with a
// user_id.
func everythingOf(t *testing.T, p person) []string {
	t.Helper()
	var rows []string
	err := p.db.InTx(t.Context(), func(tx pgx.Tx) error {
		found, err := tx.Query(t.Context(), `
			SELECT table_name::text FROM information_schema.columns
			WHERE table_schema = 'public' AND column_name = 'user_id' ORDER BY 1`)
		if err != nil {
			return err
		}
		tables, err := pgx.CollectRows(found, pgx.RowTo[string])
		if err != nil {
			return err
		}
		sql := `SELECT 'users ' || to_jsonb(x)::text AS row FROM users x WHERE id = $1`
		for _, table := range tables {
			sql += fmt.Sprintf(` UNION ALL SELECT '%[1]s ' || to_jsonb(x)::text FROM %[1]s x WHERE user_id = $1`, table)
		}
		found, err = tx.Query(t.Context(), sql+` ORDER BY 1`, p.ID)
		if err != nil {
			return err
		}
		rows, err = pgx.CollectRows(found, pgx.RowTo[string])
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}
