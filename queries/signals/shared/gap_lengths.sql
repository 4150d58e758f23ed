-- title: How often each gap between two clicks of one source comes
-- about: Gaps of 3 seconds to 10 minutes between clicks of an entity with the same sub1.
SELECT account, entity, gap, count(*) AS times
FROM (
    SELECT
        account,
        entity,
        CAST(date_part('epoch', click_time) - lag(date_part('epoch', click_time)) OVER (
            PARTITION BY account, entity, sub1 ORDER BY click_time, transaction_id
        ) AS BIGINT) AS gap
    FROM undeclared_clicks
) AS g
WHERE gap BETWEEN 3 AND 600
GROUP BY account, entity, gap
