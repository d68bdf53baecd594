package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/postgres"
	"taskmaster/internal/server"
	"taskmaster/internal/task"
)

// exportedSettings are the account settings in an export.
type exportedSettings struct {
	TimeZone  string `json:"time_zone" validate:"omitempty,timezone"`
	WeekStart string `json:"week_start" validate:"omitempty,oneof=monday sunday saturday"`
}

// exportedChannel is a channel in an export. It has no secrets. Of a URL it has only the host,
// because the rest often is a secret. A person can see which channels to add again, and nobody else
// can use it.
type exportedChannel struct {
	Kind    string `json:"kind"`
	Where   string `json:"where"`
	Enabled bool   `json:"enabled"`
}

// exportedAccount is the part of an export about the account, for callers with the scope account.
type exportedAccount struct {
	settings exportedSettings
	channels []exportedChannel
}

// readAccount reads the account for an export. It returns nil if the caller lacks the scope
// account.
func readAccount(ctx context.Context, tx pgx.Tx, c caller) (*exportedAccount, error) {
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
	out := &exportedAccount{settings: exportedSettings{TimeZone: u.TimeZone, WeekStart: u.WeekStart}, channels: []exportedChannel{}}
	for _, channel := range channels {
		out.channels = append(out.channels, exportedChannel{Kind: channel.Kind, Where: channel.Where(), Enabled: channel.Enabled})
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
	return fmt.Sprintf("\n\"settings\":%s,\n\"channels\":%s,\n", settings, channels), nil
}

// readSettings reads the settings of an export. storeSettings applies them.
func (in *importReader) readSettings(d *json.Decoder) error {
	var raw json.RawMessage
	if err := d.Decode(&raw); err != nil {
		return err
	}
	var s exportedSettings
	err := server.DecodeJSON(raw, &s)
	if err == nil {
		err = server.Validate(s)
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
	var channels []exportedChannel
	if err := d.Decode(&channels); err != nil {
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
		in.notes = append(in.notes, importNote{Message: about + " " + where + " is not imported: add it again under Notifications"})
	}
	return nil
}

// storeSettings applies the settings of a file to the account, and notes the changed ones.
func storeSettings(ctx context.Context, tx pgx.Tx, c caller, in *importReader, dryRun bool) ([]importNote, error) {
	if in.settings == nil {
		return nil, nil
	}
	if !c.Can(scopeAccount) {
		return []importNote{{Message: "the settings are left out: the API token lacks the scope " + scopeAccount}}, nil
	}
	u, err := postgres.LockUser(ctx, tx, c.UserID)
	if err != nil {
		return nil, err
	}
	var notes []importNote
	set := func(name string, value *string, wanted string) {
		if wanted == "" || wanted == *value {
			return
		}
		notes = append(notes, importNote{Message: fmt.Sprintf("%s was %s and is %s as in the file", name, *value, wanted)})
		*value = wanted
	}
	set("the account’s time zone", &u.TimeZone, in.settings.TimeZone)
	set("the first day of the week", &u.WeekStart, in.settings.WeekStart)
	if len(notes) == 0 || dryRun {
		return notes, nil
	}
	return notes, postgres.UpdateUser(ctx, tx, u)
}
