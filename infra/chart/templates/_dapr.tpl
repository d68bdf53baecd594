{{- /*
What sidecars read: the files of dapr/, changed in what depends on the installation.

  components      the broker's addresses, and the name of the secret with what it asks for. The operator looks secrets up
                  and hands them to the sidecars that the component is for.
  configuration   the namespace of those who may call
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
