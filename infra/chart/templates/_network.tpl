{{- /* Parts of network policies. Ports are pod ports: policies apply after a service's address was translated to a pod's. */}}
{{- /* Allowed callers of a service, or empty. (dict "root" $ "name" service) */}}
{{- define "taskmaster.ingress" -}}
{{- $ := .root }}
{{- $name := .name }}
{{- $services := include "taskmaster.services" $ | fromYaml }}
{{- $port := include "taskmaster.port" $ }}
{{- if eq $name "web" }}
- ports:
    - {protocol: TCP, port: {{ $port }}}
{{- end }}
{{- range $caller, $its := $services }}
{{- $from := dict "root" $ "name" $caller }}
{{- if has $name $its.calls }}
- from:
    {{- include "taskmaster.pods" $from | nindent 4 }}
  ports:
    - {protocol: TCP, port: {{ $port }}}
{{- end }}
{{- if has $name $its.invokes }}
- from:
    {{- include "taskmaster.pods" $from | nindent 4 }}
  ports:
    - {protocol: TCP, port: 50002}
{{- end }}
{{- end }}
{{- $service := get $services $name }}
{{- if and $.Values.metrics.namespace (or $service.sidecar $service.metrics) }}
- from:
    - namespaceSelector:
        matchLabels: {kubernetes.io/metadata.name: {{ $.Values.metrics.namespace }}}
  ports:
    {{- if $service.sidecar }}
    - {protocol: TCP, port: 9090}
    {{- end }}
    {{- if $service.metrics }}
    - {protocol: TCP, port: {{ $service.metricsPort | default $port }}}
    {{- end }}
{{- end }}
{{- end }}

{{- define "taskmaster.egress.dns" -}}
# DNS of the cluster, or a cache on the node.
- to:
    - namespaceSelector:
        matchLabels: {kubernetes.io/metadata.name: kube-system}
    - ipBlock: {cidr: 169.254.0.0/16}
  ports:
    - {protocol: UDP, port: 53}
    - {protocol: TCP, port: 53}
{{- end }}

{{- define "taskmaster.egress.dapr" -}}
# The sidecar's control plane: sentry, placement, scheduler, operator.
- to:
    - namespaceSelector:
        matchLabels: {kubernetes.io/metadata.name: {{ .Values.dapr.namespace }}}
  ports:
    - {protocol: TCP, port: 50001}
    - {protocol: TCP, port: 50005}
    - {protocol: TCP, port: 50006}
    - {protocol: TCP, port: 6500}
{{- end }}

{{- define "taskmaster.blocks" -}}
{{- range . }}
- ipBlock: {cidr: {{ . | quote }}}
{{- end }}
{{- end }}

{{- /* The database or the broker: the pods of its namespace in the cluster, or networks. Cilium never matches a pod by an ipBlock. */}}
{{- define "taskmaster.place" -}}
{{- with .namespace }}
- namespaceSelector:
    matchLabels: {kubernetes.io/metadata.name: {{ . }}}
{{- else }}
{{- include "taskmaster.blocks" .networks }}
{{- end }}
{{- end }}

{{- define "taskmaster.egress.database" -}}
- to:
    {{- include "taskmaster.place" .Values.database | nindent 4 }}
  ports:
    - {protocol: TCP, port: {{ .Values.database.port }}}
{{- end }}

{{- define "taskmaster.egress.broker" -}}
{{- $ports := dict }}
{{- range .Values.broker.addresses }}{{ $_ := set $ports (splitList ":" . | last) true }}{{ end -}}
- to:
    {{- include "taskmaster.place" .Values.broker | nindent 4 }}
  ports:
    {{- range keys $ports | sortAlpha }}
    - {protocol: TCP, port: {{ . }}}
    {{- end }}
{{- end }}

{{- define "taskmaster.egress.traces" -}}
{{- if .Values.traces.endpoint }}
# The receiver of traces.
- to:
    {{- include "taskmaster.place" .Values.traces | nindent 4 }}
  ports:
    - {protocol: TCP, port: {{ .Values.traces.endpoint | splitList ":" | last }}}
{{- end }}
{{- end }}

{{- define "taskmaster.public" -}}
- ipBlock:
    cidr: 0.0.0.0/0
    except: [10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16]
- ipBlock:
    cidr: "::/0"
    except: ["fc00::/7", "fe80::/10"]
{{- end }}

{{- define "taskmaster.egress.https" -}}
# The documents of OAuth clients. The program refuses addresses that are not public as well.
- to:
    {{- include "taskmaster.public" . | nindent 4 }}
  ports:
    - {protocol: TCP, port: 443}
{{- end }}

{{- define "taskmaster.egress.outside" -}}
# Webhooks, push services and mail servers: any port of any public address, and the allowed
# networks.
- to:
    {{- include "taskmaster.public" . | nindent 4 }}
    {{- include "taskmaster.blocks" .Values.notifier.allowNetworks | nindent 4 }}
  ports:
    - {protocol: TCP}
{{- end }}

{{- /* The pods of a component. (dict "root" $ "name" component) */}}
{{- define "taskmaster.pods" -}}
- podSelector:
    matchLabels:
      {{- include "taskmaster.selector" . | nindent 6 }}
{{- end }}
