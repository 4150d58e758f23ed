#!/bin/sh
# The job of the morning: what is new and wrong, then the page. For cron, systemd and Kubernetes; install it as
# /usr/local/bin/clickproof-morning.
#
# No step rests on the exit code of another: an incomplete lake, or an error found, is a reason to make the report, not to
# skip it. Its own exit code is the one that says more: 70 a bug (or whatever ended a step), 2 wrongly asked, 1 errors were
# found, 4 the webhook was not reached; 3 (not complete) counts as done.
#
# CLICKPROOF_LAKE          the lake
# CLICKPROOF_OUT           where page and state go; it is made
# CLICKPROOF_METRICS       where the metrics go, for the node exporter's textfile collector; by default CLICKPROOF_OUT
# CLICKPROOF_TIMEZONE      of days and hours; by default UTC
# CLICKPROOF_WEBHOOK_FILE  a file with the address of a webhook, for new findings; by default none
# CLICKPROOF_CONFIG        clickproof.toml, the configuration of scores; by default none: the defaults hold
set -u
: "${CLICKPROOF_LAKE:?name the lake}" "${CLICKPROOF_OUT:?name a folder for the page}"
export CLICKPROOF_LAKE
if [ -n "${CLICKPROOF_CONFIG:-}" ]; then export CLICKPROOF_CONFIG; fi
metrics=${CLICKPROOF_METRICS:-$CLICKPROOF_OUT}
mkdir -p "$CLICKPROOF_OUT" "$metrics" || exit 2
zone=${CLICKPROOF_TIMEZONE:-UTC}
# A day of the zone in which it is read, not of this machine's.
day() { TZ=$zone date -d "$1" +%F; }
yesterday=$(day yesterday)

# 35 days: what is new is measured against them.
analyze check --quiet --log-format json --from "$(day '35 days ago')" --timezone "$zone" \
  --state "$CLICKPROOF_OUT/state.json" --metrics "$metrics/clickproof-check.prom" \
  ${CLICKPROOF_WEBHOOK_FILE:+--webhook "@$CLICKPROOF_WEBHOOK_FILE"}
check=$?

# The last seven days that are over, against the seven before.
analyze report --quiet --log-format json --from "$(day '7 days ago')" --to "$yesterday" --timezone "$zone" \
  --metrics "$metrics/clickproof-report.prom" --output "$CLICKPROOF_OUT/report-$yesterday.html"
report=$?

weight() {
  case $1 in
    0 | 3) echo 0 ;;
    4) echo 1 ;;
    1) echo 2 ;;
    2) echo 3 ;;
    *) echo 4 ;;
  esac
}
worst=$check
if [ "$(weight "$report")" -gt "$(weight "$check")" ]; then worst=$report; fi
if [ "$worst" -eq 3 ]; then worst=0; fi
exit "$worst"
