package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"taskmaster/internal/apiv1"
)

// TestSettingsAndChannelsAreExported exports settings and channels without secrets. An import
// applies the settings and notes the changes. It adds no channel.
func TestSettingsAndChannelsAreExported(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	ada, bob := a.newPerson(t), a.newPerson(t)
	ada.send(t, "PATCH", "/api/v1/me", object{"time_zone": "Europe/Berlin", "week_start": "sunday", "language": "fr", "line_signs": "todoist"}).want(t, 200)
	ada.newTask(t, object{"title": "Buy milk"})
	ada.send(t, "POST", "/api/v1/channels", strings.Replace(testWebhook, "?key=1", "/topsecret?key=topsecret", 1)).want(t, 201)
	ada.send(t, "POST", "/api/v1/channels", strings.Replace(testSubscription, "send/abc", "send/topsecret", 1)).want(t, 201)
	ada.send(t, "POST", "/api/v1/channels", fmt.Sprintf(`{"kind": "email", "address": %q, "enabled": false}`, ada.Email)).want(t, 201)
	file := string(ada.send(t, "GET", "/api/v1/export", nil).want(t, 200).Body)
	var got struct {
		Settings apiv1.ExportedSettings
		Channels []apiv1.ExportedChannel
		Tasks    []json.RawMessage
	}
	if err := json.Unmarshal([]byte(file), &got); err != nil {
		t.Fatal(err)
	}
	if want := (apiv1.ExportedSettings{TimeZone: "Europe/Berlin", WeekStart: "sunday", Language: "fr", LineSigns: "todoist"}); got.Settings != want || len(got.Tasks) != 1 {
		t.Errorf("got %+v, want %+v and a task", got, want)
	}
	want := []apiv1.ExportedChannel{
		{Kind: "webhook", Where: "example.com", Enabled: true}, {Kind: "web_push", Where: "push.example.com", Enabled: true}, {Kind: "email", Where: ada.Email},
	}
	if fmt.Sprint(got.Channels) != fmt.Sprint(want) {
		t.Errorf("got channels %v, want %v", got.Channels, want)
	}
	for _, secret := range []string{"topsecret", "whsec_", "BTBZMqHH6r4Tts7J_aSIgg"} {
		if strings.Contains(file, secret) {
			t.Errorf("the export has %s in it: %s", secret, file)
		}
	}
	// A token that may only read tasks gets no settings and channels.
	limited := string(a.send(t, "GET", "/api/v1/export", nil, bearer(ada.newToken(t, scopeRead))).want(t, 200).Body)
	if strings.Contains(limited, "settings") || strings.Contains(limited, "channels") {
		t.Errorf("got %s, want only tasks", limited)
	}

	notes := func(r reply) string { return fmt.Sprint(decoded[apiv1.ImportResult](t, r.want(t, 200)).Notes) }
	me := func(p person) apiv1.User {
		t.Helper()
		return decoded[apiv1.User](t, p.send(t, "GET", "/api/v1/me", nil).want(t, 200))
	}
	said := notes(bob.send(t, "POST", "/api/v1/import?dry_run=true", file))
	for _, want := range []string{"time zone was UTC and is Europe/Berlin", "first day of the week was monday and is sunday", "the webhook at example.com is not imported", "the browser at push.example.com is not imported"} {
		if !strings.Contains(said, want) {
			t.Errorf("the dry run says %s, want %q", said, want)
		}
	}
	if got := me(bob); got.TimeZone != "UTC" {
		t.Errorf("after a dry run the time zone is %s, want UTC", got.TimeZone)
	}
	if said := notes(a.send(t, "POST", "/api/v1/import", file, bearer(bob.newToken(t, scopeWrite)))); !strings.Contains(said, "lacks the scope account") || me(bob).TimeZone != "UTC" {
		t.Errorf("a token without the scope: got %s and time zone %s", said, me(bob).TimeZone)
	}
	bob.send(t, "POST", "/api/v1/import", file).want(t, 200)
	if got := me(bob); got.TimeZone != "Europe/Berlin" || got.WeekStart != "sunday" || got.Language != "fr" || got.LineSigns != "todoist" {
		t.Errorf("got %+v, want the settings of the file", got)
	}
	if got := bob.channels(t); len(got) != 0 {
		t.Errorf("the import made the channels %+v", got)
	}
	if said := notes(bob.send(t, "POST", "/api/v1/import", file)); strings.Contains(said, "time zone") {
		t.Errorf("imported again it says %s, want nothing of the settings", said)
	}
	for body, field := range map[string]string{
		`{"version": 1, "settings": {"time_zone": "Mars"}, "tasks": []}`:                                       "settings.time_zone",
		`{"version": 1, "settings": {"password": "x"}, "tasks": []}`:                                           "settings.password",
		`{"version": 1, "channels": [{"kind": "sms", "where": "x", "enabled": true}], "tasks": []}`:            "channels[0].kind",
		`{"version": 1, "channels": [` + strings.Repeat(`{},`, maxImportedChannels) + `{}` + `], "tasks": []}`: "channels",
	} {
		if r := bob.send(t, "POST", "/api/v1/import", body).wantProblem(t, 422, "invalid"); !strings.Contains(string(r.Body), fmt.Sprintf(`"field":%q`, field)) {
			t.Errorf("%.80s: got %s, want the field %s named", body, r.Body, field)
		}
	}
}
