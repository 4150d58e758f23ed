-- title: A day with a gap
-- about: Days between the first and the last covered second of a feed that are not covered whole: clicks may be missing there, and
-- about: every rate over them rests on what was landed. --param error_days= of them of a feed are an error.
-- severity: error
-- key: account, feed, day
-- measure: missing_seconds
-- message: {{ feed }} lacks {{ missing_seconds|duration }} of {{ day }} (see: fetcher status; fetcher pull fills it)
-- param: error_days bigint = 3    from so many days of a feed on they are errors
WITH whole AS (
    SELECT
        account,
        feed,
        date,
        date_part('epoch', from_time) AS from_second,
        date_part('epoch', to_time) AS to_second
    FROM coverage
    WHERE cardinality(filters) = 0 AND NOT saturated
),
known AS (
    SELECT account, feed, min(date) AS first_day, max(date) AS last_day, min(from_second) AS first_second, max(to_second) AS last_second
    FROM whole
    GROUP BY account, feed
),
days AS (
    SELECT account, feed, first_second, last_second, unnest(generate_series(first_day, last_day, INTERVAL '1 day')) AS day
    FROM known
),
found AS (
    SELECT account, feed, date, sum(to_second - from_second + 1) AS seconds
    FROM whole
    GROUP BY account, feed, date
),
missing AS (
    SELECT
        d.account,
        d.feed,
        CAST(d.day AS DATE) AS day,
        CAST(
            least(date_part('epoch', d.day) + 86399, d.last_second) - greatest(date_part('epoch', d.day), d.first_second) + 1
                - COALESCE(f.seconds, 0)
            AS BIGINT
        ) AS missing_seconds
    FROM days AS d
    LEFT JOIN found AS f ON d.account = f.account AND d.feed = f.feed AND CAST(d.day AS DATE) = f.date
)
SELECT
    account,
    feed,
    day,
    missing_seconds,
    CASE WHEN count(*) OVER (PARTITION BY account, feed) >= $error_days THEN 'error' ELSE 'warn' END AS severity
FROM missing
WHERE missing_seconds > 0
    AND date_part('epoch', day) + 86399 >= date_part('epoch', $from) AND date_part('epoch', day) <= date_part('epoch', $to)
ORDER BY account, feed, day
