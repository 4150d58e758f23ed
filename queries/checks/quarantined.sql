-- title: Rows in quarantine
-- about: Rows that Everflow gave and that could not be typed. They are kept, but no query counts them.
-- severity: warn
-- key: account, feed, path
-- measure: rows
-- message: {{ rows|many("row") }}{{ " of " ~ feed if feed else "" }} could not be typed at {{ path or "the whole row" }}: {{ reason }}{{ " and " ~ (reasons - 1)|many("other reason") if reasons > 1 }} (see: SELECT * FROM quarantine)
SELECT account, feed, path, max(reason) AS reason, count(DISTINCT reason) AS reasons, count(DISTINCT raw_sha256) AS rows, max(observed_at) AS last_observed
FROM quarantine
GROUP BY account, feed, path
ORDER BY account, rows DESC, feed NULLS LAST, path
