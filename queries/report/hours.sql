-- title: Clicks by weekday and hour
-- about: Clicks as landed, by hour and weekday of the time zone asked for; weekday 1 is Monday, 7 is Sunday.
WITH local AS (
    SELECT
        account,
        (date_part('dow', local_date(click_time, $timezone)) + 6) % 7 + 1 AS weekday,
        local_hour(click_time, $timezone) AS hour,
        error_code
    FROM clicks
    WHERE click_time BETWEEN $from AND $to
)
SELECT account, weekday, hour, count(*) AS clicks, count(*) FILTER (WHERE error_code <> 0) AS invalid_clicks
FROM local
GROUP BY account, weekday, hour
ORDER BY account, weekday, hour
