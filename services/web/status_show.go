package main

import (
	"cmp"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/server"
	"taskmaster/internal/task"
)

const (
	statusPath = "/status"
	// probeTimeout bounds the question to one replica. The page waits for the slowest.
	probeTimeout = 3 * time.Second
	// maxProbed bounds the replicas of a service that are asked.
	maxProbed = 50
	// maxReadiness is the largest answer of /readyz that is read, in bytes.
	maxReadiness = 1 << 14
)

// statusPage is the page /status.
type statusPage struct {
	Replicas []shownReplica
	State    apiv1.Status
	// Pending, Published and Next are instants of State.
	Pending, Published, Next *moment
	Letters                  []shownLetter
}

// shownReplica is a replica of a service and its answer.
type shownReplica struct {
	Service, Address string
	// State is ready, degraded, not ready or away.
	State string
	// Problem is the reason of another state than ready.
	Problem string
	// Sidecar is up, away, or empty for a service without one.
	Sidecar string
	Version string
}

// Late reports whether somebody should look at the replica.
func (r shownReplica) Late() bool { return r.State != "ready" || r.Sidecar == "away" }

type shownLetter struct {
	apiv1.DeadLetter
	Last moment
}

// status shows the state of the system to administrators.
func (s *service) status(w http.ResponseWriter, r *http.Request, rc *requestContext) error {
	if !rc.user.Admin {
		return task.Errorf(task.CodeForbidden, "only administrators may see this page")
	}
	var p statusPage
	if err := rc.Call(r.Context(), http.MethodGet, "/status", nil, &p.State); err != nil {
		return err
	}
	p.Replicas = append(s.probe(r.Context()), shownReplica{Service: "web", Address: r.Host, State: "ready", Version: server.Version()})
	p.Pending, p.Published, p.Next = rc.moment(p.State.Outbox.PendingSince), rc.moment(p.State.Outbox.PublishedAt), rc.moment(p.State.Reminders.NextAt)
	for _, l := range p.State.Letters.Last {
		p.Letters = append(p.Letters, shownLetter{l, newMoment(l.LastAt, rc.now, rc.zone)})
	}
	return s.showTo(w, r, rc, http.StatusOK, page{Name: "status", Title: "Status", Path: statusPath, Here: statusPath, Body: p, Secret: true})
}

// probe asks every replica that web can reach. The fallback of api also has the pods that are not ready, so
// that it is asked if there is one.
func (s *service) probe(ctx context.Context) []shownReplica {
	apis := s.cfg.APIURLs
	if len(s.cfg.APIFallbackURLs) > 0 {
		apis = s.cfg.APIFallbackURLs
	}
	var all []shownReplica
	var bases []*url.URL
	for _, group := range []struct {
		service string
		urls    []string
	}{{"api", apis}, {"live", s.cfg.LiveURLs}, {"assistant", slices.DeleteFunc([]string{s.cfg.AssistantURL}, func(u string) bool { return u == "" })}} {
		for _, base := range addresses(ctx, group.urls) {
			all, bases = append(all, shownReplica{Service: group.service, Address: base.Host}), append(bases, base)
		}
	}
	var wait sync.WaitGroup
	for i := range all {
		wait.Go(func() { s.probeOne(ctx, bases[i], &all[i]) })
	}
	wait.Wait()
	return all
}

// addresses returns a URL for each address behind the hosts of URLs, at most maxProbed. A host without an address
// keeps its name.
func addresses(ctx context.Context, urls []string) (all []*url.URL) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	for _, raw := range urls {
		base, err := url.Parse(raw)
		if err != nil {
			continue // the configuration was checked at the start
		}
		found, err := net.DefaultResolver.LookupHost(ctx, base.Hostname())
		if err != nil {
			found = []string{base.Hostname()}
		}
		slices.Sort(found)
		for _, address := range found {
			one := *base
			one.Host = net.JoinHostPort(address, cmp.Or(base.Port(), map[string]string{"http": "80", "https": "443"}[base.Scheme]))
			all = append(all, &one)
		}
	}
	return all[:min(len(all), maxProbed)]
}

// probeOne asks one replica whether it is ready.
func (s *service) probeOne(ctx context.Context, base *url.URL, to *shownReplica) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, base.JoinPath("/readyz").String(), http.NoBody)
	if err != nil {
		to.State, to.Problem = "away", "the address cannot be used"
		return
	}
	answer, err := s.transport.RoundTrip(r)
	if err != nil {
		to.State, to.Problem = "away", "no answer"
		return
	}
	defer answer.Body.Close()
	var body struct {
		Status  any // a word, or the number of a problem
		Problem string
		Code    string
		Detail  string
		Sidecar string
		Version string
	}
	err = json.NewDecoder(http.MaxBytesReader(nil, answer.Body, maxReadiness)).Decode(&body)
	word, _ := body.Status.(string)
	switch {
	case answer.StatusCode == http.StatusOK && err == nil && word != "":
		to.State = word
	case answer.StatusCode == http.StatusOK:
		to.State = "ready"
	default:
		to.State = "not ready"
	}
	to.Problem, to.Sidecar, to.Version = strings.TrimSpace(cmp.Or(body.Detail, body.Problem, body.Code)), body.Sidecar, body.Version
}
