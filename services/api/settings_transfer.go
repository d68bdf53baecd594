package main

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/postgres"
	"taskmaster/internal/server"
	"taskmaster/internal/task"
)

// exportedAccount is the part of an export about the account, for callers with the scope account.
type exportedAccount struct {
	settings    apiv1.ExportedSettings
	channels    []apiv1.ExportedChannel
	connections []apiv1.ExportedConnection
	// conversations are in JSON, as the assistant stored them.
	conversations []json.RawMessage
}

// readAccount reads the account for an export. It returns nil if the caller lacks the scope
// account.
func readAccount(ctx context.Context, tx pgx.Tx, c caller, now time.Time) (*exportedAccount, error) {
	if !c.Can(scopeAccount) {
		return nil, nil
	}
	u, err := postgres.UserByID(ctx, tx, c.UserID)
	if err != nil {
		return nil, err
	}
	channels, err := postgres.Channels(ctx, tx, c.UserID)
	if err != nil {
		return nil, err
	}
	grants, err := postgres.OAuthGrants(ctx, tx, c.UserID, now)
	if err != nil {
		return nil, err
	}
	conversations, err := postgres.Conversations(ctx, tx, c.UserID)
	if err != nil {
		return nil, err
	}
	out := &exportedAccount{
		settings: apiv1.ExportedSettings{TimeZone: u.TimeZone, WeekStart: u.WeekStart, Language: u.Language, LineSigns: u.LineSigns, DefaultReminders: u.ChosenReminders},
		channels: []apiv1.ExportedChannel{}, connections: []apiv1.ExportedConnection{},
		conversations: conversations,
	}
	for _, g := range grants {
		out.connections = append(out.connections, apiv1.ExportedConnection{Name: g.ClientName, Place: g.Place, Scopes: g.Scopes, CreatedAt: g.CreatedAt})
	}
	for _, channel := range channels {
		out.channels = append(out.channels, apiv1.ExportedChannel{Kind: channel.Kind, Where: channel.Where(), Enabled: channel.Enabled})
	}
	return out, nil
}

// fields returns the account as the first members of the JSON object.
func (a *exportedAccount) fields() (string, error) {
	if a == nil {
		return "", nil
	}
	settings, err := json.Marshal(a.settings)
	if err != nil {
		return "", fmt.Errorf("encode settings: %w", err)
	}
	channels, err := json.Marshal(a.channels)
	if err != nil {
		return "", fmt.Errorf("encode channels: %w", err)
	}
	connections, err := json.Marshal(a.connections)
	if err != nil {
		return "", fmt.Errorf("encode connections: %w", err)
	}
	conversations, err := json.Marshal(a.conversations)
	if err != nil {
		return "", fmt.Errorf("encode conversations: %w", err)
	}
	return fmt.Sprintf("\n\"settings\":%s,\n\"channels\":%s,\n\"connections\":%s,\n\"conversations\":%s,\n", settings, channels, connections, conversations), nil
}

// readSettings reads the settings of an export. storeSettings applies them.
func (in *importReader) readSettings(d *json.Decoder) error {
	var raw json.RawMessage
	if err := d.Decode(&raw); err != nil {
		return err
	}
	var s apiv1.ExportedSettings
	err := server.DecodeJSON(raw, &s)
	if err == nil {
		err = server.Validate(s)
	}
	if err == nil && s.DefaultReminders != nil {
		err = s.DefaultReminders.Validate()
	}
	if err != nil {
		return task.InvalidFields(inField("settings", err))
	}
	in.settings = &s
	return nil
}

// maxImportedChannels is the largest number of channels in a file.
const maxImportedChannels = 100

// readChannels adds no channel, because a file must not redirect reminders. It notes the channels
// of the file.
func (in *importReader) readChannels(d *json.Decoder) error {
	var channels []apiv1.ExportedChannel
	if err := in.readField(d, "channels", &channels); err != nil {
		return err
	}
	if len(channels) > maxImportedChannels {
		return task.Invalid("channels", fmt.Sprintf("has more than %d entries", maxImportedChannels))
	}
	kinds := map[string]string{postgres.ChannelWebhook: "the webhook at", postgres.ChannelEmail: "the e-mail channel to", postgres.ChannelWebPush: "the browser at"}
	for i, c := range channels {
		about, known := kinds[c.Kind]
		if !known {
			return task.Invalid(fmt.Sprintf("channels[%d].kind", i), "is not webhook, email or web_push")
		}
		where := strings.ToValidUTF8(c.Where[:min(len(c.Where), 200)], "")
		in.notes = append(in.notes, apiv1.ImportNote{Message: about + " " + where + " is not imported: add it again under Notifications"})
	}
	return nil
}

// storeSettings applies the settings of a file to the account, and notes the changed ones.
func storeSettings(ctx context.Context, tx pgx.Tx, c caller, in *importReader, dryRun bool, now time.Time) ([]apiv1.ImportNote, error) {
	if in.settings == nil {
		return nil, nil
	}
	if !c.Can(scopeAccount) {
		return []apiv1.ImportNote{{Message: "the settings are left out: the API token lacks the scope " + scopeAccount}}, nil
	}
	u, err := postgres.LockUser(ctx, tx, c.UserID)
	if err != nil {
		return nil, err
	}
	before := u
	var notes []apiv1.ImportNote
	set := func(name string, value *string, wanted string) {
		if wanted == "" || wanted == *value {
			return
		}
		notes = append(notes, apiv1.ImportNote{Message: fmt.Sprintf("%s was %s and is %s as in the file", name, *value, wanted)})
		*value = wanted
	}
	set("the account’s time zone", &u.TimeZone, in.settings.TimeZone)
	set("the first day of the week", &u.WeekStart, in.settings.WeekStart)
	set("the language of quick add", &u.Language, in.settings.Language)
	set("the signs of quick add", &u.LineSigns, in.settings.LineSigns)
	if chosen := in.settings.DefaultReminders; chosen != nil && !reflect.DeepEqual(*chosen, u.DefaultReminders()) {
		notes = append(notes, apiv1.ImportNote{Message: "the reminders of tasks that name none are as in the file"})
		u.ChosenReminders = chosen
	}
	if len(notes) == 0 || dryRun {
		return notes, nil
	}
	return notes, storeUser(ctx, tx, before, u, now)
}
