-- title: Fields that Everflow sends and the lake has no column for
-- about: They are kept in the column extra. One that is new may be worth a column, or mean that another moved.
-- severity: warn
-- key: account, path
-- message: Everflow sends the field {{ path|short(120) }}, which the lake has no column for: {{ clicks|many("click") }} since {{ first_time|clock }}, kept in extra
WITH named AS (
    SELECT account, unnest(json_keys(extra)) AS path, click_time
    FROM clicks
    WHERE click_time BETWEEN $from AND $to AND extra IS NOT NULL
)
SELECT account, path, count(*) AS clicks, min(click_time) AS first_time
FROM named
GROUP BY account, path
ORDER BY account, clicks DESC, path
