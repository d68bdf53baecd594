package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"taskmaster/cmd/local/build"
	"taskmaster/cmd/local/console"
	"taskmaster/internal/apiv1"
	"taskmaster/internal/conversation"
	"taskmaster/internal/portblock"
	"taskmaster/internal/postgres"
	"taskmaster/internal/postgres/postgrestest"
	"taskmaster/internal/sidecar"
	"taskmaster/internal/sidecar/daprd"
	"taskmaster/internal/testkit"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }

// startTimeout is the limit for the start of a sidecar, as in cmd/local. A busy machine is slow.
const startTimeout = 90 * time.Second

// storeThroughDapr returns conversations in the database at a URL, through a sidecar of its own with the component
// file of this project. stop ends the sidecar.
func storeThroughDapr(t *testing.T, database string) (s *conversation.Store, stop func()) {
	t.Helper()
	const root = "../.."
	builder := build.New(root, console.New(t.Output(), 0).Lines("build", nil), func(string) func() { return func() {} })
	if err := builder.BuildDapr(t.Context(), build.Daprd); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	secrets, err := json.Marshal(map[string]map[string]string{"database": {"url": database}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "secrets.json"), secrets, 0o600); err != nil {
		t.Fatal(err)
	}
	ports, release, err := portblock.Take(t.Context(), "127.0.0.1", "127.0.0.1", "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	absolute := func(path string) string {
		path, err := filepath.Abs(filepath.Join(root, path))
		if err != nil {
			t.Fatal(err)
		}
		return path
	}
	flags := daprd.Sidecar{
		AppID: "assistant", HTTPPort: ports[0], GRPCPort: ports[1], InternalPort: ports[2], LogLevel: "warn",
		Resources: []string{absolute("dapr/state"), absolute("dapr/resiliency"), absolute("dapr/local")},
		Configs:   []string{absolute("dapr/configuration/taskmaster.yaml"), absolute("dapr/local/configuration.yaml")},
	}
	cmd := exec.CommandContext(t.Context(), absolute(filepath.Join(".local", "bin", build.Daprd)), flags.Args()...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, t.Output(), t.Output()
	cmd.Env = append(os.Environ(), "DAPR_HOST_IP=127.0.0.1")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop = sync.OnceFunc(func() {
		_ = cmd.Process.Kill() // as kill -9
		_ = cmd.Wait()         // the error reports the kill
	})
	t.Cleanup(stop)
	testkit.Within(t, startTimeout, "the sidecar is ready", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, flags.HealthURL(), nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			return false
		}
		res.Body.Close()
		return res.StatusCode/100 == 2
	})
	client, err := sidecar.New(ports[1], ports[0], "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return conversation.New(client, time.Now), stop
}

// TestConversationsThroughDapr keeps conversations by real sidecars in PostgreSQL. Two replicas share one, it survives
// their end, and it goes with the account.
func TestConversationsThroughDapr(t *testing.T) {
	t.Parallel()
	url := postgrestest.URL(t)
	db, err := postgres.Open(t.Context(), url, 2)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	user := postgrestest.NewUser(t, db, time.Now())
	name, id := user.String(), conversation.IDOf(user.String(), "0")
	one, stopOne := storeThroughDapr(t, url)
	two, stopTwo := storeThroughDapr(t, url)
	if err := one.Begin(t.Context(), name, "", 100); err != nil {
		t.Fatal(err)
	}
	const each = 4
	var all sync.WaitGroup
	for replica, s := range []*conversation.Store{one, two} {
		all.Go(func() {
			for n := range each {
				if err := s.Add(t.Context(), name, id, true, apiv1.ConversationTurn{ID: fmt.Sprint(replica, n), At: time.Now(), Said: "hello"}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	stopOne()
	stopTwo()

	again, _ := storeThroughDapr(t, url)
	c, err := again.Get(t.Context(), name, id)
	if err != nil || len(c.Turns) != 2*each {
		t.Errorf("after the end of both sidecars: got %d turns, %v, want %d", len(c.Turns), err, 2*each)
	}
	postgrestest.InTx(t, db, func(tx pgx.Tx) error {
		stored, err := postgres.Conversations(t.Context(), tx, user)
		if err != nil || len(stored) != 1 || json.Unmarshal(stored[0], &c) != nil || c.ID != id {
			t.Errorf("got %s, %v, want the conversation for the export", stored, err)
		}
		if _, err := postgres.LockUserToDelete(t.Context(), tx, user); err != nil {
			return err
		}
		return postgres.DeleteUser(t.Context(), tx, user)
	})
	if list, err := again.List(t.Context(), name); err != nil || len(list) != 0 {
		t.Errorf("after the end of the account: got %+v, %v, want none", list, err)
	}
	if err := again.Begin(t.Context(), name, "", 100); err == nil {
		t.Error("a turn of a deleted account was counted")
	}
}
