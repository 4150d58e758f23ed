-- title: A gap that Everflow will soon have forgotten
-- about: Days since a feed was first fetched that are not covered whole, those after its last covered second among them, and of
-- about: which Everflow forgets the raw clicks within --param warn_days=; after that nobody can get them. It keeps them for three
-- about: months. An error for the last --param error_days=.
-- severity: error
-- key: account, feed, day
-- measure: days_gone
-- message: {{ feed }} lacks {{ missing_seconds|duration }} of {{ day }}, which Everflow forgets in {{ days_left|many("day") }}: pull it now
-- param: now timestamp = null    the time of the run, unless given
-- param: retention_days bigint = 90    how long Everflow keeps raw clicks: three months, of at least 90 days
-- param: warn_days bigint = 14    how early to warn
-- param: error_days bigint = 5    from when on it is an error
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
    SELECT account, feed, min(date) AS first_day, min(from_second) AS first_second
    FROM whole
    GROUP BY account, feed
),
days AS (
    SELECT account, feed, first_second, unnest(generate_series(first_day, CAST($now AS DATE), INTERVAL '1 day')) AS day
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
            least(date_part('epoch', d.day) + 86399, date_part('epoch', $now)) - greatest(date_part('epoch', d.day), d.first_second) + 1
                - COALESCE(f.seconds, 0)
            AS BIGINT
        ) AS missing_seconds
    FROM days AS d
    LEFT JOIN found AS f ON d.account = f.account AND d.feed = f.feed AND CAST(d.day AS DATE) = f.date
),
aged AS (
    SELECT *, CAST(floor((date_part('epoch', $now) - date_part('epoch', day)) / 86400) AS BIGINT) AS days_gone
    FROM missing
    WHERE missing_seconds > 0
)
SELECT
    account,
    feed,
    day,
    missing_seconds,
    days_gone,
    $retention_days - days_gone AS days_left,
    CASE WHEN $retention_days - days_gone <= $error_days THEN 'error' ELSE 'warn' END AS severity
FROM aged
WHERE $retention_days - days_gone BETWEEN 0 AND $warn_days
ORDER BY account, feed, day
