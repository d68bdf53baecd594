package main

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

func TestOverloadIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	// Hold every place of the database's admission.
	ctx, release := context.WithCancel(t.Context())
	const places = 4 * 8
	held, ended := make(chan struct{}, places), make(chan struct{}, places)
	for range places {
		go func() {
			_ = p.db.InTx(t.Context(), func(pgx.Tx) error { held <- struct{}{}; <-ctx.Done(); return nil })
			ended <- struct{}{}
		}()
	}
	for range 8 {
		<-held
	}
	deadline := time.Now().Add(10 * time.Second)
	for {
		r := p.send(t, "GET", "/api/v1/tasks", nil)
		if r.Status == 503 && r.Header.Get("Retry-After") != "" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("got status %d and Retry-After %q, want 503 and some", r.Status, r.Header.Get("Retry-After"))
		}
	}
	release()
	for range places {
		<-ended
	}
	p.send(t, "GET", "/api/v1/tasks", nil).want(t, 200)
}
