-- title: Three groups of like devices
-- about: Share of clicks of the three largest groups with the same network (/24, of IPv6 /48) and user agent. Carriers and data
-- about: centres do not count.
-- family: device
-- kind: shape
-- min_exposure: 50
-- reason: three groups of like devices on one network each make {observed_percent} of the clicks, where {expected_percent} is usual at this volume
-- drill: concat(ip_prefix(user_ip, 24, 48), ' ', http_user_agent) IN (SELECT concat(ip_prefix(user_ip, 24, 48), ' ', http_user_agent) FROM clicks WHERE {own} AND carrier_name IS NULL GROUP BY 1 ORDER BY count(*) DESC LIMIT 3)
SELECT
    account,
    entity,
    sum(clicks) AS n,
    CAST(sum(clicks) FILTER (WHERE place <= 3) AS DOUBLE) / sum(clicks) AS value
FROM (
    SELECT
        account,
        entity,
        sum(clicks) AS clicks,
        row_number() OVER (PARTITION BY account, entity ORDER BY sum(clicks) DESC) AS place
    FROM visitors
    WHERE NOT is_carrier AND agent IS NOT NULL
    GROUP BY account, entity, network, agent
) AS k
GROUP BY account, entity
