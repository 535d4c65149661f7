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

refuse() {
    echo "start.sh: $1" >&2
    exit 1
}

number() {
    case $1 in
        Mon) echo 1 ;; Tue) echo 2 ;; Wed) echo 3 ;; Thu) echo 4 ;; Fri) echo 5 ;; Sat) echo 6 ;; Sun) echo 7 ;;
        *) refuse "CLASSPULSE_SCHOOL_HOURS: $1 is no day like Mon" ;;
    esac
}

# The days of the week that no stretch of `Mon-Thu 08:00-15:30; Fri 08:00-13:00` names.
weekend() {
    school=' '
    IFS=';'
    for stretch in $1; do
        IFS=' '
        for days in $stretch; do break; done
        day=$(number "${days%-*}") until=$(number "${days#*-}")
        while [ "$day" -le "$until" ]; do
            school="$school$day " day=$((day + 1))
        done
    done
    IFS=' '
    day=1 free=''
    for name in monday tuesday wednesday thursday friday saturday sunday; do
        case $school in ' ' | *" $day "*) ;; *) free="$free${free:+, }'$name'" ;; esac
        day=$((day + 1))
    done
    [ -z "$free" ] || interval "weekdays: [$free]"
}

# The stretches of `2026-12-23..2027-01-02; 05-01`, month by month; without a year it is every year's.
days_off() {
    IFS=';'
    for stretch in $1; do
        IFS=' '
        for stretch in $stretch; do break; done
        from=${stretch%%..*} to=${stretch##*..} year=''
        case $from in *-*-*) year=${from%%-*} ;; esac
        final=${year:+${to%%-*}} first=${from##*-} last=${to##*-}
        from=${from%-*} to=${to%-*}
        month=${from##*-} end=${to##*-}
        month=${month#0} end=${end#0} day=${first#0}
        until [ "$month" = "$end" ] && [ "$year" = "$final" ]; do
            [ "${year:-0}" -le "${final:-0}" ] || refuse "CLASSPULSE_HOLIDAYS: $stretch ends before it begins"
            days "$year" "$month" "$day:31"
            day=1 month=$((month + 1))
            [ "$month" -le 12 ] || month=1 year=${year:+$((year + 1))}
        done
        days "$year" "$month" "$day:${last#0}"
    done
    IFS=' '
}

days() { interval "${1:+years: ['$1'], }months: ['$2'], days_of_month: ['$3']"; }

interval() { printf "      - {%s, location: '%s'}\n" "$1" "$zone"; }

# What mutes nothing: there is no empty list.
or_never() { if [ -n "$1" ]; then printf '%s\n' "$1"; else interval "years: ['1970']"; fi; }

stretch() { printf "{start_time: '%s', end_time: '%s'}" "$1" "$2"; }

nights() {
    [ -n "$1" ] || return 0
    from=${1%-*} to=${1#*-}
    if [ "${from%:*}${from#*:}" -gt "${to%:*}${to#*:}" ]; then
        interval "times: [$(stretch 00:00 "$to"), $(stretch "$from" 24:00)]"
    else
        interval "times: [$(stretch "$from" "$to")]"
    fi
}

named() {
    printf '  - name: %s\n    time_intervals:\n' "$1"
    or_never "$2"
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
} >"$run/values.sed"
zone=${CLASSPULSE_TIMEZONE:-UTC}
nights=$(nights "${CLASSPULSE_NIGHT-20:00-06:30}")
weekends=$(weekend "${CLASSPULSE_SCHOOL_HOURS-Mon-Fri 08:00-15:00}")
holidays=$(days_off "${CLASSPULSE_HOLIDAYS-12-23..01-02}")
{
    sed -f "$run/values.sed" -e '/^time_intervals:/,/^$/d' "$files/alertmanager.yml"
    echo 'time_intervals:'
    named nights "$nights"
    named weekends "$weekends"
    named holidays "$holidays"
} >"$run/alertmanager.yml"

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

TZ=$zone
export TZ
exec "${CLASSPULSE_ALERTMANAGER:-alertmanager}" --config.file="$run/alertmanager.yml" "$@"
