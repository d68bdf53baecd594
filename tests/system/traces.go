package system

import (
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

// maxTraces is the largest request of an exporter that is read, in bytes.
const maxTraces = 16 << 20

// Traces receives spans by OTLP over HTTP (https://opentelemetry.io/docs/specs/otlp/).
type Traces struct {
	// URL is the address for exporters.
	URL string

	server *httptest.Server
	mu     sync.Mutex
	spans  map[string]map[string]bool
	raw    [][]byte
}

// ReceiveTraces starts a receiver on 127.0.0.1.
func ReceiveTraces() *Traces {
	tr := &Traces{spans: map[string]map[string]bool{}}
	tr.server = httptest.NewServer(http.HandlerFunc(tr.receive))
	tr.URL = tr.server.URL
	return tr
}

// Close stops the receiver.
func (tr *Traces) Close() { tr.server.Close() }

// Spans returns the spans of a trace as service: name.
func (tr *Traces) Spans(traceID string) map[string]bool {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	found := map[string]bool{}
	for span := range tr.spans[traceID] {
		found[span] = true
	}
	return found
}

// Contain reports whether any received span contains a text.
func (tr *Traces) Contain(text string) bool {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	for _, raw := range tr.raw {
		if bytes.Contains(raw, []byte(text)) {
			return true
		}
	}
	return false
}

func (tr *Traces) receive(w http.ResponseWriter, r *http.Request) {
	body := io.Reader(http.MaxBytesReader(w, r.Body, maxTraces))
	if r.Header.Get("Content-Encoding") == "gzip" {
		unzipped, err := gzip.NewReader(body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		body = io.LimitReader(unzipped, maxTraces)
	}
	raw, err := io.ReadAll(body)
	var request collector.ExportTraceServiceRequest
	if err == nil {
		err = proto.Unmarshal(raw, &request)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	tr.keep(&request, raw)
	w.Header().Set("Content-Type", "application/x-protobuf") // an empty answer is a full success
}

func (tr *Traces) keep(request *collector.ExportTraceServiceRequest, raw []byte) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.raw = append(tr.raw, raw)
	for _, resource := range request.GetResourceSpans() {
		service := ""
		for _, a := range resource.GetResource().GetAttributes() {
			if a.GetKey() == "service.name" {
				service = a.GetValue().GetStringValue()
			}
		}
		for _, scope := range resource.GetScopeSpans() {
			by := service
			if scope.GetScope().GetName() != "" && !isOurs(scope.GetScope().GetName()) {
				by += "/dapr"
			}
			for _, span := range scope.GetSpans() {
				id := hex.EncodeToString(span.GetTraceId())
				if tr.spans[id] == nil {
					tr.spans[id] = map[string]bool{}
				}
				tr.spans[id][by+": "+span.GetName()] = true
			}
		}
	}
}

// isOurs reports whether an instrumentation scope belongs to a service and not to its sidecar.
func isOurs(scope string) bool {
	switch scope {
	case "taskmaster/internal/telemetry", "github.com/exaring/otelpgx", "go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp":
		return true
	}
	return false
}
