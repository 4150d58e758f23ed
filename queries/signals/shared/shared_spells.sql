-- title: Clicks by entity, address, offer and ten minutes
-- about: Of the clicks from addresses that are not shared by nature: those whose address clicked the same offer in the same ten
-- about: minutes through another entity as well.
SELECT account, entity, sum(clicks) AS n, COALESCE(sum(clicks) FILTER (WHERE entities BETWEEN 2 AND 5), 0) AS x
FROM (
    SELECT account, entity, clicks, count(*) OVER (PARTITION BY account, address, offer_id, spell) AS entities
    FROM (
        SELECT
            account,
            entity,
            address,
            offer_id,
            date_bin(INTERVAL '10 minutes', click_time) AS spell,
            count(*) AS clicks
        FROM undeclared_clicks
        WHERE address IS NOT NULL AND NOT is_carrier
        GROUP BY account, entity, address, offer_id, date_bin(INTERVAL '10 minutes', click_time)
    ) AS s
) AS t
GROUP BY account, entity
