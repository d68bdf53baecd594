package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/postgres"
)

// otherSubscription is the subscription of a browser after it renewed testSubscription.
var otherSubscription = strings.Replace(testSubscription, "send/abc", "send/def", 1)

// renewal returns the body with which a browser reports its new subscription.
func renewal(oldEndpoint, body string) string {
	return `{"old_endpoint": "` + oldEndpoint + `",` + strings.TrimPrefix(body, `{"kind": "web_push",`)
}

const testEndpoint = "https://push.example.com/send/abc"

func (p person) channels(t *testing.T) []apiv1.ChannelWithSecret {
	t.Helper()
	return decoded[apiv1.Page[apiv1.ChannelWithSecret]](t, p.send(t, "GET", "/api/v1/channels", nil).want(t, 200)).Items
}

// reached returns the endpoints of the browsers that receive the person's reminders.
func (p person) reached(t *testing.T) []string {
	t.Helper()
	var endpoints []string
	err := p.db.InTx(t.Context(), func(tx pgx.Tx) error {
		channels, err := postgres.EnabledChannels(t.Context(), tx, p.ID, p.now())
		for _, c := range channels {
			endpoints = append(endpoints, c.Subscription.Endpoint)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return endpoints
}

// TestBrowserBelongsToItsLastAccount registers one browser in two accounts. The last account has
// it.
func TestBrowserBelongsToItsLastAccount(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	ada, bob := a.newPerson(t), a.newPerson(t)
	ada.send(t, "POST", "/api/v1/channels", testWebhook).want(t, 201)
	ada.send(t, "POST", "/api/v1/channels", testSubscription).want(t, 201)
	bob.send(t, "POST", "/api/v1/channels", testSubscription).want(t, 201)
	if got := ada.channels(t); len(got) != 1 || got[0].Kind != postgres.ChannelWebhook {
		t.Errorf("Ada has %+v, want the webhook alone", got)
	}
	if got := bob.channels(t); len(got) != 1 || got[0].Endpoint != testEndpoint {
		t.Errorf("Bob has %+v, want the browser", got)
	}
	// The same holds for a change of a channel.
	other := decoded[apiv1.ChannelWithSecret](t, ada.send(t, "POST", "/api/v1/channels", otherSubscription).want(t, 201))
	ada.send(t, "PATCH", "/api/v1/channels/"+other.ID.String(), strings.Replace(testSubscription, `"kind": "web_push",`, "", 1)).want(t, 200)
	if got := bob.channels(t); len(got) != 0 {
		t.Errorf("Bob has %+v, want nothing", got)
	}
}

// TestBrowserIsRegisteredByTwoAtOnce registers a browser in several accounts at the same moment.
// One of them has it.
func TestBrowserIsRegisteredByTwoAtOnce(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	people := []person{a.newPerson(t), a.newPerson(t), a.newPerson(t), a.newPerson(t)}
	done := make(chan int, len(people))
	for _, p := range people {
		go func() { done <- p.send(t, "POST", "/api/v1/channels", testSubscription).Status }()
	}
	for range people {
		if got := <-done; got != http.StatusCreated {
			t.Errorf("got status %d, want 201", got)
		}
	}
	owners := 0
	for _, p := range people {
		owners += len(p.channels(t))
	}
	if owners != 1 {
		t.Errorf("%d accounts have the browser, want 1", owners)
	}
}

// TestBrowserEndsWithItsSession ends a session in each possible way. Its browser gets no more
// reminders, and the person's other browsers still do.
func TestBrowserEndsWithItsSession(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	eve := a.newPerson(t)
	for name, end := range map[string]func(t *testing.T, p, phone person){
		"logout": func(t *testing.T, _, phone person) { phone.send(t, "POST", "/api/v1/logout", nil).want(t, 204) },
		"ended elsewhere": func(t *testing.T, p, _ person) {
			for _, s := range p.sessions(t) {
				if !s.Current {
					p.send(t, "DELETE", "/api/v1/sessions/"+s.ID.String(), nil).want(t, 204)
				}
			}
		},
		"all others ended": func(t *testing.T, p, _ person) { p.send(t, "DELETE", "/api/v1/sessions", nil).want(t, 204) },
		"password": func(t *testing.T, p, _ person) {
			p.send(t, "PATCH", "/api/v1/me", object{"current_password": testPassword, "password": "another password"}).want(t, 200)
		},
		"somebody else logs in": func(t *testing.T, _, phone person) { eve.login(t, session(phone.Secret)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := a.newPerson(t)
			phone := p.login(t)
			endpoint := "https://push.example.com/send/" + uuid.NewString()
			mine := "https://push.example.com/send/" + uuid.NewString()
			phone.send(t, "POST", "/api/v1/channels", strings.Replace(testSubscription, testEndpoint, endpoint, 1)).want(t, 201)
			p.send(t, "POST", "/api/v1/channels", strings.Replace(testSubscription, testEndpoint, mine, 1)).want(t, 201)
			end(t, p, phone)
			if got := p.reached(t); len(got) != 1 || got[0] != mine {
				t.Errorf("reminders go to %v, want the browser that is still logged in", got)
			}
		})
	}

	t.Run("expired", func(t *testing.T) {
		t.Parallel()
		a := newTestAPI(t)
		p := a.newPerson(t)
		p.send(t, "POST", "/api/v1/channels", testSubscription).want(t, 201)
		token := p.newToken(t, scopeAccount)
		a.advance(sessionIdle)
		if got := p.reached(t); len(got) != 0 {
			t.Errorf("reminders go to %v, want nowhere", got)
		}
		p.send(t, "POST", "/api/v1/channels", testWebhook, bearer(token)).want(t, 201)
		if err := p.expireBrowsers(t.Context(), p.db, p.now()); err != nil {
			t.Fatal(err)
		}
		if _, err := purgeOnce(t.Context(), p.db, p.now()); err != nil {
			t.Fatal(err)
		}
		p = p.login(t)
		notified := decoded[apiv1.Page[apiv1.Delivery]](t, p.send(t, "GET", "/api/v1/deliveries", nil).want(t, 200)).Items
		if len(notified) != 1 {
			t.Fatalf("got deliveries %+v, want the message to the webhook", notified)
		}
		want := notified[0]
		want.ChannelKind, want.Test, want.TaskID = postgres.ChannelWebhook, false, nil
		if diff := cmp.Diff(want, notified[0]); diff != "" {
			t.Errorf("the delivery differs (-want +got):\n%s", diff)
		}
		got := p.channels(t)[:1]
		if got[0].Enabled || got[0].DisabledReason == nil || !strings.Contains(*got[0].DisabledReason, "session has ended") {
			t.Fatalf("got %+v, want it disabled and a reason", got)
		}
		path := "/api/v1/channels/" + got[0].ID.String()
		p.send(t, "PATCH", path, `{"enabled": true}`).wantProblem(t, 409, "conflict")
		p.send(t, "POST", "/api/v1/channels", testSubscription).want(t, 200)
		p.send(t, "DELETE", "/api/v1/channels/"+p.channels(t)[1].ID.String(), nil).want(t, 204)
		if got := p.reached(t); len(got) != 1 {
			t.Errorf("reminders go to %v, want the browser that was enabled again", got)
		}
	})
}

// TestBrowserOutlivesItsSession shows that a browser stays a channel after another login of the
// same person. A browser that a program added does not depend on a session.
func TestBrowserOutlivesItsSession(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	p.send(t, "POST", "/api/v1/channels", testSubscription).want(t, 201)
	again := p.login(t, session(p.Secret))
	if got := again.reached(t); len(got) != 1 {
		t.Errorf("after another login reminders go to %v, want the browser", got)
	}
	again.send(t, "POST", "/api/v1/logout", nil).want(t, 204)
	p = p.login(t)
	if got := p.channels(t); len(got) != 0 {
		t.Errorf("after logout got %+v, want nothing", got)
	}
	token := p.newToken(t, scopeAccount)
	p.testAPI.send(t, "POST", "/api/v1/channels", testSubscription, bearer(token)).want(t, 201)
	p.send(t, "DELETE", "/api/v1/sessions", nil).want(t, 204)
	p.send(t, "POST", "/api/v1/logout", nil).want(t, 204)
	if got := p.reached(t); len(got) != 1 {
		t.Errorf("reminders go to %v, want the token's browser", got)
	}
}

// TestRenewedSubscriptionIsFollowed renews subscriptions. The channel is found by the session or by
// the old endpoint, and a renewal never creates a channel.
func TestRenewedSubscriptionIsFollowed(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	p := a.newPerson(t)
	made := decoded[apiv1.ChannelWithSecret](t, p.send(t, "POST", "/api/v1/channels", testSubscription).want(t, 201))
	disable := func() {
		t.Helper()
		err := p.db.InTx(t.Context(), func(tx pgx.Tx) error {
			c, err := postgres.ChannelByID(t.Context(), tx, p.ID, made.ID)
			if err != nil {
				return err
			}
			_, err = postgres.DisableChannel(t.Context(), tx, c, "the browser's subscription is over", p.instant().Add(time.Microsecond))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	disable() // the push service reported the end before the browser did
	got := decoded[apiv1.ChannelWithSecret](t, p.send(t, "POST", "/api/v1/channels/renew", renewal("", otherSubscription)).want(t, 200))
	want := got
	want.ID, want.Enabled, want.DisabledReason, want.Endpoint = made.ID, true, nil, "https://push.example.com/send/def"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the renewed channel differs (-want +got):\n%s", diff)
	}
	p.send(t, "PATCH", "/api/v1/channels/"+made.ID.String(), `{"enabled": false}`).want(t, 200)
	got = decoded[apiv1.ChannelWithSecret](t, p.send(t, "POST", "/api/v1/channels/renew", renewal("", testSubscription)).want(t, 200))
	if got.Enabled || got.Endpoint != testEndpoint {
		t.Errorf("got %+v, want it disabled, as its owner left it", got)
	}
	// Another session finds the channel by the endpoint only.
	other := p.login(t)
	other.send(t, "POST", "/api/v1/channels/renew", renewal("https://push.example.com/send/zzz", otherSubscription)).wantProblem(t, 404, "not_found")
	other.send(t, "POST", "/api/v1/channels/renew", renewal(testEndpoint, otherSubscription)).want(t, 200)
	eve := a.newPerson(t)
	eve.send(t, "POST", "/api/v1/channels/renew", renewal("https://push.example.com/send/def", testSubscription)).wantProblem(t, 404, "not_found")
	if got := eve.channels(t); len(got) != 0 {
		t.Errorf("got %+v, want nothing", got)
	}
	p.send(t, "POST", "/api/v1/channels/renew", `{"subscription": {"endpoint": "nowhere", "keys": {"p256dh": "", "auth": ""}}}`).wantProblem(t, 422, "invalid")
	// A browser has one subscription. A new one replaces it.
	p.send(t, "POST", "/api/v1/channels", testSubscription).want(t, 201)
	p.send(t, "POST", "/api/v1/channels", strings.Replace(testSubscription, "send/abc", "send/ghi", 1)).want(t, 200)
	if got := p.channels(t); len(got) != 2 {
		t.Errorf("got %+v, want one channel of each session", got)
	}
}

// TestEndedChannelIsShownWithTheAccount shows that the account lists a disabled channel until its
// owner dismisses it or enables it again.
func TestEndedChannelIsShownWithTheAccount(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	ended := func() []apiv1.EndedChannel {
		t.Helper()
		return decoded[apiv1.Me](t, p.send(t, "GET", "/api/v1/me", nil).want(t, 200)).EndedChannels
	}
	hook := decoded[apiv1.ChannelWithSecret](t, p.send(t, "POST", "/api/v1/channels", testWebhook).want(t, 201))
	path := "/api/v1/channels/" + hook.ID.String()
	p.send(t, "PATCH", path, `{"enabled": false}`).want(t, 200)
	if got := ended(); len(got) != 0 {
		t.Errorf("got %+v for a channel that its owner disabled, want nothing", got)
	}
	end := func() {
		t.Helper()
		p.send(t, "PATCH", path, `{"enabled": true}`).want(t, 200)
		err := p.db.InTx(t.Context(), func(tx pgx.Tx) error {
			c, err := postgres.ChannelByID(t.Context(), tx, p.ID, hook.ID)
			if err == nil {
				_, err = postgres.DisableChannel(t.Context(), tx, c, "its receiver answered 410 Gone", c.UpdatedAt.Add(time.Microsecond))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	end()
	want := apiv1.EndedChannel{ID: hook.ID, Kind: "webhook", Where: "example.com", Reason: "its receiver answered 410 Gone"}
	if got := ended(); len(got) != 1 || got[0] != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := decoded[apiv1.ChannelWithSecret](t, p.send(t, "PATCH", path, `{"dismissed": true}`).want(t, 200)); !got.Dismissed || got.DisabledReason == nil {
		t.Errorf("got %+v, want it dismissed with its reason", got)
	}
	if got := ended(); len(got) != 0 {
		t.Errorf("got %+v after it was dismissed, want nothing", got)
	}
	end() // once more
	if got := ended(); len(got) != 1 {
		t.Errorf("got %+v, want it listed again", got)
	}
	p.send(t, "PATCH", path, `{"enabled": true}`).want(t, 200)
	if got := ended(); len(got) != 0 {
		t.Errorf("got %+v once it is enabled, want nothing", got)
	}
}
