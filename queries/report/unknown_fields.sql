-- title: Fields without a column
-- about: What Everflow sends and the lake has no column for, kept in extra: by account and path.
WITH named AS (
    SELECT account, unnest(json_keys(extra)) AS path, click_time
    FROM clicks
    WHERE click_time BETWEEN $from AND $to AND extra IS NOT NULL
)
SELECT account, path, count(*) AS clicks, min(click_time) AS first_time, max(click_time) AS last_time
FROM named
GROUP BY account, path
ORDER BY account, clicks DESC, path
