{{- /*
What there is, and who talks to whom. Network policies, services and settings follow from this list.

  calls      services that it asks over HTTP
  invokes    services that its sidecar asks through theirs
  reaches    what it talks to besides: the database, the broker (its sidecar does), and whatever people name for webhooks,
             push and mail
  metrics    it answers GET /metrics
  drain      seconds from the moment it is to stop until it is told: so long others may still send requests its way. The
             load balancer before web takes the longest to notice.
*/}}
{{- define "taskmaster.services" -}}
api:
  reaches: [database, broker]
  metrics: true
  drain: 10
recurring:
  invokes: [api]
  reaches: [broker]
  drain: 5
notifier:
  reaches: [database, broker, outside]
  metrics: true
  drain: 5
live:
  reaches: [database, broker]
  drain: 10
web:
  calls: [api, live]
  drain: 20
{{- end }}

{{- /* The services' port. */}}
{{- define "taskmaster.port" }}8080{{ end }}

{{- /* What a service speaks there. (dict "root" $ "name" service) */}}
{{- define "taskmaster.protocol" -}}
{{- if and (eq .name "web") (include "taskmaster.tlsSecret" .root) }}https{{ else }}http{{ end }}
{{- end }}

{{- /* The secret with web's certificate; empty when web does not speak HTTPS. */}}
{{- define "taskmaster.tlsSecret" -}}
{{- if .Values.web.tls.secretName }}{{ .Values.web.tls.secretName }}
{{- else if .Values.web.tls.issuer.name }}web-tls
{{- end }}
{{- end }}

{{- /* The host of the public URL, without port. */}}
{{- define "taskmaster.host" -}}
{{- regexReplaceAll "^https?://([^/:]*).*$" .Values.publicURL "${1}" }}
{{- end }}
