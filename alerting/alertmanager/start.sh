#!/bin/sh
# Starts Alertmanager with addresses and secrets in place of the local defaults of alertmanager.yml.
# POSIX sh and sed only: the image has nothing else. Secrets go to files of this user and to no command line.
set -eu
umask 077

files=$(dirname "$0")
run=${CLASSPULSE_ALERTMANAGER_RUN:-/tmp/alertmanager}
mkdir -p "$run/templates"

# The secret NAME, from the file that NAME_FILE names, else from NAME itself, else the default.
secret() {
    eval "file=\${$1_FILE:-} value=\${$1:-}"
    if [ -n "$file" ]; then cat "$file"; else printf %s "${value:-$2}"; fi
}

# One sed command: every line that ends with "# NAME…" gets the value, quoted unless it is a bare word of YAML.
put() {
    value=$(printf %s "$2" | sed "s/'/''/g; s/[&|\\\\]/\\\\&/g")
    case $2 in true | false) ;; *) value="'$value'" ;; esac
    printf '%s\n' "s|^\\(.*: \\).*\\(  # $1\\)|\\1$value\\2|"
}

secret CLASSPULSE_SLACK_URL http://inbox:8025/slack >"$run/slack_url"
secret CLASSPULSE_SMTP_PASSWORD '' >"$run/smtp_password"
{
    put CLASSPULSE_SMTP_HOST "${CLASSPULSE_SMTP_HOST:-mailpit:1025}"
    put CLASSPULSE_SMTP_FROM "${CLASSPULSE_SMTP_FROM:-classpulse@localhost}"
    put CLASSPULSE_SMTP_USER "${CLASSPULSE_SMTP_USER:-}"
    put CLASSPULSE_SMTP_PASSWORD "$run/smtp_password"
    put CLASSPULSE_SMTP_TLS "${CLASSPULSE_SMTP_TLS:-false}"
    put CLASSPULSE_SLACK_URL "$run/slack_url"
    put CLASSPULSE_OPERATORS_EMAIL "${CLASSPULSE_OPERATORS_EMAIL:-operators@localhost}"
    put CLASSPULSE_TIMEZONE "${CLASSPULSE_TIMEZONE:-UTC}"
} >"$run/values.sed"
sed -f "$run/values.sed" "$files/alertmanager.yml" >"$run/alertmanager.yml"

link() {
    value=$(printf %s "${2%/}" | sed 's/[&|\\]/\\&/g')
    printf '%s\n' "s|\\(define \"classpulse.$1\" }}\\)[^{]*|\\1$value|"
}
cp "$files"/templates/*.tmpl "$run/templates/"
{
    link grafana "${CLASSPULSE_GRAFANA_URL:-http://localhost:3000}"
    link runbooks "${CLASSPULSE_RUNBOOKS_URL:-https://github.com/classpulse/classpulse/blob/main}"
} >"$run/links.sed"
sed -f "$run/links.sed" "$files/templates/links.tmpl" >"$run/templates/links.tmpl"

TZ=${CLASSPULSE_TIMEZONE:-UTC}
export TZ
exec "${CLASSPULSE_ALERTMANAGER:-alertmanager}" --config.file="$run/alertmanager.yml" "$@"
