-- title: Different user agents on one network
-- about: Of ten thousand pairs of clicks, those on the same network (/24, of IPv6 /48) with different user agents, and the square root
-- about: of it, for it is a count: the same at every volume. Sees machines behind masked addresses as well. Carriers and data centres do
-- about: not count.
-- family: device
-- kind: shape
-- min_exposure: 100
-- reason: many different user agents share its networks: index {observed} (root of such pairs of clicks in ten thousand), where {expected} is usual at this volume
-- drill: ip_prefix(user_ip, 24, 48) IN (SELECT ip_prefix(user_ip, 24, 48) FROM clicks WHERE {own} AND carrier_name IS NULL GROUP BY 1 HAVING count(DISTINCT http_user_agent) > 3)
SELECT
    account,
    entity,
    sum(clicks) AS n,
    100 * sqrt(CAST(sum(clicks * clicks - same) AS DOUBLE) / (sum(clicks) * (sum(clicks) - 1))) AS value
FROM (
    SELECT account, entity, network, sum(clicks) AS clicks, sum(clicks * clicks) AS same
    FROM (
        SELECT account, entity, network, agent, sum(clicks) AS clicks
        FROM visitors
        WHERE NOT is_carrier
        GROUP BY account, entity, network, agent
    ) AS a
    GROUP BY account, entity, network
) AS k
GROUP BY account, entity
HAVING sum(clicks) > 1
