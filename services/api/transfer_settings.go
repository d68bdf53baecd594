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

// exportedSettings are the account's settings in an export.
type exportedSettings struct {
	TimeZone  string `json:"time_zone" validate:"omitempty,timezone"`
	WeekStart string `json:"week_start" validate:"omitempty,oneof=monday sunday saturday"`
}

// exportedChannel is a channel in an export. It has no secret: of a URL only the host, since the rest of it often is one. With it a
// person knows which channels to add again; nobody else can use it.
type exportedChannel struct {
	Kind    string `json:"kind"`
	Where   string `json:"where"`
	Enabled bool   `json:"enabled"`
}

// exportedAccount is what an export says of the account, for callers who may read that.
type exportedAccount struct {
	settings exportedSettings
	channels []exportedChannel
}

// readAccount reads what an export says of the account; nil when the caller may not read it.
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

// fields returns the account as the beginning of an export's members.
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

// readSettings reads the settings of an export, which storeSettings applies.
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

// maxImportedChannels is how many channels of a file are read.
const maxImportedChannels = 100

// readChannels reads the channels of an export and adds none of them: a file must not make reminders go somewhere. It notes which
// there were.
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
		in.notes = append(in.notes, importNote{Message: about + " " + where + " is not taken from a file: add it again under Notifications"})
	}
	return nil
}

// storeSettings applies the settings of a file to the account, and notes which of them are different now.
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
