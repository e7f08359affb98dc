{{- define "coordinator.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "coordinator.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains (include "coordinator.name" .) .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "coordinator.name" .) | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "coordinator.selector" -}}
app.kubernetes.io/name: {{ include "coordinator.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "coordinator.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "coordinator.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "coordinator.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "coordinator.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "coordinator.image" -}}
{{- $repository := required "image.repository: name the image that infra/docker/coordinator.Dockerfile makes" .Values.image.repository -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" $repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" $repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{- define "coordinator.scheme" -}}
{{- if .Values.tls.existingSecret -}}HTTPS{{- else -}}HTTP{{- end -}}
{{- end -}}

{{- define "coordinator.claim" -}}
{{- default (include "coordinator.fullname" .) .Values.persistence.existingClaim -}}
{{- end -}}

{{/* The password is in a file of its own: DATABASE_PASSWORD_FILE. */}}
{{- define "coordinator.databaseUrl" -}}
{{- $db := .Values.database -}}
{{- $address := printf "postgres://%s@%s:%d/%s?sslmode=%s" $db.user $db.host (int $db.port) $db.name $db.sslMode -}}
{{- if $db.caSecret -}}{{- printf "%s&sslrootcert=/etc/fedbaps/database-ca/%s" $address $db.caKey -}}{{- else -}}{{- $address -}}{{- end -}}
{{- end -}}

{{/* What the schema cannot say. */}}
{{- define "coordinator.check" -}}
{{- if and (not .Values.tls.existingSecret) (not .Values.plainHttp) -}}
{{- fail "name a certificate in tls.existingSecret, or set plainHttp: true where an ingress or a mesh ends TLS" -}}
{{- end -}}
{{- if and .Values.tls.existingSecret .Values.plainHttp -}}
{{- fail "tls.existingSecret and plainHttp: true exclude each other" -}}
{{- end -}}
{{- if and (gt (int .Values.replicaCount) 1) (not .Values.database.host) -}}
{{- fail "replicaCount: more than one coordinator needs a PostgreSQL; set database.host" -}}
{{- end -}}
{{- if and (gt (int .Values.replicaCount) 1) .Values.persistence.enabled -}}
{{- fail "replicaCount: each coordinator needs a home of its own; set persistence.enabled: false, all of value is in the PostgreSQL" -}}
{{- end -}}
{{- if and .Values.database.host (not .Values.database.existingSecret) -}}
{{- fail "database.existingSecret: name the secret with the password of the PostgreSQL" -}}
{{- end -}}
{{- if and (not .Values.database.host) (not .Values.persistence.enabled) -}}
{{- fail "persistence.enabled: false loses key and studies at every restart; set database.host, or leave the volume" -}}
{{- end -}}
{{- if and .Values.ingress.enabled (not .Values.ingress.host) -}}
{{- fail "ingress.host: name the host under which the sites reach the coordinator" -}}
{{- end -}}
{{- if and .Values.ingress.enabled (not .Values.ingress.tlsSecret) -}}
{{- fail "ingress.tlsSecret: sites connect by HTTPS only; name the secret with the certificate of the host" -}}
{{- end -}}
{{- if and .Values.serviceMonitor.enabled (not .Values.serviceMonitor.tokenSecret) -}}
{{- fail "serviceMonitor.tokenSecret: metrics need a viewer's token; name the secret that holds one" -}}
{{- end -}}
{{- end -}}
