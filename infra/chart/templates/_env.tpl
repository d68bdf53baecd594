{{- /* The environment of each service: the variables of its config.go that depend on the installation. Secrets are references. */}}
{{- define "taskmaster.env" -}}
{{- /* (dict "root" $ "name" service) */}}
{{- include (printf "taskmaster.env.%s" .name) .root }}
{{- include "taskmaster.env.traces" .root }}
- name: APP_API_TOKEN
  valueFrom: {secretKeyRef: {name: {{ .root.Values.tokens.secretName }}, key: token}}
{{- if dig .name "sidecar" false (include "taskmaster.services" .root | fromYaml) }}
- name: DAPR_COMPONENTS
  value: {{ include "taskmaster.componentNames" . }}
{{- end }}
{{- end }}

{{- define "taskmaster.env.database" -}}
- name: DATABASE_URL
  valueFrom: {secretKeyRef: {name: {{ .Values.database.secretName }}, key: url}}
{{- end }}

{{- define "taskmaster.env.sleeps" -}}
{{- if .Values.database.sleeps }}
- name: DATABASE_SLEEPS_AFTER
  value: 1m
{{- end }}
{{- end }}

{{- define "taskmaster.env.traces" -}}
{{- with .Values.traces }}
{{- if .endpoint }}
- name: OTEL_EXPORTER_OTLP_ENDPOINT
  value: {{ .endpoint }}
- name: OTEL_TRACES_SAMPLER_ARG
  value: {{ .sampling | quote }}
{{- with .headersSecretName }}
- name: OTEL_EXPORTER_OTLP_HEADERS
  valueFrom: {secretKeyRef: {name: {{ . }}, key: headers}}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "taskmaster.env.vapidKeys" -}}
- name: VAPID_PUBLIC_KEY
  valueFrom: {secretKeyRef: {name: {{ .Values.tokens.secretName }}, key: vapid-public-key, optional: true}}
- name: VAPID_PRIVATE_KEY
  valueFrom: {secretKeyRef: {name: {{ .Values.tokens.secretName }}, key: vapid-private-key, optional: true}}
{{- end }}

{{- define "taskmaster.env.channelKeys" -}}
- name: CHANNEL_KEYS
  valueFrom: {secretKeyRef: {name: {{ .Values.tokens.secretName }}, key: channel-keys, optional: true}}
{{- end }}

{{- define "taskmaster.env.api" -}}
{{ include "taskmaster.env.database" . }}
{{- include "taskmaster.env.sleeps" . }}
- name: PUBLIC_URL
  value: {{ .Values.publicURL | quote }}
- name: COOKIE_SECURE
  value: {{ hasPrefix "https://" .Values.publicURL | quote }}
- name: TRUSTED_PROXIES
  value: {{ join "," .Values.podNetworks | quote }}
- name: DATABASE_CONNS
  value: {{ .Values.database.connections.api | quote }}
- name: RELAY_CONNS
  value: {{ .Values.database.connections.relay | quote }}
- name: VAPID_PUBLIC_KEY
  valueFrom: {secretKeyRef: {name: {{ .Values.tokens.secretName }}, key: vapid-public-key, optional: true}}
{{ include "taskmaster.env.channelKeys" . }}
{{- if not (hasKey .Values.env.api "SIGNUP") }}
- name: SIGNUP
  value: {{ .Values.signup }}
{{- end }}
- name: SETUP_TOKEN
  valueFrom: {secretKeyRef: {name: {{ .Values.tokens.secretName }}, key: setup-token, optional: true}}
{{- end }}

{{- define "taskmaster.env.recurring" -}}
{{- end }}

{{- define "taskmaster.env.notifier" -}}
{{ include "taskmaster.env.database" . }}
{{- include "taskmaster.env.sleeps" . }}
- name: PUBLIC_URL
  value: {{ .Values.publicURL | quote }}
{{ include "taskmaster.env.vapidKeys" . }}
{{ include "taskmaster.env.channelKeys" . }}
- name: VAPID_SUBJECT
  value: {{ include "taskmaster.vapidSubject" . | quote }}
- name: SMTP_URL
  valueFrom: {secretKeyRef: {name: {{ .Values.tokens.secretName }}, key: smtp-url, optional: true}}
- name: SMTP_FROM
  value: {{ .Values.notifier.mailFrom | default (printf "TaskMaster <taskmaster@%s>" (include "taskmaster.host" .)) | quote }}
- name: DATABASE_CONNS
  value: {{ .Values.database.connections.notifier | quote }}
- name: QUEUE_CONNS
  value: {{ .Values.database.connections.queue | quote }}
- name: WEBHOOK_ALLOW_NETWORKS
  value: {{ join "," .Values.notifier.allowNetworks | quote }}
{{- end }}

{{- define "taskmaster.vapidSubject" -}}
{{- if .Values.notifier.vapidSubject }}{{ .Values.notifier.vapidSubject }}
{{- else if hasPrefix "https://" .Values.publicURL }}{{ .Values.publicURL }}
{{- else }}mailto:admin@{{ include "taskmaster.host" . }}
{{- end }}
{{- end }}

{{- define "taskmaster.env.live" -}}
{{ include "taskmaster.env.database" . }}
{{- include "taskmaster.env.sleeps" . }}
- name: DATABASE_CONNS
  value: {{ .Values.database.connections.live | quote }}
- name: ALLOWED_ORIGINS
  value: {{ .Values.publicURL | quote }}
{{- end }}

{{- define "taskmaster.env.assistant" -}}
- name: API_URLS
  value: http://api:{{ include "taskmaster.port" . }},http://api-pods:{{ include "taskmaster.port" . }}
- name: PUBLIC_URL
  value: {{ .Values.publicURL | quote }}
- name: TRUSTED_PROXIES
  value: {{ join "," .Values.podNetworks | quote }}
{{- end }}

{{- define "taskmaster.env.web" -}}
- name: API_URLS
  value: http://api:{{ include "taskmaster.port" . }}
- name: API_FALLBACK_URLS
  value: http://api-pods:{{ include "taskmaster.port" . }}
- name: METRICS_ADDR
  value: ":9464"
- name: LIVE_URLS
  value: http://live:{{ include "taskmaster.port" . }}
{{- if .Values.assistant.enabled }}
- name: ASSISTANT_URL
  value: http://assistant:{{ include "taskmaster.port" . }}
{{- end }}
- name: PUBLIC_URL
  value: {{ .Values.publicURL | quote }}
- name: TRUSTED_PROXIES
  value: {{ join "," .Values.web.trustedProxies | quote }}
{{- if include "taskmaster.tlsSecret" . }}
- name: TLS_CERT_FILE
  value: /tls/tls.crt
- name: TLS_KEY_FILE
  value: /tls/tls.key
{{- end }}
{{- end }}
