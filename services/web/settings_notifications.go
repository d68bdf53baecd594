package main

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"taskmaster/internal/task"
)

const notificationsPath = "/settings/notifications"

// notificationsPage is what /settings/notifications shows.
type notificationsPage struct {
	User     user
	Channels []shownChannel
	HasEmail bool
	// PushKey is what a browser needs to subscribe to push, "" when push is not set up here.
	PushKey string
	// Made is a webhook that was just made, whose secret is shown this once.
	Made       *apiChannel
	Deliveries []shownDelivery
	// Waiting is that something is still to be tried.
	Waiting bool
	Refused *refusedForm
}

type shownChannel struct {
	ID, Kind, Name, Where string
	Enabled               bool
	// Reason is why the system disabled the channel. Trouble is why the last reminder to an enabled one did not arrive.
	Reason, Trouble string
	// ThereAlone is that the channel can be turned on in its browser alone.
	ThereAlone bool
	Made       moment
}

type shownDelivery struct {
	ID, Kind, State, Reason, TaskID string
	Test, Again                     bool
	Attempts                        int
	At                              moment
	Next                            *moment
}

// shownDeliveries is how many deliveries are listed.
const shownDeliveries = "30"

func (w *web) notificationSettings(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.showNotifications(rw, r, v, http.StatusOK, notificationsPage{})
}

func (w *web) showNotifications(rw http.ResponseWriter, r *http.Request, v *visit, status int, p notificationsPage) error {
	channels, err := all[apiChannel](r.Context(), v.session, "/channels?limit=200")
	if err != nil {
		return err
	}
	deliveries, err := all[apiDelivery](r.Context(), v.session, "/deliveries?limit="+shownDeliveries)
	if err != nil {
		return err
	}
	if p.PushKey, err = v.pushKey(r.Context()); err != nil {
		return err
	}
	p.User = v.user
	for _, c := range channels {
		p.HasEmail = p.HasEmail || c.Kind == "email"
		shown := shownChannel{ID: c.ID, Kind: c.Kind, Name: kindName(c.Kind), Where: c.where(), Enabled: c.Enabled, Made: newMoment(c.CreatedAt, v.now, v.zone)}
		if c.DisabledReason != nil {
			shown.Reason, shown.ThereAlone = *c.DisabledReason, c.Kind == "web_push"
		} else if c.Enabled {
			shown.Trouble = troubleOf(c.ID, deliveries)
		}
		p.Channels = append(p.Channels, shown)
	}
	for _, d := range deliveries {
		shown := shownDelivery{ID: d.ID, Kind: kindName(d.ChannelKind), State: stateName(d.State), Test: d.Test, Attempts: d.Attempts, Next: v.moment(d.NextAttemptAt),
			At: newMoment(d.CreatedAt, v.now, v.zone), Again: d.ChannelID != nil && (d.State == "failed" || d.State == "given_up")}
		if d.Reason != nil {
			shown.Reason = *d.Reason
		}
		p.Waiting = p.Waiting || d.State == "pending" || d.State == "failed"
		if d.TaskID != nil {
			shown.TaskID = *d.TaskID
		}
		p.Deliveries = append(p.Deliveries, shown)
	}
	here := page{Name: "notifications", Title: "Notifications", Path: notificationsPath, Here: notificationsPath, Body: p, Secret: p.Made != nil}
	return w.showTo(rw, r, v, status, here)
}

// troubleOf returns why the last delivery to a channel was given up, "" when it was not. deliveries are the newest first.
func troubleOf(channelID string, deliveries []apiDelivery) string {
	for _, d := range deliveries {
		switch {
		case d.ChannelID == nil, *d.ChannelID != channelID, d.State == "pending":
		case d.State == "given_up" && d.Reason != nil:
			return *d.Reason
		default:
			return ""
		}
	}
	return ""
}

// pushKey returns what a browser needs to subscribe to push, "" when push is not set up.
func (s *session) pushKey(ctx context.Context) (string, error) {
	var out struct {
		PublicKey string `json:"public_key"`
	}
	err := s.call(ctx, "GET", "/push-key", nil, &out)
	if task.ErrorCode(err) == task.CodeNotFound {
		return "", nil
	}
	return out.PublicKey, err
}

// where says where a channel leads: of a push service the host alone, for the rest is nobody's name for anything.
func (c apiChannel) where() string {
	if c.Kind != "web_push" {
		return c.URL + c.Address
	}
	if u, err := url.Parse(c.Endpoint); err == nil {
		return u.Host
	}
	return ""
}

func kindName(kind string) string {
	switch kind {
	case "web_push":
		return "Browser"
	case "email":
		return "E-mail"
	}
	return "Webhook"
}

func stateName(state string) string { return strings.ReplaceAll(state, "_", " ") }

// addChannel adds a webhook or the account's own address. A browser adds itself by script.
func (w *web) addChannel(rw http.ResponseWriter, r *http.Request, v *visit) error {
	kind := r.PostFormValue("kind")
	in := map[string]string{"kind": kind}
	if kind == "webhook" {
		in["url"] = strings.TrimSpace(r.PostFormValue("url"))
	} else {
		in["address"] = v.user.Email
	}
	var made apiChannel
	if err := v.call(r.Context(), "POST", "/channels", in, &made, "Idempotency-Key", r.PostFormValue("key")); err != nil {
		return w.refuseNotifications(rw, r, v, err, kind, "url")
	}
	if made.Secret != "" {
		return w.showNotifications(rw, r, v, http.StatusOK, notificationsPage{Made: &made})
	}
	return w.done(rw, r, notificationsPath, notice{Text: "Reminders now go to " + v.user.Email})
}

func (w *web) refuseNotifications(rw http.ResponseWriter, r *http.Request, v *visit, err error, form string, fields ...string) error {
	refused, status, err := w.refuse(rw, r, err, form, fields...)
	if err != nil {
		return err
	}
	return w.showNotifications(rw, r, v, status, notificationsPage{Refused: refused})
}

// changeChannel does what a button beside a channel says: enable, disable, test or delete; or dismisses the message that it ended.
func (w *web) changeChannel(rw http.ResponseWriter, r *http.Request, v *visit) error {
	path := itemPath("/channels", r.PathValue("id"))
	var err error
	var said string
	switch r.PathValue("what") {
	case "enable":
		said = "Reminders go there again"
		err = v.call(r.Context(), "PATCH", path, map[string]bool{"enabled": true}, nil)
	case "disable":
		said = "Reminders go there no more"
		err = v.call(r.Context(), "PATCH", path, map[string]bool{"enabled": false}, nil)
	case "test":
		said = "A test is on its way: what becomes of it stands under Deliveries"
		err = v.call(r.Context(), "POST", path+"/test", nil, nil, "Idempotency-Key", r.PostFormValue("key"))
	case "dismiss":
		err = v.call(r.Context(), "PATCH", path, map[string]bool{"dismissed": true}, nil)
		if err == nil || isGone(err) {
			return w.done(rw, r, back(r), notice{})
		}
	case "delete":
		said = "Deleted"
		err = v.call(r.Context(), "DELETE", path, nil, nil)
	default:
		return task.Errorf(task.CodeNotFound, "there is nothing such to do with a channel")
	}
	switch {
	case isGone(err):
		return w.done(rw, r, notificationsPath, notice{Text: "That channel has been deleted already"})
	case err != nil:
		return w.refuseNotifications(rw, r, v, err, "channel")
	}
	return w.done(rw, r, notificationsPath, notice{Text: said})
}

// retryDelivery sends a delivery again.
func (w *web) retryDelivery(rw http.ResponseWriter, r *http.Request, v *visit) error {
	path := itemPath("/deliveries", r.PathValue("id")) + "/retry"
	if err := v.call(r.Context(), "POST", path, nil, nil, "Idempotency-Key", r.PostFormValue("key")); err != nil {
		return w.refuseNotifications(rw, r, v, err, "delivery")
	}
	return w.done(rw, r, notificationsPath, notice{Text: "It is being sent again"})
}
