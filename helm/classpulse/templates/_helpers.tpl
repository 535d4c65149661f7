{{- define "classpulse.fullname" -}}
{{- default (ternary .Release.Name (printf "%s-classpulse" .Release.Name) (contains "classpulse" .Release.Name)) .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "classpulse.selector" -}}
app.kubernetes.io/name: classpulse
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "classpulse.labels" -}}
{{ include "classpulse.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "classpulse.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end -}}
{{- end -}}

{{- define "classpulse.databaseSecret" -}}
{{- default (printf "%s-database" (include "classpulse.fullname" .)) .Values.database.existingSecret -}}
{{- end -}}

{{- define "classpulse.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{ default (include "classpulse.fullname" .) .Values.serviceAccount.name }}
{{- else -}}
{{ default "default" .Values.serviceAccount.name }}
{{- end -}}
{{- end -}}

{{- define "classpulse.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "classpulse.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{- /* How Kafka is reached, and the settings. Written out for hooks too, which run before any ConfigMap is there. */ -}}
{{- define "classpulse.env" -}}
- name: KAFKA_BOOTSTRAP_SERVERS
  value: {{ required "kafka.bootstrapServers is required: the chart brings no Kafka" .Values.kafka.bootstrapServers | quote }}
- name: KAFKA_SECURITY_PROTOCOL
  value: {{ .Values.kafka.securityProtocol | quote }}
{{- if .Values.kafka.saslMechanism }}
- name: KAFKA_SASL_MECHANISM
  value: {{ .Values.kafka.saslMechanism | quote }}
{{- end }}
{{- with .Values.kafka.existingSecret }}
- name: KAFKA_SASL_USERNAME
  valueFrom: {secretKeyRef: {name: {{ . }}, key: username}}
- name: KAFKA_SASL_PASSWORD
  valueFrom: {secretKeyRef: {name: {{ . }}, key: password}}
{{- end }}
- name: CLASSPULSE_TOPIC_PREFIX
  value: {{ .Values.kafka.topicPrefix | quote }}
- name: CLASSPULSE_PARTITIONS
  value: {{ .Values.kafka.partitions | quote }}
- name: CLASSPULSE_REPLICATION
  value: {{ .Values.kafka.replication | quote }}
{{- end -}}

{{- define "classpulse.databaseEnv" -}}
- name: DATABASE_URL
  valueFrom: {secretKeyRef: {name: {{ include "classpulse.databaseSecret" .root }}, key: {{ .key }}}}
{{- end -}}

{{- define "classpulse.settings" -}}
{{- range $name, $value := .Values.settings }}
- name: {{ $name }}
  value: {{ $value | toString | quote }}
{{- end }}
{{- end -}}
