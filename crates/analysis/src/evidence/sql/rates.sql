-- How often a reason holds, by entity and day: x of n clicks that have a denominator; hits counts those without, too.
SELECT
    {id} AS id,
    local_date(click_time, $timezone) AS day,
    count(is_hit) FILTER (WHERE basis IS NOT NULL) AS n,
    count(*) FILTER (WHERE is_hit AND basis IS NOT NULL) AS x,
    count(*) FILTER (WHERE is_hit) AS hits
FROM {reason}
WHERE account = $account
GROUP BY {id}, local_date(click_time, $timezone)
ORDER BY {id} NULLS LAST, day
