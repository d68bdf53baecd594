package main

import (
	"log/slog"
	"strings"
	"testing"

	"taskmaster/internal/postgres/postgrestest"
)

func TestConfig(t *testing.T) {
	t.Parallel()
	least := map[string]string{"DATABASE_URL": "postgres://x", "APP_API_TOKEN": "x"}
	if _, err := loadConfig(func(name string) string { return least[name] }); err != nil {
		t.Errorf("got %v, want the rest left out to be fine", err)
	}
	half := map[string]string{"SMTP_URL": "smtp://x", "VAPID_PUBLIC_KEY": "x", "WEBHOOK_ALLOW_NETWORKS": "10.0.0.0/8, here", "PUBLIC_URL": "x"}
	_, err := loadConfig(func(name string) string { return half[name] })
	if err == nil {
		t.Fatal("got no error")
	}
	for _, want := range []string{"DATABASE_URL", "APP_API_TOKEN", "SMTP_FROM", "VAPID_PRIVATE_KEY", "WEBHOOK_ALLOW_NETWORKS", "PUBLIC_URL"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s named", err, want)
		}
	}
}

func TestRunRefusesANewerDatabase(t *testing.T) {
	t.Parallel()
	err := run(t.Context(), config{DatabaseURL: postgrestest.NewerURL(t), DatabaseConns: 2}, nil, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "the database is of a newer version of TaskMaster") {
		t.Errorf("got error %v, want one that names a newer version", err)
	}
}
