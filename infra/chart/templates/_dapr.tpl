{{- /*
The configuration of sidecars: the files of dapr/, adapted to the installation.

  components      get the broker's addresses and the name of the secret with its credentials. The operator reads the
                  secret and passes it to the sidecars in the component's scopes.
  configuration   gets the namespace of the allowed callers.
*/}}
{{- define "taskmaster.dapr" -}}
{{- $resources := list }}
{{- range $path, $_ := .Files.Glob (printf "dapr/components/%s/*.yaml" .Values.broker.kind) }}
{{- $resources = append $resources (include "taskmaster.component" (dict "root" $ "path" $path) | fromYaml) }}
{{- end }}
{{- range $path, $_ := .Files.Glob "dapr/configuration/*.yaml" }}
{{- $configuration := $.Files.Get $path | fromYaml }}
{{- range $configuration.spec.accessControl.policies }}{{ $_ := set . "namespace" $.Release.Namespace }}{{ end }}
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

{{- define "taskmaster.component" -}}
{{- $values := .root.Values }}
{{- $component := .root.Files.Get .path | fromYaml }}
{{- range $component.spec.metadata }}
{{- if not .secretKeyRef }}
{{- else if eq .secretKeyRef.key "brokers" }}
{{- $_ := unset . "secretKeyRef" }}
{{- $_ := set . "value" (join "," $values.broker.addresses) }}
{{- else }}
{{- $_ := set .secretKeyRef "name" $values.broker.secretName }}
{{- end }}
{{- end }}
{{- $_ := set $component "auth" (dict "secretStore" "kubernetes") }}
{{- toYaml $component }}
{{- end }}
