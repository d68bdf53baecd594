package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"taskmaster/internal/external"
	"taskmaster/internal/postgres"
	"taskmaster/internal/testkit"
)

const testSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw7Kq1x0bJm5E="

// hook is a user's webhook. It verifies every signature and keeps the messages.
type hook struct {
	*httptest.Server
	mu  sync.Mutex
	got []received
}

type received struct {
	ID   string
	Body []byte
}

// newHook returns a webhook whose answer function answers the nth request (from 0). Without answer
// it answers 204.
func newHook(t *testing.T, answer func(n int, w http.ResponseWriter, r *http.Request)) *hook {
	t.Helper()
	key, err := standardwebhooks.NewWebhook(testSecret)
	if err != nil {
		t.Fatal(err)
	}
	h := &hook{}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("read webhook: %v", err)
		}
		if err := key.Verify(body, r.Header); err != nil {
			t.Errorf("the signature is not valid: %v", err)
		}
		h.mu.Lock()
		n := len(h.got)
		h.got = append(h.got, received{r.Header.Get("webhook-id"), body})
		h.mu.Unlock()
		if answer == nil {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		answer(n, w, r)
	}))
	t.Cleanup(h.Close)
	return h
}

// received returns the received messages in order.
func (h *hook) received() []received {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]received(nil), h.got...)
}

// channel returns the webhook as a channel.
func (h *hook) channel() postgres.Channel {
	return postgres.Channel{Kind: postgres.ChannelWebhook, URL: h.URL + "/hook?key=topsecret", Secret: testSecret}
}

// status returns an answer function with a fixed status.
func status(code int) func(int, http.ResponseWriter, *http.Request) {
	return func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func TestWebhook(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	h := newHook(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.RequestURI() != "/hook?key=topsecret" || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("got %s %s of %s", r.Method, r.URL, r.Header.Get("Content-Type"))
		}
		w.WriteHeader(http.StatusOK)
	})
	c := f.addChannel(t, h.channel())
	e := f.reminder(t, f.user, "Pay rent")
	f.start(t, testTiming).want(t, e)

	d := f.settled(t, f.user, 1, postgres.DeliverySent)[0]
	if d.SentAt == nil {
		t.Error("the delivery has no time of its sending")
	}
	want := postgres.Delivery{
		ID: d.ID, UserID: f.user, ChannelID: &c.ID, ChannelKind: c.Kind, EventID: e.ID, TaskID: &e.Data.TaskID,
		State: postgres.DeliverySent, Attempts: 1, CreatedAt: d.CreatedAt, UpdatedAt: d.UpdatedAt, SentAt: d.SentAt,
	}
	if diff := cmp.Diff(want, d); diff != "" {
		t.Errorf("the delivery differs (-want +got):\n%s", diff)
	}
	got := h.received()
	if len(got) != 1 || got[0].ID != d.ID.String() {
		t.Fatalf("got %v, want one message with the delivery's id %s", got, d.ID)
	}
	var body struct {
		Type      string
		Timestamp time.Time
		Data      map[string]any
	}
	if err := json.Unmarshal(got[0].Body, &body); err != nil {
		t.Fatal(err)
	}
	owned, _ := body.Data["task_data"].(map[string]any)
	if body.Type != "reminder.due" || !body.Timestamp.Equal(e.Time) {
		t.Errorf("got %s at %s, want reminder.due at %s", body.Type, body.Timestamp, e.Time)
	}
	if body.Data["task_id"] != e.Data.TaskID.String() || owned["title"] != "Pay rent" {
		t.Errorf("got data %v, want those of the task", body.Data)
	}
	if _, ok := body.Data["test"]; ok {
		t.Errorf("a reminder says that it is a test: %s", got[0].Body)
	}
}

func TestFailedDeliveryIsRetried(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	failed := make(chan struct{})
	h := newHook(t, func(n int, w http.ResponseWriter, r *http.Request) {
		switch n {
		case 0:
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
		case 1:
			<-failed
			w.WriteHeader(http.StatusInternalServerError)
		default:
			w.WriteHeader(http.StatusNoContent)
		}
	})
	f.addChannel(t, h.channel())
	f.start(t, testTiming).want(t, f.reminder(t, f.user, "x"))

	d := f.settled(t, f.user, 1, postgres.DeliveryFailed)[0]
	if d.Attempts != 1 || d.Reason != "it answered 302; redirects are not followed" {
		t.Errorf("got %+v, want one failed attempt and its reason", d)
	}
	if d.NextAttemptAt == nil || !d.NextAttemptAt.After(d.CreatedAt) {
		t.Errorf("got the next attempt at %v, want it after %s", d.NextAttemptAt, d.CreatedAt)
	}
	close(failed)
	if d = f.settled(t, f.user, 1, postgres.DeliverySent)[0]; d.Attempts != 3 || d.Reason != "" {
		t.Errorf("got %+v, want it sent by the third attempt", d)
	}
	for _, r := range h.received() {
		if r.ID != d.ID.String() {
			t.Errorf("an attempt had id %s, want %s in all", r.ID, d.ID)
		}
	}
}

func TestGivenUpAfterTheSchedule(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	h := newHook(t, status(http.StatusServiceUnavailable))
	c := f.addChannel(t, h.channel())
	f.start(t, testTiming).want(t, f.reminder(t, f.user, "x"))

	d := f.settled(t, f.user, 1, postgres.DeliveryGivenUp)[0]
	attempts := len(testTiming.schedule) + 1
	want := d
	want.Attempts, want.Reason, want.NextAttemptAt = attempts, "it answered 503 Service Unavailable", nil
	if diff := cmp.Diff(want, d); diff != "" {
		t.Errorf("the delivery differs (-want +got):\n%s", diff)
	}
	if got := len(h.received()); got != attempts {
		t.Errorf("got %d requests, want %d", got, attempts)
	}
	if !f.channel(t, c).Enabled {
		t.Error("a channel that was down is disabled")
	}
}

func TestGoneDisablesTheChannel(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	gone := f.addChannel(t, newHook(t, status(http.StatusGone)).channel())
	other := f.addChannel(t, newHook(t, nil).channel())
	n := f.start(t, testTiming)
	n.want(t, f.reminder(t, f.user, "x"))

	testkit.WithState(t, patience, func() (bool, string) {
		c := f.channel(t, gone)
		return !c.Enabled, "the channel is enabled"
	})
	if c := f.channel(t, gone); !strings.Contains(c.DisabledReason, "410") {
		t.Errorf("got disabled_reason %q, want it to name 410", c.DisabledReason)
	}
	n.want(t, f.reminder(t, f.user, "y"))
	testkit.WithState(t, patience, func() (bool, string) {
		var sent, givenUp int
		for _, d := range f.deliveries(t, f.user) {
			switch {
			case *d.ChannelID == other.ID && d.State == postgres.DeliverySent && d.TaskID != nil:
				sent++
			case *d.ChannelID == gone.ID && d.State == postgres.DeliveryGivenUp && d.Attempts == 1:
				givenUp++
			}
		}
		return sent == 2 && givenUp == 1, "want two sent by the other channel and one given up by this"
	})
}

// All other channels are notified of an ended channel once, in words and in data.
func TestOtherChannelsNotifyOfAnEndedChannel(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	gone := newBrowser(t, func(int) int { return http.StatusGone })
	hook, screen, mailbox := newHook(t, nil), newBrowser(t, nil), newMailServer(t, nil)
	ended := f.addChannel(t, gone.channel())
	f.addChannel(t, hook.channel())
	f.addChannel(t, screen.channel())
	f.confirm(t)
	f.addChannel(t, testEmail)
	n := f.start(t, testTiming, withPush(t), mailbox.configure)
	n.want(t, f.reminder(t, f.user, "x"))
	// Four deliveries of the reminder and three of the message.
	testkit.WithState(t, patience, func() (bool, string) {
		sent := 0
		for _, d := range f.deliveries(t, f.user) {
			if d.State == postgres.DeliverySent {
				sent++
			}
		}
		return sent == 6, fmt.Sprintf("%d deliveries are sent, want 6", sent)
	})
	n.want(t, f.reminder(t, f.user, "y")) // there is no second message
	testkit.WithState(t, patience, func() (bool, string) {
		all := f.deliveries(t, f.user)
		for _, d := range all {
			if d.State != postgres.DeliverySent && *d.ChannelID != ended.ID {
				return false, fmt.Sprintf("delivery %+v is not sent", d)
			}
		}
		return len(all) == 10, fmt.Sprintf("there are %d deliveries, want 10", len(all))
	})

	var body struct {
		Type string
		Data postgres.EndedData
	}
	notices := 0
	for _, got := range hook.received() {
		if err := json.Unmarshal(got.Body, &body); err != nil {
			t.Fatal(err)
		}
		if body.Type != postgres.ChannelEnded {
			continue
		}
		notices++
		want := postgres.EndedChannel{ID: ended.ID, Kind: "web_push", Where: strings.TrimPrefix(gone.URL, "http://"), Reason: "the browser's subscription is over"}
		if body.Data.Channel != want || body.Data.UserID != f.user {
			t.Errorf("got %s, want %+v", got.Body, want)
		}
	}
	if notices != 1 {
		t.Errorf("the webhook got %d notices, want one", notices)
	}
	const words = "Reminders no longer reach a browser of yours"
	letters := 0
	for _, l := range mailbox.letters() {
		if strings.Contains(l.raw, "Subject: "+words) && strings.Contains(l.raw, "https://tasks.example.com/settings/notifications") {
			letters++
		}
	}
	if letters != 1 {
		t.Errorf("got %d letters that say %q, want one", letters, words)
	}
	pushes := 0
	for _, m := range screen.messages() {
		content, err := screen.decrypt(m.body)
		if err != nil {
			t.Fatal(err)
		}
		var got pushMessage
		if err := json.Unmarshal(content, &got); err != nil {
			t.Fatal(err)
		}
		if got.Title == words && got.TaskID == "" && strings.HasSuffix(got.URL, "/settings/notifications") {
			pushes++
		}
	}
	if pushes != 1 {
		t.Errorf("got %d push messages that say %q, want one", pushes, words)
	}
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	cuts := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	t.Cleanup(cuts.Close)
	selfSigned := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(selfSigned.Close)
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}))
	t.Cleanup(silent.Close)
	twice := testTiming
	twice.schedule = twice.schedule[:1]
	const inTime, noName = "it did not answer in time", notPublic

	for name, tt := range map[string]struct{ url, want string }{
		"refused":      {"http://127.0.0.1:1", "it refused the connection"},
		"cut":          {cuts.URL, "it closed the connection without an answer"},
		"silent":       {silent.URL, inTime},
		"self-signed":  {selfSigned.URL, "its TLS certificate is not valid"},
		"not TLS":      {"https" + strings.TrimPrefix(silent.URL, "http"), "it does not speak TLS"},
		"unknown name": {"https://does-not-exist.invalid/", noName},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, timing := newFixture(t), twice
			if tt.want == inTime {
				timing.attempt = 2 * time.Second // the attempt lasts until the timeout
			}
			f.addChannel(t, postgres.Channel{Kind: postgres.ChannelWebhook, URL: tt.url + "/?key=topsecret", Secret: testSecret})
			f.start(t, timing).want(t, f.reminder(t, f.user, "x"))
			d := f.settledWithin(t, patience+2*timing.attempt, f.user, 1, postgres.DeliveryGivenUp)[0]
			if tt.want == noName && d.Reason == inTime {
				return // the result is unknown without a working name server
			}
			if d.Reason != tt.want || d.Attempts != 2 {
				t.Errorf("got %q after %d attempts, want %q after 2", d.Reason, d.Attempts, tt.want)
			}
		})
	}
}

// TestReasonsDoNotTellNames tells nobody whether a name exists in our network: the reason and the number
// of attempts are the same.
func TestReasonsDoNotTellNames(t *testing.T) {
	t.Parallel()
	request := func(address string, cause error) *failure {
		return unreached(t.Context(), &url.Error{Op: "Post", URL: address, Err: cause})
	}
	dial := func(cause error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: cause} }
	inside, notFound := dial(external.ErrNotPublic), dial(&net.DNSError{Err: "no such host", Name: "db", IsNotFound: true})
	failing := dial(&net.DNSError{Err: "server misbehaving", Name: "db", IsTemporary: true})
	for _, scheme := range []string{"http://", "https://"} {
		for name, cause := range map[string]error{"inside": inside, "unknown": notFound, "not resolved": failing} {
			got := request(scheme+"db/hook", cause)
			if got.reason != notPublic || got.permanent {
				t.Errorf("%s, %s: got %q, permanent %v; want the same as for the others", scheme, name, got.reason, got.permanent)
			}
		}
		// An address needs no name, and tells nothing.
		if got := request(scheme+"10.0.0.1/hook", inside); got.reason != notPublic || !got.permanent {
			t.Errorf("%s: got %q, permanent %v; want an address of our network refused for good", scheme, got.reason, got.permanent)
		}
	}
}
