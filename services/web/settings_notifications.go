package main

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/google/uuid"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/task"
	"taskmaster/services/web/client"
)

const notificationsPath = "/settings/notifications"

// notificationsPage is the page /settings/notifications.
type notificationsPage struct {
	User     apiv1.Me
	Channels []shownChannel
	HasEmail bool
	// PushKey is the server's public key for push subscriptions. It is "" when push is not
	// configured.
	PushKey string
	// Made is the new webhook after its creation. The page shows its secret once.
	Made       *apiv1.ChannelWithSecret
	Deliveries []shownDelivery
	// Waiting reports whether a delivery is still pending.
	Waiting bool
	Refused *refusedForm
}

type shownChannel struct {
	ID                uuid.UUID
	Kind, Name, Where string
	Enabled           bool
	// Reason is the reason for which the system disabled the channel. LastFailure is the error of the last
	// reminder to an enabled channel.
	Reason, LastFailure string
	// OnlyThere reports whether only the channel's own browser can enable it.
	OnlyThere bool
	Made      moment
}

type shownDelivery struct {
	ID                  uuid.UUID
	TaskID              *uuid.UUID
	Kind, State, Reason string
	Test, Again         bool
	Attempts            int
	At                  moment
	Next                *moment
}

// shownDeliveries is the number of listed deliveries.
const shownDeliveries = "30"

func (s *service) notificationSettings(w http.ResponseWriter, r *http.Request, rc *requestContext) error {
	return s.showNotifications(w, r, rc, http.StatusOK, notificationsPage{})
}

func (s *service) showNotifications(w http.ResponseWriter, r *http.Request, rc *requestContext, status int, p notificationsPage) error {
	channels, err := client.All[apiv1.Channel](r.Context(), rc.Client, "/channels?limit=200")
	if err != nil {
		return err
	}
	deliveries, err := client.All[apiv1.Delivery](r.Context(), rc.Client, "/deliveries?limit="+shownDeliveries)
	if err != nil {
		return err
	}
	if p.PushKey, err = rc.PushKey(r.Context()); err != nil {
		return err
	}
	p.User = rc.user
	for _, c := range channels {
		p.HasEmail = p.HasEmail || c.Kind == "email"
		shown := shownChannel{ID: c.ID, Kind: c.Kind, Name: kindName(c.Kind), Where: channelTarget(c), Enabled: c.Enabled, Made: newMoment(c.CreatedAt, rc.now, rc.zone)}
		if c.DisabledReason != nil {
			shown.Reason, shown.OnlyThere = *c.DisabledReason, c.Kind == "web_push"
		} else if c.Enabled {
			shown.LastFailure = lastFailure(c.ID, deliveries)
		}
		p.Channels = append(p.Channels, shown)
	}
	for _, d := range deliveries {
		shown := shownDelivery{ID: d.ID, TaskID: d.TaskID, Kind: kindName(d.ChannelKind), State: stateName(d.State), Test: d.Test, Attempts: d.Attempts, Next: rc.moment(d.NextAttemptAt),
			At: newMoment(d.CreatedAt, rc.now, rc.zone), Again: d.ChannelID != nil && (d.State == "failed" || d.State == "given_up")}
		if d.Reason != nil {
			shown.Reason = *d.Reason
		}
		p.Waiting = p.Waiting || d.State == "pending" || d.State == "failed"
		p.Deliveries = append(p.Deliveries, shown)
	}
	here := page{Name: "notifications", Title: "Notifications", Path: notificationsPath, Here: notificationsPath, Body: p, Secret: p.Made != nil}
	return s.showTo(w, r, rc, status, here)
}

// lastFailure returns the error of the last delivery to a channel if it was given up, or "".
// deliveries are sorted from the newest.
func lastFailure(channelID uuid.UUID, deliveries []apiv1.Delivery) string {
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

// channelTarget returns the target of a channel. For a push subscription it is only the host, because
// people cannot recognise the rest.
func channelTarget(c apiv1.Channel) string {
	if c.Kind != "web_push" {
		return c.URL + c.Address
	}
	if u, err := url.Parse(c.Endpoint); err == nil {
		return u.Host
	}
	return ""
}

// endedWords describes a channel that the system disabled.
func endedWords(e apiv1.EndedChannel) string {
	about := map[string]string{"web_push": "one of your browsers", "email": "your mailbox"}[e.Kind]
	if about == "" {
		about = "one of your webhooks"
	}
	return "Reminders no longer reach " + about + " (" + e.Where + "): " + strings.TrimSuffix(e.Reason, ".") + "."
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

// addChannel adds a webhook or the account's e-mail address. Browsers add themselves by script.
func (s *service) addChannel(w http.ResponseWriter, r *http.Request, rc *requestContext) error {
	kind := r.PostFormValue("kind")
	in := apiv1.ChannelInput{Kind: kind}
	if kind == "webhook" {
		in.URL = strings.TrimSpace(r.PostFormValue("url"))
	} else {
		in.Address = rc.user.Email
	}
	var made apiv1.ChannelWithSecret
	if err := rc.Call(r.Context(), "POST", "/channels", in, &made, "Idempotency-Key", r.PostFormValue("key")); err != nil {
		return s.refuseNotifications(w, r, rc, err, kind, "url")
	}
	if made.Secret != "" || made.ShownOnce {
		return s.showNotifications(w, r, rc, http.StatusOK, notificationsPage{Made: &made})
	}
	return s.redirectWithFlash(w, r, notificationsPath, flashMessage{Text: "Reminders now go to " + rc.user.Email})
}

func (s *service) refuseNotifications(w http.ResponseWriter, r *http.Request, rc *requestContext, err error, form string, fields ...string) error {
	refused, status, err := s.refuse(w, r, err, form, fields...)
	if err != nil {
		return err
	}
	return s.showNotifications(w, r, rc, status, notificationsPage{Refused: refused})
}

// changeChannel enables, disables, tests or deletes a channel, or dismisses the message that it
// ended.
func (s *service) changeChannel(w http.ResponseWriter, r *http.Request, rc *requestContext) error {
	path := client.ItemPath("/channels", r.PathValue("id"))
	var err error
	var said string
	switch r.PathValue("what") {
	case "enable":
		said = "Reminders go there again"
		err = rc.Call(r.Context(), "PATCH", path, apiv1.ChannelPatch{Enabled: new(true)}, nil)
	case "disable":
		said = "Reminders no longer go there"
		err = rc.Call(r.Context(), "PATCH", path, apiv1.ChannelPatch{Enabled: new(false)}, nil)
	case "test":
		said = "A test is on its way. Its result appears under Deliveries"
		err = rc.Call(r.Context(), "POST", path+"/test", nil, nil, "Idempotency-Key", r.PostFormValue("key"))
	case "dismiss":
		err = rc.Call(r.Context(), "PATCH", path, apiv1.ChannelPatch{Dismissed: new(true)}, nil)
		if err == nil || isGone(err) {
			return s.redirectWithFlash(w, r, back(r), flashMessage{})
		}
	case "delete":
		said = "Deleted"
		err = rc.Call(r.Context(), "DELETE", path, nil, nil)
	default:
		return task.Errorf(task.CodeNotFound, "a channel has no such action")
	}
	switch {
	case isGone(err):
		return s.redirectWithFlash(w, r, notificationsPath, flashMessage{Text: "That channel has been deleted already"})
	case err != nil:
		return s.refuseNotifications(w, r, rc, err, "channel")
	}
	return s.redirectWithFlash(w, r, notificationsPath, flashMessage{Text: said})
}

// retryDelivery sends a delivery again.
func (s *service) retryDelivery(w http.ResponseWriter, r *http.Request, rc *requestContext) error {
	path := client.ItemPath("/deliveries", r.PathValue("id")) + "/retry"
	if err := rc.Call(r.Context(), "POST", path, nil, nil, "Idempotency-Key", r.PostFormValue("key")); err != nil {
		return s.refuseNotifications(w, r, rc, err, "delivery")
	}
	return s.redirectWithFlash(w, r, notificationsPath, flashMessage{Text: "It is being sent again"})
}
