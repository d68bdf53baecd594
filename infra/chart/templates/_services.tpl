{{- /*
All services and their connections. Network policies, services and settings are derived from this list.

  calls      services that it calls over HTTP
  sidecar    it has a Dapr sidecar. web needs none: the page is shown although Dapr or the broker is away
  invokes    services that its sidecar calls through their sidecars
  reaches    other destinations: the database (of assistant through the sidecar), the broker (through the sidecar), public addresses for webhooks, push
             and mail, and public addresses over HTTPS for the documents of OAuth clients
  metrics    it answers GET /metrics
  metricsPort  the port of its metrics, if it is not that of the service. That of web is public
  drain      seconds between the decision to stop a pod and its stop signal. Other programs may send requests to the pod
             until then. The load balancer before web takes the longest to notice.
*/}}
{{- define "taskmaster.services" -}}
api:
  sidecar: true
  {{- if .Values.database.sleeps }}
  invokes: [notifier]
  {{- end }}
  reaches: [database, broker, https]
  metrics: true
  drain: 10
recurring:
  sidecar: true
  invokes: [api]
  reaches: [broker]
  metrics: true
  drain: 5
notifier:
  sidecar: true
  reaches: [database, broker, outside]
  metrics: true
  drain: 5
live:
  sidecar: true
  reaches: [database, broker]
  metrics: true
  drain: 10
{{- if .Values.assistant.enabled }}
assistant:
  sidecar: true
  calls: [api]
  reaches: [database]
  metrics: true
  drain: 5
{{- end }}
web:
  calls: [api, live{{ if .Values.assistant.enabled }}, assistant{{ end }}]
  metrics: true
  metricsPort: 9464
  drain: 20
{{- end }}

{{- /* The services' port. */}}
{{- define "taskmaster.port" }}8080{{ end }}

{{- /* The protocol on that port. (dict "root" $ "name" service) */}}
{{- define "taskmaster.protocol" -}}
{{- if and (eq .name "web") (include "taskmaster.tlsSecret" .root) }}https{{ else }}http{{ end }}
{{- end }}

{{- /* The secret with web's certificate, or empty if web does not use HTTPS. */}}
{{- define "taskmaster.tlsSecret" -}}
{{- if .Values.web.tls.secretName }}{{ .Values.web.tls.secretName }}
{{- else if .Values.web.tls.issuer.name }}web-tls
{{- end }}
{{- end }}

{{- /* The host of the public URL, without port. */}}
{{- define "taskmaster.host" -}}
{{- regexReplaceAll "^https?://([^/:]*).*$" .Values.publicURL "${1}" }}
{{- end }}
