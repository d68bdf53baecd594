// Package dashboards makes the Grafana dashboards of the Helm chart: one for each service, and one that
// follows events from the change to their consumers. The files in infra/chart/monitoring/dashboards are
// its output (go test ./infra/dashboards -update).
package dashboards

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Dashboard is a dashboard of Grafana (https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/).
type Dashboard struct {
	// Name is the name of the file and the identifier in Grafana.
	Name   string
	Title  string
	Panels []Panel
}

// Panel is a diagram of one query over time.
type Panel struct {
	Title string
	// Query is in PromQL. Its variable is $namespace.
	Query string
	// Legend is the name of a line, with labels such as {{job}}.
	Legend string
	// Unit is a unit of Grafana, such as s, reqps, percentunit, bytes or short.
	Unit string
}

// All returns all dashboards.
func All() []Dashboard {
	return []Dashboard{
		{"events", "TaskMaster: events", eventPanels()},
		{"api", "TaskMaster: api", append(common("api"), apiPanels()...)},
		{"web", "TaskMaster: web", common("web")},
		{"live", "TaskMaster: live", append(common("live"), append(consumer("live"), livePanels()...)...)},
		{"notifier", "TaskMaster: notifier", append(common("notifier"), append(consumer("notifier"), notifierPanels()...)...)},
		{"recurring", "TaskMaster: recurring", append(common("recurring"), consumer("recurring")...)},
		{"assistant", "TaskMaster: assistant", append(common("assistant"), chatPanels()...)},
	}
}

// of returns the label matchers of a service.
func of(service string) string { return fmt.Sprintf(`{namespace=~"$namespace",job=%q}`, service) }

// anywhere matches all services of an installation.
const anywhere = `{namespace=~"$namespace"}`

// rate returns the sum of a counter's rate by labels. A counter of rare things has no series before the first,
// which counts as 0.
func rate(metric, matchers, by string) string {
	if by == "" {
		return fmt.Sprintf("sum(rate(%s%s[5m])) or vector(0)", metric, matchers)
	}
	return fmt.Sprintf("sum by (%s) (rate(%s%s[5m]))", by, metric, matchers)
}

// quantile returns the 95th percentile of a histogram by labels.
func quantile(metric, matchers, by string) string {
	return fmt.Sprintf("histogram_quantile(0.95, sum by (%s) (rate(%s_bucket%s[5m])))", strings.TrimSuffix("le, "+by, ", "), metric, matchers)
}

// common returns the panels of every service: rate, errors and duration of requests, and the process.
func common(service string) []Panel {
	const requests = "http_server_request_duration_seconds"
	failed := strings.Replace(of(service), "}", `,http_response_status_code=~"5.."}`, 1)
	return []Panel{
		{"Requests", rate(requests+"_count", of(service), "http_route"), "{{http_route}}", "reqps"},
		{"Failed requests", fmt.Sprintf("(sum(rate(%s_count%s[5m])) or vector(0)) / sum(rate(%s_count%s[5m]))", requests, failed, requests, of(service)), "5xx", "percentunit"},
		{"Duration of requests, 95th percentile", quantile(requests, of(service), "http_route"), "{{http_route}}", "s"},
		{"Pods that answer", "sum(up" + strings.Replace(of(service), "}", `,container!="daprd"}`, 1) + ")", "pods", "short"},
		{"Processor time", "rate(process_cpu_seconds_total" + of(service) + "[5m])", "{{pod}} {{container}}", "percentunit"},
		{"Memory", "process_resident_memory_bytes" + of(service), "{{pod}} {{container}}", "bytes"},
		{"Goroutines", "go_goroutines" + of(service), "{{pod}} {{container}}", "short"},
	}
}

// consumer returns the panels of a service that handles events.
func consumer(service string) []Panel {
	return []Panel{
		{"Handled events", rate("taskmaster_consumer_duration_seconds_count", of(service), "event_type, outcome"), "{{event_type}} {{outcome}}", "ops"},
		{"Handling of an event, 95th percentile", quantile("taskmaster_consumer_duration_seconds", of(service), "event_type"), "{{event_type}}", "s"},
		{"From the change to its handling, 95th percentile", quantile("taskmaster_consumer_lag_seconds", of(service), "event_type"), "{{event_type}}", "s"},
	}
}

func apiPanels() []Panel {
	return []Panel{
		{"Connections to the database", "sum by (pool, state) (taskmaster_database_connections" + of("api") + ")", "{{pool}} {{state}}", "short"},
		{"Waits for a connection", rate("taskmaster_database_waits_total", of("api"), "pool"), "{{pool}}", "ops"},
		{"Time of these waits", rate("taskmaster_database_wait_seconds_total", of("api"), "pool"), "{{pool}}", "s"},
		{"Tools of assistants", rate("taskmaster_mcp_tool_duration_seconds_count", of("api"), "tool, outcome"), "{{tool}} {{outcome}}", "ops"},
		{"Duration of a tool, 95th percentile", quantile("taskmaster_mcp_tool_duration_seconds", of("api"), "tool"), "{{tool}}", "s"},
		{"Clock ahead of the database's", "taskmaster_clock_offset_seconds" + of("api"), "{{pod}}", "s"},
		{"Panics", rate("taskmaster_panics_total", anywhere, ""), "panics", "ops"},
	}
}

func livePanels() []Panel {
	return []Panel{
		{"Open sockets", "sum by (pod) (taskmaster_live_sockets" + of("live") + ")", "{{pod}}", "short"},
		{"Clients that load everything anew", rate("taskmaster_live_resyncs_total", of("live"), ""), "resyncs", "ops"},
		{"Sockets closed because the client was slow", rate("taskmaster_live_slow_sockets_total", of("live"), ""), "sockets", "ops"},
	}
}

func notifierPanels() []Panel {
	return []Panel{
		{"Attempts at deliveries", rate("taskmaster_notifier_attempts_total", of("notifier"), "kind, state"), "{{kind}} {{state}}", "ops"},
		{"Duration of an attempt, 95th percentile", quantile("taskmaster_notifier_attempt_seconds", of("notifier"), "kind"), "{{kind}}", "s"},
	}
}

func chatPanels() []Panel {
	return []Panel{
		{"Turns", rate("taskmaster_chat_turn_duration_seconds_count", of("assistant"), "outcome"), "{{outcome}}", "ops"},
		{"Duration of a turn, 95th percentile", quantile("taskmaster_chat_turn_duration_seconds", of("assistant"), "outcome"), "{{outcome}}", "s"},
	}
}

// eventPanels follow an event from its change to its effects.
func eventPanels() []Panel {
	return []Panel{
		{"Events that wait for the broker", "max(taskmaster_outbox_pending_events" + anywhere + ")", "events", "short"},
		{"Age of the oldest of them", "max(taskmaster_outbox_lag_seconds" + anywhere + ")", "age", "s"},
		{"Published events", rate("taskmaster_outbox_published_total", anywhere, "topic"), "{{topic}}", "ops"},
		{"Failed attempts to publish", rate("taskmaster_outbox_publish_failures_total", anywhere, ""), "failures", "ops"},
		{"From the change to the broker, 95th percentile", quantile("taskmaster_outbox_delay_seconds", anywhere, ""), "delay", "s"},
		{"Publishing, 95th percentile", quantile("taskmaster_outbox_publish_duration_seconds", anywhere, "topic"), "{{topic}}", "s"},
		{"Handled events", rate("taskmaster_consumer_duration_seconds_count", anywhere, "job, outcome"), "{{job}} {{outcome}}", "ops"},
		{"From the change to its handling, 95th percentile", quantile("taskmaster_consumer_lag_seconds", anywhere, "job"), "{{job}}", "s"},
		{"Dead letters of consumers", rate("taskmaster_dead_letters_total", anywhere, ""), "dead letters", "ops"},
		{"Dead letters of the outbox", rate("taskmaster_outbox_dead_letters_total", anywhere, ""), "dead letters", "ops"},
		{"Lateness of reminders, 95th percentile", quantile("taskmaster_reminder_lateness_seconds", anywhere, ""), "lateness", "s"},
		{"Repaired jobs of reminders", rate("taskmaster_reminder_job_repairs_total", anywhere, ""), "repairs", "ops"},
	}
}

// object is an object of JSON.
type object = map[string]any

// The grid of Grafana has 24 columns. Two panels are side by side.
const (
	panelWidth  = 12
	panelHeight = 8
)

// JSON returns the dashboard in Grafana's format.
func (d Dashboard) JSON() ([]byte, error) {
	source := object{"type": "prometheus", "uid": "${datasource}"}
	var panels []object
	for i, p := range d.Panels {
		panels = append(panels, object{
			"id": i + 1, "type": "timeseries", "title": p.Title, "datasource": source,
			"gridPos":     object{"x": i % 2 * panelWidth, "y": i / 2 * panelHeight, "w": panelWidth, "h": panelHeight},
			"fieldConfig": object{"defaults": object{"unit": p.Unit, "min": minimum(p)}, "overrides": []any{}},
			"targets":     []object{{"refId": "A", "expr": p.Query, "legendFormat": p.Legend, "datasource": source}},
		})
	}
	out, err := json.MarshalIndent(object{
		"uid": "taskmaster-" + d.Name, "title": d.Title, "tags": []string{"taskmaster"}, "schemaVersion": 39, "editable": false,
		"time": object{"from": "now-6h", "to": "now"}, "refresh": "1m", "panels": panels,
		"templating": object{"list": []object{
			{"name": "datasource", "type": "datasource", "query": "prometheus", "label": "Prometheus"},
			{
				"name": "namespace", "type": "query", "datasource": source, "query": `label_values(up{job="web"}, namespace)`, "refresh": 2,
				"includeAll": true, "allValue": ".*", "current": object{"text": "All", "value": "$__all"}, "label": "Namespace",
			},
		}},
	}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode dashboard %s: %w", d.Name, err)
	}
	return append(out, '\n'), nil
}

// minimum returns the lowest value of the axis. Only clocks go below 0.
func minimum(p Panel) any {
	if strings.Contains(p.Query, "clock_offset") {
		return nil
	}
	return 0
}
