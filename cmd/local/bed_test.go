package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// bed is a broker, a scheduler and sidecars as the plan has them, in front of stand-ins for the services.
type bed struct {
	plan
	t       *testing.T
	console *console
	broker  *process
	jobs    *process // the scheduler
}

func newBed(t *testing.T, services []string, replicas map[string]int) *bed {
	t.Helper()
	cfg, err := loadConfig([]string{
		"-ports=free", "-dir=" + t.TempDir(), "-services=" + strings.Join(services, ","),
		"-broker=" + cmp.Or(os.Getenv("BROKER"), "nats"),
	}, os.Getenv, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	cfg.replicas = replicas
	console := &console{w: t.Output(), width: len("recurring-2/dapr")}
	bin := binDir(cfg.root)
	unlock, err := waitLock(bin)
	if err != nil {
		t.Fatal(err)
	}
	err = buildDapr(t.Context(), cfg.root, bin, []string{daprdProgram, schedulerProgram}, console.writer("build", ""), newStages())
	unlock()
	if err != nil {
		t.Fatal(err)
	}
	layout, err := fixedLayout(cfg)
	if err != nil {
		t.Fatal(err)
	}
	release, err := layout.claim(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	secrets, err := loadSecrets(cfg.dir)
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	b := &bed{plan: plan{cfg: cfg, layout: layout, secrets: secrets, self: self}, t: t, console: console}
	if err := b.writeDaprSecrets(); err != nil {
		t.Fatal(err)
	}
	b.startBroker()
	b.startScheduler()
	return b
}

func (b *bed) startScheduler() {
	b.t.Helper()
	scheduler := b.scheduler()
	b.jobs = b.start(scheduler)
	b.await(scheduler.name, scheduler.ready)
}

// start starts a program that ends with the test at the latest.
func (b *bed) start(s spec) *process {
	b.t.Helper()
	p, err := startProcess(s, b.console.writer(s.name, s.role))
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() {
		if err := p.Stop(); err != nil {
			b.t.Error(err)
		}
	})
	return p
}

func (b *bed) await(name, url string) {
	b.t.Helper()
	if err := awaitURL(b.t.Context(), name, url); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bed) startBroker() {
	b.t.Helper()
	if err := b.cfg.broker.prepare(b.t.Context(), b.plan, b.console.writer("local", "")); err != nil {
		b.t.Fatal(err)
	}
	b.broker = b.start(b.cfg.broker.spec(b.plan))
	err := await(b.t.Context(), "broker", func(ctx context.Context) error {
		return b.cfg.broker.ready(ctx, b.plan)
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// restartBroker kills the broker and starts it again.
func (b *bed) restartBroker() {
	b.t.Helper()
	if err := b.broker.cmd.Process.Kill(); err != nil {
		b.t.Fatal(err)
	}
	<-b.broker.Done()
	b.startBroker()
}

func (b *bed) replica(service string, number int) replica {
	for _, r := range b.layout.replicas {
		if r.service == service && r.number == number {
			return r
		}
	}
	b.t.Fatalf("no replica %d of %s", number, service)
	return replica{}
}

// startSidecars starts the replicas' sidecars at once and waits for all.
func (b *bed) startSidecars(replicas ...replica) []*process {
	b.t.Helper()
	var started []*process
	for _, r := range replicas {
		started = append(started, b.start(b.sidecar(r)))
	}
	for _, r := range replicas {
		b.await(r.id(), b.sidecar(r).ready)
	}
	return started
}

// noticed says whether the replica's sidecar knows that its service is away.
func (b *bed) noticed(r replica) bool {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, "http://"+r.daprHTTPAddress()+"/v1.0/invoke/"+r.service+"/method/healthz", nil)
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Dapr-Api-Token", b.secrets.DaprAPIToken)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return err == nil && strings.Contains(string(body), "not in a healthy state")
}

// publish hands an event to the sidecar, again until it is taken.
func (b *bed) publish(r replica, topic, id string) {
	b.t.Helper()
	body, err := json.Marshal(map[string]any{
		"specversion": "1.0", "id": id, "source": "test", "type": "task.created", "datacontenttype": "application/json",
		"data": map[string]string{"event_type": "task.created"},
	})
	if err != nil {
		b.t.Error(err)
	}
	url := "http://" + r.daprHTTPAddress() + "/v1.0/publish/kafka-pubsub/" + topic
	err = await(b.t.Context(), "publishing "+id, func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", "application/cloudevents+json")
		req.Header.Set("Dapr-Api-Token", b.secrets.DaprAPIToken)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if resp.StatusCode/100 != 2 {
			return fmt.Errorf("publish: %s", resp.Status)
		}
		return nil
	})
	if err != nil {
		b.t.Error(err)
	}
}

// publishMany publishes events named prefix-0 and so on, and returns their ids.
func (b *bed) publishMany(r replica, topic, prefix string, n int) []string {
	b.t.Helper()
	var ids []string
	for i := range n {
		ids = append(ids, fmt.Sprintf("%s-%d", prefix, i))
		b.publish(r, topic, ids[i])
	}
	return ids
}

// app stands in for a service: it takes every event and remembers its id.
type app struct {
	t       *testing.T
	replica replica
	token   string

	mu      sync.Mutex
	server  *http.Server
	verdict string
	ids     []string
	refused int // calls without the sidecar's token
}

func (b *bed) startApp(r replica) *app {
	a := &app{t: b.t, replica: r, token: b.secrets.AppAPIToken, verdict: "SUCCESS"}
	a.listen()
	b.t.Cleanup(a.close)
	return a
}

func (a *app) listen() {
	a.t.Helper()
	ln, err := net.Listen("tcp", a.replica.address())
	if err != nil {
		a.t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("POST /events/", a.event)
	a.server = &http.Server{Handler: mux}
	go a.server.Serve(ln)
}

func (a *app) close() { a.server.Close() }

func (a *app) event(w http.ResponseWriter, r *http.Request) {
	var event struct{ ID string }
	var wrapper struct {
		Data []byte `json:"data_base64"`
	}
	if err := json.NewDecoder(r.Body).Decode(&wrapper); err != nil {
		a.t.Errorf("delivery: %v", err)
	} else if err := json.Unmarshal(wrapper.Data, &event); err != nil {
		a.t.Errorf("event: %v", err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if r.Header.Get("Dapr-Api-Token") != a.token {
		a.refused++
	}
	a.ids = append(a.ids, event.ID)
	json.NewEncoder(w).Encode(map[string]string{"status": a.verdict})
}

func (a *app) answer(verdict string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.verdict = verdict
}

// got returns the ids with the prefix, in the order in which they first came.
func (a *app) got(prefix string) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var ids []string
	for _, id := range a.ids {
		if strings.HasPrefix(id, prefix+"-") && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

func (a *app) all() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.ids)
}

// times is how often an event came.
func (a *app) times(id string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := 0
	for _, got := range a.ids {
		if got == id {
			n++
		}
	}
	return n
}

// awaitEvents waits until the apps together got all of the ids with the prefix.
func awaitEvents(t *testing.T, prefix string, n int, apps ...*app) {
	t.Helper()
	err := await(t.Context(), "event", func(context.Context) error {
		all := map[string]bool{}
		for _, a := range apps {
			for _, id := range a.got(prefix) {
				all[id] = true
			}
		}
		if len(all) < n {
			return fmt.Errorf("got %d of %d events %s", len(all), n, prefix)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(readyTimeout); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}
