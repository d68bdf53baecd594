{{- /*
The configuration of sidecars: the files of dapr/, adapted to the installation.

  components      are those of broker.kind. They get the broker's addresses and the name of the secret with its
                  credentials. The operator reads the secret and passes it to the sidecars in the component's scopes.
  state           is the table of conversations in the database, if there is an assistant. It gets the name of the secret
                  with the database's URL.
  configuration   gets the namespace of the allowed callers, and the receiver of traces.
  the last one    only marks with its name which installation the components belong to. Helm creates pods before components,
                  and a sidecar reads these once. A service whose sidecar lacks the mark of its own installation has it
                  started again. The mark comes last, so that a sidecar that has it has the others too.
*/}}
{{- define "taskmaster.dapr" -}}
{{- $resources := list }}
{{- range $path, $_ := .Files.Glob (printf "dapr/components/%s/*.yaml" .Values.broker.kind) }}
{{- $resources = append $resources (include "taskmaster.component" (dict "root" $ "path" $path) | fromYaml) }}
{{- end }}
{{- if .Values.assistant.enabled }}
{{- range $path, $_ := .Files.Glob "dapr/state/*.yaml" }}
{{- $resources = append $resources (include "taskmaster.state" (dict "root" $ "path" $path) | fromYaml) }}
{{- end }}
{{- end }}
{{- range $path, $_ := .Files.Glob "dapr/configuration/*.yaml" }}
{{- $configuration := $.Files.Get $path | fromYaml }}
{{- range $configuration.spec.accessControl.policies }}{{ $_ := set . "namespace" $.Release.Namespace }}{{ end }}
{{- with $.Values.traces }}
{{- if .endpoint }}
{{- $receiver := dict "protocol" "http" "endpointAddress" (regexReplaceAll "^https?://" .endpoint "") "isSecure" (hasPrefix "https://" .endpoint) }}
{{- $_ := set $configuration.spec "tracing" (dict "samplingRate" (toString .sampling) "otel" $receiver) }}
{{- end }}
{{- end }}
{{- $resources = append $resources $configuration }}
{{- end }}
{{- range $pattern := list "dapr/resiliency/*.yaml" "dapr/subscriptions/*.yaml" }}
{{- range $path, $_ := $.Files.Glob $pattern }}
{{- $resources = append $resources ($.Files.Get $path | fromYaml) }}
{{- end }}
{{- end }}
{{- range $resources }}
{{- $labels := include "taskmaster.labels" (dict "root" $ "name" "sidecar") | fromYaml }}
{{- $_ := set .metadata "labels" $labels }}
{{- $_ := set .metadata "namespace" $.Release.Namespace }}
---
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "taskmaster.mark" }}applied-{{ include "taskmaster.dapr" . | sha256sum | trunc 10 }}{{ end }}

{{- define "taskmaster.markComponent" }}
---
apiVersion: dapr.io/v1alpha1
kind: Component
metadata:
  name: {{ include "taskmaster.mark" . }}
  namespace: {{ .Release.Namespace }}
  labels:
    {{- include "taskmaster.labels" (dict "root" . "name" "sidecar") | nindent 4 }}
spec:
  # Nothing is stored in it.
  type: state.in-memory
  version: v1
  metadata: []
{{- end }}

{{- /* The components that the sidecar of a service must have. (dict "root" $ "name" service) */}}
{{- define "taskmaster.componentNames" -}}
{{- $names := list }}
{{- range $path, $_ := .root.Files.Glob (printf "dapr/components/%s/*.yaml" .root.Values.broker.kind) }}
{{- $component := $.root.Files.Get $path | fromYaml }}
{{- if has $.name $component.scopes }}{{ $names = append $names $component.metadata.name }}{{ end }}
{{- end }}
{{- if .root.Values.assistant.enabled }}
{{- range $path, $_ := .root.Files.Glob "dapr/state/*.yaml" }}
{{- $component := $.root.Files.Get $path | fromYaml }}
{{- if has $.name $component.scopes }}{{ $names = append $names $component.metadata.name }}{{ end }}
{{- end }}
{{- end }}
{{- append $names (include "taskmaster.mark" .root) | join "," }}
{{- end }}

{{- define "taskmaster.state" -}}
{{- $component := .root.Files.Get .path | fromYaml }}
{{- range $component.spec.metadata }}
{{- if .secretKeyRef }}{{ $_ := set .secretKeyRef "name" $.root.Values.database.secretName }}{{ end }}
{{- end }}
{{- $_ := set $component "auth" (dict "secretStore" "kubernetes") }}
{{- toYaml $component }}
{{- end }}

{{- define "taskmaster.component" -}}
{{- $component := .root.Files.Get .path | fromYaml }}
{{- $settings := include "taskmaster.brokerSettings" .root.Values.broker | fromYaml }}
{{- range $component.spec.metadata }}
{{- if not .secretKeyRef }}
{{- else if hasKey $settings .secretKeyRef.key }}
{{- $_ := set . "value" (get $settings .secretKeyRef.key) }}
{{- $_ := unset . "secretKeyRef" }}
{{- else }}
{{- $_ := set .secretKeyRef "name" $.root.Values.broker.secretName }}
{{- end }}
{{- end }}
{{- $_ := set $component "auth" (dict "secretStore" "kubernetes") }}
{{- toYaml $component }}
{{- end }}

{{- /*
The settings of a component that come from the values, by their keys in the secret of one machine. RabbitMQ has none: its
URL contains the password.
*/}}
{{- define "taskmaster.brokerSettings" -}}
{{- if hasPrefix "kafka" .kind }}
brokers: {{ join "," .addresses | quote }}
{{- else if eq .kind "nats" }}
{{- $scheme := ternary "tls://" "nats://" .tls }}
url: {{ printf "%s%s" $scheme (join (printf ",%s" $scheme) .addresses) | quote }}
{{- else if eq .kind "redis" }}
host: {{ join "," .addresses | quote }}
tls: {{ .tls | quote }}
{{- end }}
{{- end }}

{{- /*
The name of the secret with the authority of the broker's certificate, for the sidecar of a service. Components of NATS and
Redis have no setting for it, so that the sidecar's program must trust it. Empty for other brokers. (dict "root" $ "name"
service)
*/}}
{{- define "taskmaster.brokerAuthority" -}}
{{- $broker := .root.Values.broker }}
{{- $service := get (include "taskmaster.services" .root | fromYaml) .name }}
{{- if and $broker.tls (has $broker.kind (list "nats" "redis")) (has "broker" $service.reaches) }}{{ $broker.secretName }}{{ end }}
{{- end }}
