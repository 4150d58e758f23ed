#!/bin/sh
# The job of the morning: what is new and wrong, then the page. For cron, systemd and Kubernetes; install it as
# /usr/local/bin/clickproof-morning.
#
# No step rests on the exit code of another: an incomplete lake, or an error found, is a reason to make the report, not to
# skip it. Its own exit code is the worst of both, where 3 (not complete) counts as done: 1 errors were found, 2 wrongly asked,
# 4 the webhook was not reached.
#
# CLICKPROOF_LAKE          the lake
# CLICKPROOF_OUT           where page, metrics and state go; it must exist
# CLICKPROOF_TIMEZONE      of days and hours; by default UTC
# CLICKPROOF_WEBHOOK_FILE  a file with the address of a webhook, for new findings; by default none
set -u
: "${CLICKPROOF_LAKE:?name the lake}" "${CLICKPROOF_OUT:?name a folder for the page}"
export CLICKPROOF_LAKE
zone=${CLICKPROOF_TIMEZONE:-UTC}
yesterday=$(date -u -d yesterday +%F)

# 35 days: what is new is measured against them.
analyze check --quiet --log-format json --from "$(date -u -d '35 days ago' +%F)" --timezone "$zone" \
  --state "$CLICKPROOF_OUT/state.json" --metrics "$CLICKPROOF_OUT/clickproof-check.prom" \
  ${CLICKPROOF_WEBHOOK_FILE:+--webhook "@$CLICKPROOF_WEBHOOK_FILE"}
check=$?

# The last seven days that are over, against the seven before.
analyze report --quiet --log-format json --from "$(date -u -d '7 days ago' +%F)" --to "$yesterday" --timezone "$zone" \
  --metrics "$CLICKPROOF_OUT/clickproof-report.prom" --output "$CLICKPROOF_OUT/report-$yesterday.html"
report=$?

worst=0
for code in "$check" "$report"; do
  if [ "$code" -ne 3 ] && [ "$code" -gt "$worst" ]; then worst=$code; fi
done
exit "$worst"
