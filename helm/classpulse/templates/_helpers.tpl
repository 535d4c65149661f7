{{- define "classpulse.name" -}}
{{- default "classpulse" .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "classpulse.fullname" -}}
{{- $name := include "classpulse.name" . -}}
{{- default (ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name)) .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "classpulse.selector" -}}
app.kubernetes.io/name: {{ include "classpulse.name" . }}
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
{{- with .Values.kafka.tls }}
{{- if .existingSecret }}
- name: KAFKA_SSL_CA_LOCATION
  value: /etc/classpulse/kafka/{{ .caKey }}
{{- if .certKey }}
- name: KAFKA_SSL_CERTIFICATE_LOCATION
  value: /etc/classpulse/kafka/{{ .certKey }}
- name: KAFKA_SSL_KEY_LOCATION
  value: /etc/classpulse/kafka/{{ .keyKey }}
{{- end }}
{{- end }}
{{- end }}
{{- with .Values.privacy.existingSecret }}
- name: CLASSPULSE_ERASURE_KEY
  valueFrom: {secretKeyRef: {name: {{ . }}, key: erasureKey}}
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

{{- /* Of every container: what an operator adds, and how the database is verified. */ -}}
{{- define "classpulse.moreEnv" -}}
{{- if .Values.database.tls.existingSecret }}
- name: PGSSLMODE
  value: verify-full
- name: PGSSLROOTCERT
  value: /etc/classpulse/database/{{ .Values.database.tls.caKey }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "classpulse.lakeEnv" -}}
- name: CLASSPULSE_LAKE_URL
  value: {{ .Values.lake.url | quote }}
{{- with .Values.lake.endpoint }}
- name: AWS_ENDPOINT_URL
  value: {{ . | quote }}
{{- end }}
{{- with .Values.lake.region }}
- name: AWS_REGION
  value: {{ . | quote }}
{{- end }}
{{- with .Values.lake.existingSecret }}
- name: AWS_ACCESS_KEY_ID
  valueFrom: {secretKeyRef: {name: {{ . }}, key: accessKeyId}}
- name: AWS_SECRET_ACCESS_KEY
  valueFrom: {secretKeyRef: {name: {{ . }}, key: secretAccessKey}}
{{- end }}
{{- end -}}

{{- define "classpulse.volumeMounts" -}}
- {name: tmp, mountPath: /tmp}
{{- if .Values.kafka.tls.existingSecret }}
- {name: kafka-tls, mountPath: /etc/classpulse/kafka, readOnly: true}
{{- end }}
{{- if .Values.database.tls.existingSecret }}
- {name: database-tls, mountPath: /etc/classpulse/database, readOnly: true}
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "classpulse.volumes" -}}
- name: tmp
  emptyDir: {}
{{- with .Values.kafka.tls.existingSecret }}
- name: kafka-tls
  secret: {secretName: {{ . }}}
{{- end }}
{{- with .Values.database.tls.existingSecret }}
- name: database-tls
  secret: {secretName: {{ . }}}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "classpulse.podLabels" -}}
{{ include "classpulse.labels" . }}
{{- with .Values.podLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- /* Values that are each well formed and cannot all be meant. */ -}}
{{- define "classpulse.refuse" -}}
{{- $partitions := int .Values.kafka.partitions -}}
{{- range $flow, $this := .Values.dataflows -}}
{{- if $this.enabled -}}
{{- if and (not $this.autoscaling.enabled) (gt (int $this.workers) $partitions) -}}
{{- fail (printf "dataflows.%s.workers is %d and kafka.partitions %d: at most as many workers as partitions have anything to do" $flow (int $this.workers) $partitions) -}}
{{- end -}}
{{- if and $this.autoscaling.enabled (gt (int $this.autoscaling.min) (int $this.autoscaling.max)) -}}
{{- fail (printf "dataflows.%s.autoscaling.min is %d and its max %d: the minimum must not be above the maximum" $flow (int $this.autoscaling.min) (int $this.autoscaling.max)) -}}
{{- end -}}
{{- if and $this.autoscaling.enabled (gt (int $this.autoscaling.min) $partitions) -}}
{{- fail (printf "dataflows.%s.autoscaling.min is %d and kafka.partitions %d: at most as many workers as partitions have anything to do" $flow (int $this.autoscaling.min) $partitions) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and .Values.dataflows.lake.enabled (not .Values.lake.url) -}}
{{- fail "dataflows.lake.enabled needs lake.url, s3://bucket/prefix: pods share no folder" -}}
{{- end -}}
{{- $sasl := hasPrefix "SASL" .Values.kafka.securityProtocol -}}
{{- if and (not $sasl) (or .Values.kafka.saslMechanism .Values.kafka.existingSecret) -}}
{{- fail (printf "kafka.saslMechanism and kafka.existingSecret need a securityProtocol with SASL, and it is %s" .Values.kafka.securityProtocol) -}}
{{- end -}}
{{- if and .Values.kafka.tls.existingSecret (not (hasSuffix "SSL" .Values.kafka.securityProtocol)) -}}
{{- fail (printf "kafka.tls.existingSecret needs the securityProtocol SSL or SASL_SSL, and it is %s" .Values.kafka.securityProtocol) -}}
{{- end -}}
{{- if ne (empty .Values.kafka.tls.certKey) (empty .Values.kafka.tls.keyKey) -}}
{{- fail "kafka.tls.certKey and kafka.tls.keyKey belong together: give both or none" -}}
{{- end -}}
{{- if and .Values.database.existingSecret (or .Values.database.url .Values.database.migrationUrl) -}}
{{- fail "database.existingSecret and database.url are two answers to one question: give one of them" -}}
{{- end -}}
{{- range $name, $value := dict "CLASSPULSE_PARTITIONS" "kafka.partitions" "CLASSPULSE_REPLICATION" "kafka.replication" "CLASSPULSE_TOPIC_PREFIX" "kafka.topicPrefix" -}}
{{- if hasKey $.Values.settings $name -}}
{{- fail (printf "settings.%s: set %s instead, which is where the chart looks" $name $value) -}}
{{- end -}}
{{- end -}}
{{- end -}}
