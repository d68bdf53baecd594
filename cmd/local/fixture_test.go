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

	"taskmaster/cmd/local/build"
	"taskmaster/cmd/local/console"
	"taskmaster/cmd/local/supervise"
)

// fixture runs the broker, the scheduler and sidecars of a plan in front of fake services.
type fixture struct {
	plan
	t                *testing.T
	console          *console.Console
	broker           eventBroker
	brokerProcess    *supervise.Process
	schedulerProcess *supervise.Process
}

func newFixture(t *testing.T, services []string, replicas map[string]int) *fixture {
	t.Helper()
	cfg, err := loadConfig([]string{
		"-ports=free", "-dir=" + t.TempDir(), "-services=" + strings.Join(services, ","),
		"-broker=" + cmp.Or(os.Getenv("BROKER"), "nats"),
	}, os.Getenv, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	cfg.replicas = replicas
	out := console.New(t.Output(), len("recurring-2/dapr"))
	builder := build.New(cfg.root, out.Lines("build", nil), newStages().begin)
	if err := builder.BuildDapr(t.Context(), build.Daprd, build.Scheduler); err != nil {
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
	p, err := newPlan(cfg, layout, build.DaprPrograms{})
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{plan: p, t: t, console: out, broker: p.newBroker(out.Lines("local", nil))}
	f.startBroker()
	if err := f.writeDaprSecrets(f.broker.Secrets()); err != nil {
		t.Fatal(err)
	}
	f.startScheduler()
	return f
}

func (f *fixture) startScheduler() {
	f.t.Helper()
	scheduler := f.scheduler()
	f.schedulerProcess = f.start(scheduler, supervise.FilterDapr)
	f.await(scheduler.Name, scheduler.Ready)
}

// start starts a program. The end of the test stops it.
func (f *fixture) start(program supervise.Program, filter func(string) string) *supervise.Process {
	f.t.Helper()
	p, err := supervise.Start(program, f.console.Lines(program.Name, filter))
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() {
		if err := p.Stop(); err != nil {
			f.t.Error(err)
		}
	})
	return p
}

func (f *fixture) await(name, url string) {
	f.t.Helper()
	if err := supervise.AwaitURL(f.t.Context(), name, url); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) startBroker() {
	f.t.Helper()
	if err := f.broker.Prepare(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
	f.brokerProcess = f.start(f.broker.Program(), f.broker.FilterLog)
	if err := supervise.Await(f.t.Context(), "broker", f.broker.Ready); err != nil {
		f.t.Fatal(err)
	}
}

// restartBroker kills the broker and starts it again.
func (f *fixture) restartBroker() {
	f.t.Helper()
	if err := f.brokerProcess.Kill(); err != nil {
		f.t.Fatal(err)
	}
	f.startBroker()
}

func (f *fixture) replica(service string, number int) replica {
	for _, r := range f.layout.replicas {
		if r.service == service && r.number == number {
			return r
		}
	}
	f.t.Fatalf("no replica %d of %s", number, service)
	return replica{}
}

// startSidecars starts the sidecars of replicas side by side and waits until all are ready.
func (f *fixture) startSidecars(replicas ...replica) []*supervise.Process {
	f.t.Helper()
	var started []*supervise.Process
	for _, r := range replicas {
		started = append(started, f.start(f.sidecar(r), supervise.FilterDapr))
	}
	for _, r := range replicas {
		f.await(r.id(), f.sidecar(r).Ready)
	}
	return started
}

// sidecarSeesOutage reports whether the replica's sidecar knows that its service is down.
func (f *fixture) sidecarSeesOutage(r replica) bool {
	f.t.Helper()
	req, err := http.NewRequestWithContext(f.t.Context(), http.MethodGet, "http://"+r.daprHTTPAddress()+"/v1.0/invoke/"+r.service+"/method/healthz", nil)
	if err != nil {
		f.t.Fatal(err)
	}
	req.Header.Set("Dapr-Api-Token", f.secrets.DaprAPIToken)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		f.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return err == nil && strings.Contains(string(body), "not in a healthy state")
}

// publish publishes an event through the sidecar. It retries until the sidecar accepts the event.
func (f *fixture) publish(r replica, topic, id string) {
	f.t.Helper()
	body, err := json.Marshal(map[string]any{
		"specversion": "1.0", "id": id, "source": "test", "type": "task.created", "datacontenttype": "application/json",
		"data": map[string]string{"event_type": "task.created"},
	})
	if err != nil {
		f.t.Error(err)
	}
	url := "http://" + r.daprHTTPAddress() + "/v1.0/publish/kafka-pubsub/" + topic
	err = supervise.Await(f.t.Context(), "publishing "+id, func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", "application/cloudevents+json")
		req.Header.Set("Dapr-Api-Token", f.secrets.DaprAPIToken)
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
		f.t.Error(err)
	}
}

// publishMany publishes events named prefix-0 and so on, and returns their ids.
func (f *fixture) publishMany(r replica, topic, prefix string, n int) []string {
	f.t.Helper()
	var ids []string
	for i := range n {
		ids = append(ids, fmt.Sprintf("%s-%d", prefix, i))
		f.publish(r, topic, ids[i])
	}
	return ids
}

// app is a fake service that accepts every event and remembers its id.
type app struct {
	t       *testing.T
	replica replica
	token   string

	mu      sync.Mutex
	server  *http.Server
	status  string // of its answers
	ids     []string
	refused int // calls without the sidecar's token
}

func (f *fixture) startApp(r replica) *app {
	a := &app{t: f.t, replica: r, token: f.secrets.AppAPIToken, status: "SUCCESS"}
	a.listen()
	f.t.Cleanup(a.close)
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
	json.NewEncoder(w).Encode(map[string]string{"status": a.status})
}

// answer sets the status of the app's answers.
func (a *app) answer(status string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.status = status
}

// got returns the ids with a prefix, without repetitions, in the order of their arrival.
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

// times returns how often an event arrived.
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

// awaitEvents waits until the apps together have got n ids with a prefix.
func awaitEvents(t *testing.T, prefix string, n int, apps ...*app) {
	t.Helper()
	err := supervise.Await(t.Context(), "event", func(context.Context) error {
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
