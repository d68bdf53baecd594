{{- /* (dict "root" $ "name" component) */}}
{{- define "taskmaster.selector" -}}
app.kubernetes.io/name: taskmaster
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .name }}
{{- end }}

{{- define "taskmaster.labels" -}}
{{ include "taskmaster.selector" . }}
app.kubernetes.io/part-of: taskmaster
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{- /* (dict "root" $ "name" component) */}}
{{- define "taskmaster.metadata" -}}
name: {{ .name }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "taskmaster.labels" . | nindent 2 }}
{{- end }}

{{- /* The same for objects of a hook, which exist only while it runs. (… "weight" order) */}}
{{- define "taskmaster.hook" -}}
{{ include "taskmaster.metadata" . }}
annotations:
  helm.sh/hook: pre-install,pre-upgrade
  helm.sh/hook-weight: {{ .weight | quote }}
  helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end }}

{{- /* Security of every pod: an unprivileged user, no rights, no token of the cluster's API. */}}
{{- define "taskmaster.podSecurity" -}}
serviceAccountName: {{ .name }}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  seccompProfile: {type: RuntimeDefault}
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "taskmaster.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- /*
The authority of the database's certificate: the key ca.crt of its secret, if there is one. The address of the
database names the file: sslrootcert=/database/ca.crt.
*/}}
{{- define "taskmaster.databaseCA" -}}
name: database-ca
secret:
  secretName: {{ .Values.database.secretName }}
  items: [{key: ca.crt, path: ca.crt}]
  defaultMode: 0440
  optional: true
{{- end }}

{{- define "taskmaster.databaseCA.mount" -}}
{name: database-ca, mountPath: /database, readOnly: true}
{{- end }}

{{- /* The annotations for the sidecar injector. */}}
{{- define "taskmaster.sidecar" -}}
{{- $sidecar := .root.Values.resources.sidecar -}}
dapr.io/enabled: "true"
dapr.io/app-id: {{ .name }}
dapr.io/app-port: {{ include "taskmaster.port" . | quote }}
dapr.io/app-protocol: {{ include "taskmaster.protocol" . }}
dapr.io/config: taskmaster
dapr.io/app-token-secret: {{ .root.Values.tokens.secretName }}
# It starts before the service and stops after it.
dapr.io/enable-native-sidecar: "true"
dapr.io/graceful-shutdown-seconds: "10"
# A service that is down gets no events. They wait in the broker or go to another replica.
dapr.io/enable-app-health-check: "true"
dapr.io/app-health-check-path: /healthz
dapr.io/app-health-probe-interval: "1"
dapr.io/app-health-probe-timeout: "900"
dapr.io/app-health-threshold: "3"
# Files declare everything.
dapr.io/disable-init-endpoints: config,subscribe
# The operator reads the secrets of components. A sidecar has no access to the cluster's API.
dapr.io/disable-builtin-k8s-secret-store: "true"
dapr.io/sidecar-seccomp-profile-type: RuntimeDefault
dapr.io/sidecar-cpu-request: {{ $sidecar.requests.cpu | quote }}
dapr.io/sidecar-cpu-limit: {{ $sidecar.limits.cpu | quote }}
dapr.io/sidecar-memory-request: {{ $sidecar.requests.memory | quote }}
dapr.io/sidecar-memory-limit: {{ $sidecar.limits.memory | quote }}
{{- if include "taskmaster.brokerAuthority" . }}
# Go reads this file in addition to the system's folder of authorities. With SSL_CERT_DIR, Dapr's injector
# would let the sidecar run as root and write, which the namespace forbids.
dapr.io/volume-mounts: broker-authority:/broker-authority
dapr.io/env: SSL_CERT_FILE=/broker-authority/ca.crt
{{- end }}
{{- with .root.Values.traces }}
{{- if and .endpoint .headersSecretName }}
dapr.io/env-from-secret: OTEL_EXPORTER_OTLP_HEADERS={{ .headersSecretName }}:headers
{{- end }}
{{- end }}
{{- if eq .name "assistant" }}
# Its sidecar connects to the database, whose URL may name this folder.
dapr.io/volume-mounts: database-ca:/database
{{- end }}
dapr.io/log-as-json: "true"
dapr.io/log-level: {{ .root.Values.dapr.logLevel }}
{{- end }}
